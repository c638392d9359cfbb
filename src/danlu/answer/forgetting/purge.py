"""Delete what used a forgotten document. Artifacts are written once and else never deleted by danlu: here the user orders it.

The folder goes with its manifest, since a manifest without its content would be taken for a finished artifact and never be made again; the
record keeps id, kind and content hash of each, so that `danlu why` can say what an old answer stood on.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from danlu.answer.forgetting import forgotten_record
from danlu.answer.forgetting.forgotten_record import Record
from danlu.answer.forgetting.standing import finished, ordering
from danlu.answer.state import State
from danlu.answer.uses.sought import any_of, sought_by
from danlu.answer.uses.tainted import uses_in
from danlu.answer.uses.use import Use
from danlu.core.artifacts import MANIFEST
from danlu.core.errors import UserError
from danlu.core.project import Project
from danlu.core.store import SCRATCH, Store, sync


def purge(project: Project, by: str, at: str) -> tuple[Record | None, list[Use]]:
    """Delete every artifact with more of a forgotten document than its name; returns the record, None when there was none.

    The record is written first: a kill in between leaves artifacts that the next purge deletes. Raises UserError while the
    current release is among them, and for an order that was cut off. The caller holds the project's writer lock.
    """
    state, store = State.of(project), Store(project.artifacts)
    forgotten = finished(state.folder).ordered
    _sweep(store, purged_in(state.folder))
    sought = any_of(map(sought_by, forgotten.documents))
    tainted = [use for use in uses_in(store, sought) if use.is_tainted]
    if not tainted:
        return None, []
    _check_current(state, tainted)
    facts = [
        {"id": one.id, "stage": one.stage, "kind": one.kind, "content_hash": one.content_hash}
        for one in (use.artifact.manifest for use in tainted)
    ]
    orders = sorted({entry.record for entry in forgotten.documents})
    body = {"action": "purged", "at": at, "by": by, "about": orders[-1], "orders": orders, "artifacts": facts}
    with ordering(state.folder):
        finished(state.folder)  # somebody may have hidden another document meanwhile
        record = forgotten_record.append(state.folder, body)
    _delete([use.artifact.path for use in reversed(tainted)])
    return record, tainted


def _check_current(state: State, tainted: Sequence[Use]) -> None:
    if state.has_release() and state.current() in {use.artifact.id for use in tainted}:
        raise UserError(
            "The current release {id} used a forgotten document, and nothing is deleted that is still served",
            "First make one without it: danlu forget --rebuild",
            id=state.current(),
        )


def _delete(folders: Sequence[Path]) -> None:
    """The manifest first, and on the disk: what a kill leaves is no artifact, and the next purge takes it."""
    for folder in folders:
        (folder / MANIFEST).unlink()
        sync(folder)
        shutil.rmtree(folder)


def _sweep(store: Store, purged: Mapping[str, Record]) -> None:
    """What a purge that was cut off left: folders without a manifest, in which nobody is at work either."""
    for folder in store.root.glob("*/*"):
        if folder.name in purged and not (folder / MANIFEST).exists() and not (folder / SCRATCH).exists():
            shutil.rmtree(folder)


def purged_in(state: Path) -> dict[str, Record]:
    """By the id of each artifact that was deleted so: the record that says it."""
    found = (record for record in forgotten_record.records(state) if record.action == "purged")
    return {artifact["id"]: record for record in found for artifact in record.body["artifacts"]}
