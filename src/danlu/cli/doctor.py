"""doctor: what this machine can run, what is missing, and the command that mends it.

Nothing heavy is imported: torch is read from its files, and asked in a process of its own only where there is a graphics processor.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from danlu.cli.doctor_page import print_findings
from danlu.cli.speech import Speech
from danlu.core.errors import Phrase
from danlu.core.extras import TorchBuild, read_extras, read_torch_build
from danlu.core.machine import Hardware, read_hardware
from danlu.core.reach import Reach, reach
from danlu.model.hub_access import endpoints
from danlu.recipes.jobs import typical_jobs

_PROGRAMS = (
    ("nvidia-smi", Phrase("lists NVIDIA graphics processors; comes with their driver")),
    ("cc", Phrase("compiles kernels for torch.compile; training on a CPU does without")),
    ("ssh", Phrase("reaches the machines that danlu submit sends to")),
)
"""System programs that danlu calls or that torch calls for it. Nothing else is called: documents are read by packages."""
_ASK_TORCH = "import torch; print(torch.cuda.is_available())"
_ASK_TORCH_S = 60


def doctor(options: Namespace, say: Speech) -> None:
    """Look at the machine, the packages and, with --online, the hubs; print what was found and what to do."""
    found = findings(Path.cwd(), is_online=options.online)
    if options.json:
        print(json.dumps(_plain(found), indent=2, ensure_ascii=False))
    else:
        print_findings(found, say)


def findings(folder: Path, is_online: bool) -> dict[str, Any]:
    """Everything that is known of this machine, as the page prints it; texts are phrases."""
    hardware, build = read_hardware(folder), read_torch_build()
    threads = _threads(hardware)
    sees_gpu = _sees_gpu(build) if hardware.gpus else None
    extras = [
        {"extra": extra.name, "unmet": [asdict(need) for need in extra.unmet], "command": _install(extra.name)}
        for extra in read_extras()
    ]
    jobs = [
        {
            "job": job.name, "extra": job.extra, "memory_bytes": job.memory_bytes, "gpu_bytes": job.gpu_bytes,
            "verdict": job.verdict(hardware),
        }
        for job in typical_jobs(hardware)
    ]  # fmt: skip
    return {
        "machine": asdict(hardware),
        "python": platform.python_version(),
        "torch": None if build is None else asdict(build) | {"sees_gpu": sees_gpu},
        "threads": threads,
        "extras": extras,
        "programs": [{"program": name, "path": shutil.which(name), "for": meaning} for name, meaning in _PROGRAMS],
        "hubs": [asdict(answer) for answer in _hubs()] if is_online else None,
        "jobs": jobs,
        "advice": _advice(hardware, build, sees_gpu, threads),
    }


def _threads(hardware: Hardware) -> dict[str, Any]:
    stated = os.environ.get("OMP_NUM_THREADS", "")
    return {
        "cores": hardware.cores, "usable_cores": hardware.usable_cores, "useful_threads": hardware.threads,
        "OMP_NUM_THREADS": stated or None, "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY"),
    }  # fmt: skip


def _hubs() -> list[Reach]:
    """The addresses that `danlu fetch` asks: mirrors are named by the variables of the hubs' own clients."""
    named = endpoints(os.environ)
    return reach({"Hugging Face": named["hf"], "ModelScope": named["ms"]})


def _sees_gpu(build: TorchBuild | None) -> bool:
    """Whether torch can use the graphics processor that the machine has."""
    if build is None or build.accelerator == "cpu":
        return False
    try:
        asked = subprocess.run(
            [sys.executable, "-c", _ASK_TORCH], capture_output=True, text=True, check=False, timeout=_ASK_TORCH_S
        )
    except subprocess.TimeoutExpired:
        return False
    return asked.stdout.strip() == "True"


def _advice(
    hardware: Hardware, build: TorchBuild | None, sees_gpu: bool | None, threads: dict[str, Any]
) -> list[dict[str, Any]]:
    """What is wrong, and the command that mends it."""
    advice: list[tuple[Phrase, str]] = []
    if hardware.gpus and build is not None and build.accelerator == "cpu":
        advice.append(
            (
                Phrase("there is a graphics processor, and torch is built for CPUs alone"),
                f"{_pip()} install --upgrade --force-reinstall torch",
            )
        )
    elif hardware.gpus and build is not None and not sees_gpu:
        advice.append((Phrase("torch does not see the graphics processor: its driver may be too old"), "nvidia-smi"))
    return [{"problem": problem, "command": command} for problem, command in advice + _thread_advice(hardware, threads)]


def _thread_advice(hardware: Hardware, threads: dict[str, Any]) -> list[tuple[Phrase, str]]:
    advice: list[tuple[Phrase, str]] = []
    stated = threads["OMP_NUM_THREADS"]
    if stated and stated.isdigit() and int(stated) != hardware.threads:
        advice.append(
            (
                Phrase(
                    "OMP_NUM_THREADS is {stated}, and {useful} threads find a core each",
                    stated=stated,
                    useful=hardware.threads,
                ),
                f"export OMP_NUM_THREADS={hardware.threads}",
            )
        )
    elif not stated and hardware.threads < hardware.cores:
        advice.append(
            (
                Phrase(
                    "the container leaves {usable:g} of {cores} cores: programs that count cores start too many threads",
                    usable=hardware.usable_cores,
                    cores=hardware.cores,
                ),
                f"export OMP_NUM_THREADS={hardware.threads}",
            )
        )
    if threads["OMP_WAIT_POLICY"] not in (None, "PASSIVE"):
        advice.append(
            (Phrase("threads that wait by spinning take the cores from other programs"), "unset OMP_WAIT_POLICY")
        )
    return advice


def _install(extra: str) -> str:
    return f"{_pip()} install 'danlu[{extra}]'"


def _pip() -> str:
    """The pip of the Python that runs danlu, which need not be the first on the path."""
    is_first = shutil.which("python") == sys.executable
    return "python -m pip" if is_first else f"{sys.executable} -m pip"


def _plain(value: Any) -> Any:
    """With phrases in English, for JSON."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, Phrase) else value
