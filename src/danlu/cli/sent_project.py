"""A project on its way to another machine: its folder, without what danlu and other programs keep hidden in it, and its artifacts."""

from pathlib import Path

import yaml

from danlu.core.artifacts import MANIFEST
from danlu.core.errors import UserError
from danlu.core.file_trees import FileTree, read_tree
from danlu.core.project import PROJECT_FILE, STATE, Project

ARTIFACTS = f"{STATE}/artifacts"
CURRENT = f"{STATE}/state/current.json"


def project_trees(project: Project) -> dict[Path, FileTree]:
    """The folder, and each finished artifact, so that what is done is not done again there; keys, answers and the like stay.

    Raises UserError when a source, or the base model, lies outside of the folder.
    """
    _check_inside(project)
    folder = project.folder.resolve()
    made = sorted(manifest.parent for manifest in (folder / ARTIFACTS).glob(f"*/*/{MANIFEST}"))
    return {folder: read_tree(folder, hidden=False)} | {path: read_tree(path, hidden=True) for path in made}


def places(project: Project, there: dict[Path, str]) -> list[tuple[str, str]]:
    """Where each of these goes below the job's folder: what it is called there, and its place."""
    folder = project.folder.resolve()
    return [(called, (Path(folder.name) / path.relative_to(folder)).as_posix()) for path, called in there.items()]


def _check_inside(project: Project) -> None:
    said = yaml.safe_load((project.folder / PROJECT_FILE).read_text(encoding="utf-8"))
    base = project.base.removeprefix("path:") if project.base.startswith("path:") else "."
    for text in (*(source["path"] for source in said["sources"]), base):
        path = Path(text).expanduser()
        if path.is_absolute() or not (project.folder / path).resolve().is_relative_to(project.folder.resolve()):
            raise UserError(
                "{path} lies outside of the project, or is named by an absolute path: it would not be found there",
                "Put it into {folder}, and name it in {file} as seen from there.",
                path=text,
                folder=project.folder,
                file=PROJECT_FILE,
            )
