import os
from pathlib import Path

import pytest

from danlu.core.machine import free_bytes, read_hardware, resident_bytes

MEMINFO = "MemTotal:       16000000 kB\nMemFree: 1 kB\nMemAvailable:   8000000 kB\n"
CPUINFO = "processor : 0\nmodel name : Made Up 9000\nflags : fpu avx2 avx512f avx512_bf16\n"


def root_of(folder: Path, groups: str, **files: str) -> Path:
    """A made-up /proc and /sys."""
    texts = {"proc/meminfo": MEMINFO, "proc/cpuinfo": CPUINFO, "proc/self/cgroup": groups, **files}
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_this_machine_is_read():
    here = read_hardware(Path())
    assert 0 < here.available_bytes <= here.usable_memory_bytes <= here.memory_bytes
    assert 1 <= here.threads <= here.usable_cores <= here.cores
    assert here.disk_free_bytes > 0
    assert 10 * 2**20 < resident_bytes() < here.memory_bytes


def test_without_a_container_the_machine_is_what_it_says(tmp_path):
    here = read_hardware(tmp_path, root_of(tmp_path, "0::/\n"))
    assert (here.memory_bytes, here.memory_limit_bytes) == (16_000_000 * 1024, None)
    assert here.available_bytes == 8_000_000 * 1024
    assert here.processor == "Made Up 9000" and here.bfloat16
    assert here.usable_cores == len(os.sched_getaffinity(0))


def test_the_limits_of_a_container_hold_by_cgroup_2(tmp_path):
    group = "sys/fs/cgroup/pod/one"
    files = {
        f"{group}/memory.max": "max\n", f"{group}/cpu.max": "50000 100000\n",
        "sys/fs/cgroup/pod/memory.max": "2147483648\n", "sys/fs/cgroup/pod/memory.current": "1073741824\n",
    }  # fmt: skip
    here = read_hardware(tmp_path, root_of(tmp_path, "0::/pod/one\n", **files))
    assert here.memory_limit_bytes == here.usable_memory_bytes == 2 * 2**30
    assert here.available_bytes == 2**30
    assert here.usable_cores == 0.5 and here.threads == 1


def test_the_limits_of_a_container_hold_by_cgroup_1(tmp_path):
    files = {
        "sys/fs/cgroup/memory/pod/memory.limit_in_bytes": "1073741824\n",
        "sys/fs/cgroup/memory/pod/memory.usage_in_bytes": "73741824\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    }  # fmt: skip
    here = read_hardware(tmp_path, root_of(tmp_path, "4:memory:/pod\n1:cpu:/\n", **files))
    assert here.memory_limit_bytes == 2**30 and here.available_bytes == 10**9
    assert here.usable_cores == len(os.sched_getaffinity(0))


def test_graphics_processors_are_those_that_the_driver_lists(tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text(
        "#!/bin/sh\necho 'NVIDIA H200, 143771, 143000, 580.95.05'\necho 'NVIDIA T4, [N/A], [N/A], 580'\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    [gpu] = read_hardware(tmp_path).gpus
    assert (gpu.name, gpu.memory_bytes, gpu.driver) == ("NVIDIA H200", 143_771 * 2**20, "580.95.05")


def test_bfloat16_is_told_as_torch_tells_it():
    pytest.importorskip("torch")
    from danlu.model.loading import pays_bfloat16

    assert read_hardware(Path()).bfloat16 == pays_bfloat16()


def test_the_disk_of_a_folder_that_is_not_there_yet_is_that_of_its_parent(tmp_path):
    assert free_bytes(tmp_path / "a" / "b") == pytest.approx(free_bytes(tmp_path), rel=0.01)
