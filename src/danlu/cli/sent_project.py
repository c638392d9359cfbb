"""A project on its way to another machine: its folder, without what danlu and other programs keep hidden in it, and its artifacts."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from danlu.cli.given import check_stage, parsed_settings
from danlu.cli.main import parser
from danlu.cli.sent_licences import check_licences
from danlu.cli.speech import Speech
from danlu.core.artifacts import MANIFEST
from danlu.core.errors import UserError
from danlu.core.file_trees import FileTree, read_tree
from danlu.core.forgotten import FILE
from danlu.core.project import PROJECT_FILE, STATE, Project
from danlu.core.stages import Step
from danlu.core.store import Store
from danlu.recipes import plan_of

ARTIFACTS = f"{STATE}/artifacts"
CURRENT = f"{STATE}/state/current.json"
FORGOTTEN = f"{STATE}/state/{FILE}"


def project_trees(project: Project, typed: Sequence[str], say: Speech) -> dict[Path, FileTree]:
    """The folder, what the run finds done here, so that it is not done again there, and the list of what is forgotten; keys, answers and the like stay.

    Raises UserError when a source, or the base model, lies outside of the folder or is hidden in it.
    """
    for source in project.sources:
        check_licences(source.path, source.licence, project.folder)
    _check_inside(project)
    folder = project.folder.resolve()
    made = sorted(manifest.parent for manifest in (folder / ARTIFACTS).glob(f"*/*/{MANIFEST}"))
    if (planned := planned_here(project, typed, say)) is not None:
        wanted = {Store(project.artifacts).folder(step, id).resolve() for step, id in planned}
        made = [path for path in made if path.resolve() in wanted]
    made += [folder / FORGOTTEN] if (folder / FORGOTTEN).is_file() else []  # what is forgotten here is not read there
    return {folder: read_tree(folder, hidden=False, environments=False)} | {
        path: read_tree(path, hidden=True) for path in made
    }


def planned_here(project: Project, typed: Sequence[str], say: Speech) -> list[tuple[Step[Any], str]] | None:
    """The steps of a `run` with their ids as this machine would have them; None where a base model that is only there decides.

    Raises UserError when the stage that it is to end with is none of them.
    """
    options = parser(say).parse_args(typed)
    try:
        ids = list(plan_of(replace(project, settings=project.settings | parsed_settings(options.set))).ids.items())
    except UserError:  # `danlu plan` says so
        return None
    stages = [step.stage.name for step, _ in ids]
    check_stage(options.until, stages)
    return ids[: stages.index(options.until) + 1] if options.until else ids


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
        if any(part.startswith(".") and part != ".." for part in path.parts):
            raise UserError(
                "{path} is hidden: what is hidden in a project is not sent",
                "Give it a name without a dot at its start, and write that into {file}.",
                path=text,
                file=PROJECT_FILE,
            )
