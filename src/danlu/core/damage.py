"""After a crash: whether a project's own files are why.

A project's artifact is checked against its content hash when it is made and by `danlu why`, not at every use: reading
gigabytes again would cost each command seconds. So what reads an artifact may meet anything, and only then is it worth a
look. A folder that a stand-alone command is given came from anywhere, and is checked first: a part that was not copied
would else be so many documents lost in silence. That costs a second for each gigabyte or two.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from danlu.core.artifacts import MANIFEST, Artifact
from danlu.core.errors import DanluError, UserError
from danlu.core.project import find_project
from danlu.core.stages import Plan
from danlu.core.store import open_artifact


def check_given(plan: Plan) -> None:
    """Raises UserError when an artifact that a plan is given from outside is not what its manifest says. Reads all of it."""
    check_intact([input for step in plan.ids for input in step.inputs.values() if isinstance(input, Artifact)])


def check_intact(artifacts: Iterable[Artifact]) -> None:
    """Raises UserError that names the first artifact that is not what its manifest says. Reads all of them."""
    for folder in sorted({artifact.path for artifact in artifacts}):
        damage = damage_of(folder)
        if damage is not None:
            raise damage


def damage_among(arguments: Sequence[str]) -> UserError | None:
    """The error that names the first damaged artifact among a command's arguments, or None when all are intact."""
    folders = [Path(argument) for argument in arguments if os.path.isfile(os.path.join(argument, MANIFEST))]  # noqa: PTH113, PTH118 (any argument, too long or with a null byte, is no folder and no error)
    return next((damage for damage in map(damage_of, folders) if damage is not None), None)


def damage_of_project(start: Path) -> UserError | None:
    """The error that names the first damaged artifact of the project around `start`, or None when all are intact."""
    try:
        artifacts = find_project(start).artifacts
    except DanluError:
        return None
    found = (damage_of(manifest.parent) for manifest in sorted(artifacts.glob(f"*/*/{MANIFEST}")))
    return next((damage for damage in found if damage is not None), None)


def damage_of(folder: Path) -> UserError | None:
    """The error that says that the artifact in `folder` is not what it was, or None when it is. Reads all of it."""
    try:
        artifact: Artifact = open_artifact(folder)
        intact = artifact.content_is_intact()
    except (DanluError, OSError):
        intact = False
    if intact:
        return None
    return UserError(
        "{folder} is not as it was made: files in it changed, or are gone",
        "Delete the folder and make it again: by `danlu run` in a project, else by the command that wrote it.",
        folder=folder,
    )
