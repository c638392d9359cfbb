"""Why, for one citation: the quote in the extraction that it was cut from, the edits between, and the source file.

What `danlu run` read is verified against the release's artifacts. What a refresh put since stands in none: there the live index holds
the extraction and the file's hash, and is what the citation came from. What a purge deleted is held against today's extraction.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.answer.asking.link import CHANGED, FORGOTTEN, INTACT, MISSING, PURGED, Link
from danlu.answer.forgetting.forgotten_record import Record
from danlu.core.artifacts import Artifact, Corpus, Files
from danlu.core.forgotten import ForgottenDocument, names_around
from danlu.core.hashing import hash_file
from danlu.core.project import Project
from danlu.data.lock import printable, source_paths
from danlu.retrieve.legs.search import Searcher
from danlu.text.tables import stream_rows


@dataclass(frozen=True)
class _Behind:
    """What lies behind a citation."""

    row: Mapping[str, Any] | None
    """The document's id and extraction (`text`); None when neither is here any more."""
    file: Mapping[str, Any] | None
    """Name, SHA-256, licence of its file, and when it was collected; None when nothing here knows it."""
    edits: Mapping[str, int]
    facts: dict[str, Any]


def forgotten_link(number: int, citation: dict[str, Any], entry: ForgottenDocument) -> Link:
    """A citation whose words were forgotten: its place and the order are all that is left."""
    place = {key: citation[key] for key in ("page", "start", "end")}
    return Link(
        f"citation {number}",
        citation["source"],
        FORGOTTEN,
        place | {"forgotten_at": entry.at, "record": entry.record},
    )


def citation_links(
    project: Project,
    number: int,
    citation: dict[str, Any],
    intact: Mapping[str, Artifact],
    live: Searcher | None,
    generation: int,
) -> Iterator[Link]:
    """The way back from a citation; nothing is verified by an artifact that changed. `generation` is the index's that was asked."""
    source = citation["source"]
    place = {key: citation[key] for key in ("page", "start", "end", "quote")}
    behind = (live and _refreshed(source, live, generation)) or _released(source, intact)
    if behind.row is None:
        yield Link(f"citation {number}", source, MISSING, place)
    else:
        same = behind.row["text"][citation["start"] : citation["end"]] == citation["quote"]
        yield Link(f"citation {number}", source, INTACT if same else CHANGED, place | behind.facts)
        yield Link(f"passage {number}", citation["passage_id"], INTACT, {"edits": dict(behind.edits)})
    yield _source_link(project, f"source {number}", source, behind)


def by_order(purge: Record) -> dict[str, Any]:
    """Which record says that something was purged, and the orders to forget that it was purged for."""
    return {"record": purge.number, "orders": ", ".join(map(str, purge.body["orders"]))}


def after_purge(
    project: Project, number: int, citation: dict[str, Any], today: Mapping[str, Artifact], purge: Record
) -> Iterator[Link]:
    """A citation whose extraction a purge deleted: verified by the extraction of `today` where that holds the same words there.

    Else nothing is left that could tell whether they ever stood there, and the order is named.
    """
    source = citation["source"]
    place = {key: citation[key] for key in ("page", "start", "end", "quote")}
    behind = _released(source, today)
    if behind.row is None or behind.row["text"][citation["start"] : citation["end"]] != citation["quote"]:
        yield Link(f"citation {number}", source, PURGED, place | by_order(purge))
        return
    yield Link(f"citation {number}", source, INTACT, place | {"made_anew": True})
    yield _source_link(project, f"source {number}", source, behind)


def _refreshed(source: str, live: Searcher, generation: int) -> _Behind | None:
    """What a refresh put before the question was asked; None for a document that came with the release, or after the question."""
    query = "SELECT doc_id, extraction, generation FROM documents WHERE source = ?"
    twin = "SELECT twin_id, coalesce(twins.extraction, documents.extraction), generation FROM twins JOIN documents USING (doc_id) WHERE twins.source = ?"
    found = live.rows(query, (source,)) or live.rows(twin, (source,))
    if not found or not 1 < found[0][2] <= generation:
        return None
    files = (
        live.rows("SELECT file, sha256, licence FROM sources WHERE file = ?", (name,)) for name in names_around(source)
    )
    file = next((dict(zip(("source", "sha256", "licence"), rows[0], strict=True)) for rows in files if rows), None)
    return _Behind({"doc_id": found[0][0], "text": found[0][1]}, file, {}, {"refreshed": True})


def _released(source: str, intact: Mapping[str, Artifact]) -> _Behind:
    """What the release was made from."""
    extraction, files = intact.get("extract"), intact.get("collect")
    row = _row(extraction.documents, source) if isinstance(extraction, Corpus) else None
    corpora = [corpus for corpus in intact.values() if isinstance(corpus, Corpus)]
    file = _file_of(files, source) if isinstance(files, Files) else None
    return _Behind(row, file, _edits(row["doc_id"], corpora) if row else {}, {})


def _row(table: Path, source: str) -> dict[str, Any] | None:
    return next((row for row in stream_rows(table) if row["source"] == source), None)


def _file_of(files: Files, source: str) -> dict[str, Any] | None:
    """The collected file that holds a document: itself, or what stands before a `#` in the document's name."""
    row = next((row for row in (_row(files.table, name) for name in names_around(source)) if row), None)
    return row and row | {"collected_at": files.seen().get(row["source"], "")}


def _edits(doc_id: str, corpora: Iterable[Corpus]) -> dict[str, int]:
    """What the stages between source and index changed in a document, by rule."""
    rows = [row for corpus in corpora for row in stream_rows(corpus.path / "edits") if row["doc_id"] == doc_id]
    return {row["rule"]: row["count"] for row in rows}


def _source_link(project: Project, what: str, source: str, behind: _Behind) -> Link:
    if behind.file is None:
        return Link(what, source, MISSING, {})
    name = behind.file["source"]
    facts = {"sha256": behind.file["sha256"], "licence": behind.file["licence"]}
    facts |= {"collected_at": behind.file["collected_at"]} if "collected_at" in behind.file else behind.facts
    path = source_paths(project.sources).get(name)
    if path is None or not path.exists():
        return Link(what, name, MISSING, facts)
    same = hash_file(path) == behind.file["sha256"]
    return Link(what, name, INTACT if same else CHANGED, facts | {"path": printable(str(path))})
