"""Why, asked of a document: where it went. Which artifacts kept it, changed it, rejected it or learnt from it, every hash verified."""

from pathlib import Path
from typing import Any

from danlu.answer.asking.link import CHANGED, FORGOTTEN, INTACT, MISSING, Link
from danlu.answer.state import State
from danlu.answer.uses.catalogue import Catalogue, NamedDocument
from danlu.answer.uses.named_document import find_document
from danlu.answer.uses.tainted import uses_in
from danlu.answer.uses.use import Use
from danlu.core.forgotten import Forgotten
from danlu.core.hashing import hash_file
from danlu.core.project import Project
from danlu.core.store import Store
from danlu.data.lock import printable


def why_document(project: Project, name: str, start: Path) -> list[Link]:
    """The way of a document through the project, from its file to the releases. Raises UserError with the nearest names."""
    document = find_document(Catalogue.of(project), name, start)
    return [_file_link(project, document), *map(_use_link, uses_in(Store(project.artifacts), document.sought))]


def _file_link(project: Project, document: NamedDocument) -> Link:
    """The file now: whether it is what answers are made from, and whether it was ordered to be forgotten."""
    facts: dict[str, Any] = {"sha256": document.sha256, "path": printable(str(document.path)) if document.path else ""}
    entry = Forgotten.of(State.of(project).folder).find(document.source)
    if entry is not None:
        return Link("document", document.source, FORGOTTEN, facts | {"forgotten_at": entry.at, "record": entry.record})
    if document.path is None or not document.path.is_file():
        return Link("document", document.source, MISSING, facts)
    facts |= {"refreshed": True} if document.followed not in ("", document.collected) else {}
    same = hash_file(document.path) == (document.followed or document.collected)
    return Link("document", document.source, INTACT if same else CHANGED, facts)


def _use_link(use: Use) -> Link:
    manifest = use.artifact.manifest
    facts: dict[str, Any] = {"stage": manifest.stage, "content_hash": manifest.content_hash, "how": sorted(use.how)}
    facts |= {"counts": dict(use.counts), "edits": dict(use.edits), "rejected": use.rejected}
    return Link(manifest.kind.lower(), manifest.id, INTACT if use.artifact.content_is_intact() else CHANGED, facts)
