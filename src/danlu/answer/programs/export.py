"""Export: the passages and vectors of a project, as some principals may see them, or of an index folder, for FAISS."""

from contextlib import closing
from pathlib import Path

from danlu.answer.index.live import open_live
from danlu.answer.state import State, parts_of
from danlu.core.artifacts import Index, Release
from danlu.core.damage import check_intact
from danlu.core.errors import UserError
from danlu.core.forgotten import ForgottenWatch
from danlu.core.project import PROJECT_FILE, STATE, Project
from danlu.core.store import Store, open_artifact
from danlu.retrieve.export.faiss_export import Exported, export_faiss
from danlu.retrieve.index import opened


def export_project(project: Project, principals: frozenset[str], out: Path) -> Exported:
    """Export the live index of the current release; without principals only what everyone may see.

    Raises UserError without a release, and as export_faiss does.
    """
    state, store = State.of(project), Store(project.artifacts)
    release = open_artifact(store.root / "release" / state.current(), Release)
    index = parts_of(store, release)["index"]
    assert isinstance(index, Index)
    forgotten = ForgottenWatch(state.folder)
    with closing(open_live(project, index)) as live, live.reading(principals) as view:
        origin = {
            "project": project.name,
            "release": release.id,
            "index": index.id,
            "generation": view.generation,
            "principals": sorted(principals),
        }
        return export_faiss(
            view, index.encoder, out, origin, lambda source, doc_id: forgotten.now().find(source, doc_id) is not None
        )


def export_artifact(folder: Path, out: Path) -> Exported:
    """Export an index folder that `danlu index` wrote: all of it, since an artifact knows no access.

    Raises UserError for one inside a project, where access and forgotten documents count, and as export_faiss does.
    """
    index = open_artifact(folder, Index)
    _check_stands_alone(index.path)
    check_intact([index])
    origin = {"index": index.id, "index_content_hash": index.manifest.content_hash}
    with opened(index.database) as view:
        return export_faiss(view, index.encoder, out, origin, lambda source, doc_id: False)


def _check_stands_alone(folder: Path) -> None:
    for parent in folder.resolve().parents:
        if (parent / PROJECT_FILE).is_file() and folder.resolve().is_relative_to(parent / STATE):
            raise UserError(
                "{folder} belongs to the project {project}: as it lies there it knows neither access nor what was forgotten",
                "Stand in the project and leave --index out: danlu export OUT",
                folder=folder,
                project=parent,
            )
