"""danlu's extras: which packages each needs, as the metadata of danlu itself says, and which of them are missing or too old.

A requirement follows PEP 508; of versions only lower bounds are read, which are all that danlu states.
"""

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, requires
from importlib.metadata import version as package_version
from pathlib import Path

_NEED = re.compile(r"^([\w.-]+)(?:\[[^\]]*\])?\s*(?:>=\s*([\w.]+))?[^;]*;.*\bextra\s*==\s*['\"]([\w.-]+)['\"]")
_ASSIGNED = re.compile(r"^(\w+)(?::[^=]+)?\s*=\s*(None|'[^']*')$", re.MULTILINE)


@dataclass(frozen=True)
class Need:
    """One package that an extra needs."""

    package: str
    least: str
    """Lowest version that serves; empty when any does."""
    installed: str
    """Empty when it is missing."""

    @property
    def is_met(self) -> bool:
        """Installed, and new enough."""
        return bool(self.installed) and _numbers(self.installed) >= _numbers(self.least)


@dataclass(frozen=True)
class Extra:
    """What `pip install 'danlu[NAME]'` brings."""

    name: str
    needs: tuple[Need, ...]

    @property
    def unmet(self) -> tuple[Need, ...]:
        """What is missing or too old."""
        return tuple(need for need in self.needs if not need.is_met)


def read_extras(package: str = "danlu") -> list[Extra]:
    """Every extra by name; empty where danlu runs from its source without having been installed."""
    try:
        stated = requires(package) or []
    except PackageNotFoundError:
        return []
    by_name: dict[str, list[Need]] = {}
    for found in filter(None, map(_NEED.match, stated)):
        name, least, extra = found[1], found[2] or "", found[3]
        by_name.setdefault(extra, []).append(Need(name, least, installed_version(name)))
    return [Extra(name, tuple(needs)) for name, needs in sorted(by_name.items())]


def installed_version(package: str) -> str:
    """The version of an installed package; empty when there is none."""
    try:
        return package_version(package)
    except PackageNotFoundError:
        return ""


@dataclass(frozen=True)
class TorchBuild:
    """Which torch is installed."""

    version: str
    accelerator: str
    """`cpu`, `cuda 13.0`, `rocm 7.1`: what it was built for."""


def read_torch_build() -> TorchBuild | None:
    """Read from torch's own version file: importing torch takes two seconds. None when it is not installed."""
    try:
        path = Path(str(distribution("torch").locate_file("torch/version.py")))
        said = dict(_ASSIGNED.findall(path.read_text(encoding="utf-8")))
    except (PackageNotFoundError, OSError):
        return None
    kinds = [(name, said.get(key, "None")) for name, key in (("cuda", "cuda"), ("rocm", "hip"), ("xpu", "xpu"))]
    built = next((f"{name} {version.strip(chr(39))}" for name, version in kinds if version != "None"), "cpu")
    return TorchBuild(said.get("__version__", "").strip("'"), built)


def _numbers(version: str) -> tuple[int, ...]:
    """The release part of a version (PEP 440) without trailing zeros, so that 5 equals 5.0."""
    release = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in release[0].split(".")] if release else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
