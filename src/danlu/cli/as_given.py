"""Messages name what a user named: the copies that a stand-alone command works on are gone when it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from danlu.core.errors import DanluError
from danlu.core.execute import Place
from danlu.core.outside import DataFile
from danlu.core.stages import Plan, Step
from danlu.model.base_model import BaseFiles


@contextmanager
def naming_as_given(plan: Plan, place: Place) -> Iterator[None]:
    """Put the user's own names into the values of an error that comes through."""
    try:
        yield
    except DanluError as error:
        copies = {place.folder(step, id): name for step, id in plan.ids.items() if (name := _given(step))}
        error.values = {key: _named(value, copies) for key, value in error.values.items()}
        raise


def _given(step: Step[Any]) -> str:
    """What a step copies, by the user's name for it; empty when it makes something else."""
    match list(step.inputs.values()):
        case [DataFile() as file]:
            return str(file.path)
        case [BaseFiles() as files]:
            return files.spec.removeprefix("path:")
    return ""


def _named(value: object, copies: dict[Path, str]) -> object:
    """A path below a copy by the user's name: a data file's whatever its copy is called, a checkpoint's file by its own."""
    if not isinstance(value, Path):
        return value
    for folder, name in copies.items():
        if value == folder or folder in value.parents:
            return name if value == folder or value.suffix == ".jsonl" else f"{name}/{value.relative_to(folder)}"
    return value
