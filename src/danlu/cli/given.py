"""What the options that many commands share were given: settings, and the paths that are read."""

import getpass
import os
import platform
import re
import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from danlu.core.artifacts import MANIFEST
from danlu.core.errors import UserError
from danlu.core.store import SCRATCH
from danlu.recipes.settings import Settings

_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+")
"""1e-4, which YAML 1.1 takes for text since it has no point."""


def parsed_settings(pairs: Sequence[str]) -> dict[str, Any]:
    """The `--set K=V` options: values are read as YAML, so that numbers are numbers."""
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UserError("--set {pair}: expected KEY=VALUE", "For example: --set clean.rules=web", pair=pair)
        try:
            settings[key] = float(value) if _SCIENTIFIC.fullmatch(value) else yaml.safe_load(value)
        except yaml.YAMLError:
            raise UserError("--set {pair}: the value is not valid YAML", "Put it in quotes.", pair=pair) from None
    return settings


def settings_of(options: Namespace, by_option: Mapping[str, Any] | None = None) -> Settings:
    """The settings of a command: those of --set, and above them what options of its own say."""
    return Settings({**parsed_settings(options.set), **(by_option or {})})


def inputs_of(options: Namespace) -> list[Path]:
    """What a command reads; raises UserError when --out lies inside one of the paths."""
    return outside_of(options.paths, Path(options.out))


def check_stage(name: str | None, stages: Sequence[str]) -> None:
    """Raises UserError when a stage that is named is none of a plan's."""
    if name and name not in stages:
        raise UserError("No stage is called {stage}", "The stages are: {stages}.", stage=name, stages=", ".join(stages))


def outside_of(paths: Sequence[str | Path], out: Path) -> list[Path]:
    """The paths; raises UserError when what is written would lie inside what is read, or cannot be written."""
    for path in paths:
        if out.resolve().is_relative_to(Path(path).resolve()):
            raise UserError(
                "{out} lies inside {path}, which is read", "Name a folder elsewhere after --out.", out=out, path=path
            )
    check_writable(out)
    return [Path(path) for path in paths]


def check_writable(out: Path) -> None:
    """Raises UserError when nothing can be written to `out`, or something else stands there: before minutes of work, not behind them."""
    if out.exists() and not (out.is_dir() and (_is_of_danlu(out) or not any(out.iterdir()))):
        raise UserError("{out} holds something else already", "Name a new folder after --out.", out=out)
    missing = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise UserError(
            "{out} cannot be written: {problem}", "Name another folder after --out.", out=out, problem=error.strerror
        ) from None
    finally:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()


def _is_of_danlu(folder: Path) -> bool:
    """Whether it is an artifact or unfinished work; whether it is this run's is told when its plan is known."""
    return (folder / MANIFEST).exists() or (folder / SCRATCH).exists()


def user_here() -> str:
    """Who gives the command, for records: the name of the account and of the machine."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        name = str(os.getuid())
    return f"{name}@{platform.node()}"


def user_cache() -> Path:
    """The folder that is ours in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "danlu"
