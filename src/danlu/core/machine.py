"""What this machine is, read without importing torch: processor, memory, disk, graphics processors, and what a container leaves of them.

A container's limits hold whatever the operating system says of the machine: cgroup v2 `cpu.max` and `memory.max`
(docs.kernel.org/admin-guide/cgroup-v2.html), v1 `cpu.cfs_quota_us` and `memory.limit_in_bytes`.
"""

import os
import platform
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from danlu.core.stages import instruction_set

_BFLOAT16 = ("avx512_bf16", "amx_bf16")
"""Processor flags with which bfloat16 is multiplied in hardware."""
_NO_LIMIT = 1 << 60
"""cgroup v1 writes a number of this size where there is no limit."""
_NVIDIA = ("nvidia-smi", "--query-gpu=name,memory.total,memory.free,driver_version", "--format=csv,noheader,nounits")
_NVIDIA_S = 10
MIB = 2**20


@dataclass(frozen=True)
class Gpu:
    """One graphics processor."""

    name: str
    memory_bytes: int
    free_bytes: int
    driver: str


@dataclass(frozen=True)
class Hardware:
    """What a program may use here. Bytes are bytes; a limit that is None does not exist."""

    system: str
    processor: str
    isa: str
    bfloat16: bool
    """Multiplied in hardware; else emulated, which is slower than float32."""
    cores: int
    """That the operating system has."""
    usable_cores: float
    """That this process may use: its affinity, and the container's quota, which may be a fraction."""
    memory_bytes: int
    memory_limit_bytes: int | None
    """The container's."""
    available_bytes: int
    """That can be taken now without swapping, within the container's limit and this process's own (`ulimit -v`)."""
    disk_free_bytes: int
    gpus: tuple[Gpu, ...]

    @property
    def usable_memory_bytes(self) -> int:
        """The memory of the machine or of the container, whichever is less."""
        return min(self.memory_bytes, self.memory_limit_bytes or self.memory_bytes)

    @property
    def threads(self) -> int:
        """Threads that find a core each: more than the container's quota would be halted by turns."""
        return max(1, int(self.usable_cores))


def read_hardware(folder: Path, root: Path = Path("/")) -> Hardware:
    """Look at this machine; `folder` says whose disk counts, `root` is where /proc and /sys lie."""
    total, available = _memory(root)
    limit, used = _memory_limit(root)
    quota = _core_quota(root)
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    flags = _cpu_field(root, "flags").split()
    return Hardware(
        system=f"{platform.system()} {platform.release()}",
        processor=_cpu_field(root, "model name") or platform.processor() or platform.machine(),
        isa=instruction_set(),
        bfloat16=any(flag in flags for flag in _BFLOAT16),
        cores=os.cpu_count() or 1,
        usable_cores=min(float(affinity), quota or float(affinity)),
        memory_bytes=total,
        memory_limit_bytes=limit if limit is not None and limit < total else None,
        available_bytes=max(0, min(available, _own_room(), available if limit is None else limit - used)),
        disk_free_bytes=free_bytes(folder),
        gpus=_gpus(),
    )


def free_bytes(folder: Path) -> int:
    """Free space for this user on the disk that holds `folder`, or would hold it."""
    here = folder.resolve()
    return shutil.disk_usage(next(path for path in (here, *here.parents) if path.exists())).free


_GIB, _MIB = 2**30, 2**20


def size(count: int) -> str:
    """Bytes in MB, from 1,024 of them in GB."""
    return f"{count / _GIB:.1f} GB" if count >= _GIB else f"{count / _MIB:.0f} MB"


def resident_bytes() -> int:
    """Memory that this process holds now; 0 where the system does not tell."""
    return _status_bytes("VmRSS:")


def _status_bytes(field: str) -> int:
    text = _read(Path("/proc/self/status"))
    return int(text.split(field, 1)[1].split()[0]) * 1024 if field in text else 0


def _own_room() -> int:
    """Of the addresses that this process may have (RLIMIT_AS), those that it has not."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return _NO_LIMIT if limit == resource.RLIM_INFINITY else limit - _status_bytes("VmSize:")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _cpu_field(root: Path, name: str) -> str:
    lines = _read(root / "proc/cpuinfo").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.split(":")[0].strip() == name), "")


def _memory(root: Path) -> tuple[int, int]:
    """All memory and what is available, in bytes."""
    kib = {
        line.split(":")[0]: int(line.split()[1])
        for line in _read(root / "proc/meminfo").splitlines()
        if len(line.split()) > 1
    }
    if "MemTotal" in kib:
        return kib["MemTotal"] * 1024, kib.get("MemAvailable", kib["MemTotal"]) * 1024
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return total, total


def _cgroup_folders(root: Path, controller: str) -> Iterator[Path]:
    """Where the limits of this process may stand: its own group, and those above it, which bind as well."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / (controller if controllers else "")
        group = top / path.lstrip("/")
        yield from (folder for folder in (group, *group.parents) if folder.is_relative_to(top) and folder.is_dir())


def _number(path: Path) -> int | None:
    with suppress(ValueError):
        return int(_read(path))
    return None


def _memory_limit(root: Path) -> tuple[int | None, int]:
    """The tightest limit on memory and what is used of it; None without one."""
    found: list[tuple[int, int]] = []
    for folder in _cgroup_folders(root, "memory"):
        for limit, used in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
            value = _number(folder / limit)
            if value is not None and value < _NO_LIMIT:
                found.append((value, _number(folder / used) or 0))
    return min(found) if found else (None, 0)


def _core_quota(root: Path) -> float | None:
    """Cores' worth of time that the container may use; None without a quota."""
    found = []
    for folder in _cgroup_folders(root, "cpu"):
        both = _read(folder / "cpu.max").split() or [
            _read(folder / "cpu.cfs_quota_us").strip(), _read(folder / "cpu.cfs_period_us").strip()
        ]  # fmt: skip
        if len(both) == 2 and both[0].isdigit() and both[1].isdigit():
            found.append(int(both[0]) / int(both[1]))
    return min(found, default=None)


def _gpus() -> tuple[Gpu, ...]:
    """NVIDIA's, as its own program lists them."""
    if shutil.which(_NVIDIA[0]) is None:
        return ()
    try:
        listed = subprocess.run(_NVIDIA, capture_output=True, text=True, check=True, timeout=_NVIDIA_S).stdout
    except (subprocess.SubprocessError, OSError):
        return ()
    rows = [[cell.strip() for cell in line.split(",")] for line in listed.splitlines()]
    return tuple(
        Gpu(name, int(total) * MIB, int(free) * MIB, driver)
        for name, total, free, driver in (row for row in rows if len(row) == 4)
        if total.isdigit() and free.isdigit()
    )
