"""After a crash: whether a project's own files are why.

An artifact is checked against its content hash when it is made and by `danlu why`, not at every use: reading gigabytes
again would cost each command seconds. So what reads an artifact may meet anything, and only then is it worth a look.
"""

from pathlib import Path

from danlu.core.artifacts import MANIFEST, Artifact
from danlu.core.errors import DanluError, UserError
from danlu.core.project import find_project
from danlu.core.store import open_artifact


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
        "Delete the folder, then `danlu run` makes it again.",
        folder=folder,
    )
