"""Why: from an answer back to the release, the index, the rules and edits, and the source file; every hash verified.

Each link states what it is and whether what lies there now is what was recorded. A file that changed or is gone is
reported, never hidden.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from danlu.answer.state import State
from danlu.core.artifacts import Artifact, Corpus, Files, Index, Release
from danlu.core.errors import UserError
from danlu.core.hashing import hash_file
from danlu.core.project import Project
from danlu.core.store import Store
from danlu.data.lock import printable, source_paths
from danlu.retrieve import ground
from danlu.retrieve.index import opened
from danlu.text.tables import stream_rows

INTACT, CHANGED, MISSING = "verified", "changed", "missing"


@dataclass(frozen=True)
class Link:
    """One step of the way back."""

    what: str
    id: str
    status: str
    facts: dict[str, Any]

    def public(self) -> dict[str, Any]:
        """The link as `danlu why --json` prints it."""
        return {"what": self.what, "id": self.id, "status": self.status, **self.facts}


def why(project: Project, answer_id: str) -> list[Link]:
    """The chain of an answer, from the answer to its source files."""
    store = Store(project.artifacts)
    record = State.of(project).recorded(answer_id)
    said = record["answer"]
    facts = {"question": record["question"], "asked_at": record["asked_at"], "refused": said["refused"]}
    facts |= {"withheld": True} if said.get("withheld") else {}
    links, intact = _lineage(store, record["release"])
    chain = [Link("answer", answer_id, _answered_again(record, intact.get("index")), facts), *links]
    for number, citation in enumerate(said["citations"], 1):
        chain += _citation_links(project, number, citation, intact)
    return chain


def _answered_again(record: dict[str, Any], index: Artifact | None) -> str:
    """Whether the release's index, asked the same question again, gives what was recorded."""
    if not isinstance(index, Index):
        return MISSING
    with opened(index.database) as searcher:
        again = ground.answer(searcher, record["question"])
    said = record["answer"]
    same = [asdict(citation) for citation in again.citations] == said["citations"]
    return INTACT if same and (again.text, again.refused) == (said["answer"], said["refused"]) else CHANGED


def _lineage(store: Store, release_id: str) -> tuple[list[Link], dict[str, Artifact]]:
    """Links to the release and everything that it was made from, nearest first; and by stage the artifacts that are intact."""
    links: list[Link] = []
    intact: dict[str, Artifact] = {}
    recorded: dict[str, str] = {}
    waiting, seen = [release_id], set()
    while waiting:
        id = waiting.pop(0)
        if id in seen or id.startswith("sha256:"):
            continue
        seen.add(id)
        try:
            artifact = store.find(id)
        except UserError:
            links.append(Link("artifact", id, CHANGED if list(store.root.glob(f"*/{id}")) else MISSING, {}))
            continue
        same = (
            artifact.content_is_intact()
            and recorded.get(id, artifact.manifest.content_hash) == artifact.manifest.content_hash
        )
        links.append(_artifact_link(artifact, same))
        if same:
            intact[artifact.manifest.stage] = artifact
        if same and isinstance(artifact, Release):
            recorded = {part["id"]: part["content_hash"] for part in artifact.read()["parts"].values()}
        waiting.extend(artifact.manifest.parents.values())
    return links, intact


def _artifact_link(artifact: Artifact, same: bool) -> Link:
    manifest = artifact.manifest
    facts: dict[str, Any] = {
        "stage": manifest.stage,
        "version": manifest.version,
        "content_hash": manifest.content_hash,
    }
    if manifest.config:
        facts["config"] = dict(manifest.config)
    if same and isinstance(artifact, Release):
        facts["checks"] = artifact.read()["checks"]
    return Link(manifest.kind.lower(), manifest.id, INTACT if same else CHANGED, facts)


def _citation_links(
    project: Project, number: int, citation: dict[str, Any], intact: dict[str, Artifact]
) -> Iterator[Link]:
    """The quote in the extraction, the edits between, the source file; nothing is verified by an artifact that changed."""
    extraction, files = intact.get("extract"), intact.get("collect")
    source = citation["source"]
    place = {key: citation[key] for key in ("page", "start", "end", "quote")}
    row = _row(extraction.documents, source) if isinstance(extraction, Corpus) else None
    if row is None:
        yield Link(f"citation {number}", source, MISSING, place)
    else:
        same = row["text"][citation["start"] : citation["end"]] == citation["quote"]
        yield Link(f"citation {number}", source, INTACT if same else CHANGED, place)
    if row is not None:
        edits = {"edits": _edits(row["doc_id"], [corpus for corpus in intact.values() if isinstance(corpus, Corpus)])}
        yield Link(f"passage {number}", citation["passage_id"], INTACT, edits)
    yield _source_link(project, number, source, files)


def _row(table: Path, source: str) -> dict[str, Any] | None:
    return next((row for row in stream_rows(table) if row["source"] == source), None)


def _file_of(table: Path, source: str) -> dict[str, Any] | None:
    """The collected file that holds a document: itself, or what stands before a `#` in the document's name."""
    names = [source, *(source[: match.start()] for match in reversed(list(re.finditer("#", source))))]
    return next((row for row in (_row(table, name) for name in names) if row), None)


def _edits(doc_id: str, corpora: Iterable[Corpus]) -> dict[str, int]:
    """What the stages between source and index changed in a document, by rule."""
    rows = [row for corpus in corpora for row in stream_rows(corpus.path / "edits") if row["doc_id"] == doc_id]
    return {row["rule"]: row["count"] for row in rows}


def _source_link(project: Project, number: int, source: str, files: Artifact | None) -> Link:
    what = f"source {number}"
    row = _file_of(files.table, source) if isinstance(files, Files) else None
    source = row["source"] if row else source
    path = source_paths(project.sources).get(source)
    if row is None or not isinstance(files, Files):
        return Link(what, source, MISSING, {})
    facts = {"sha256": row["sha256"], "licence": row["licence"], "collected_at": files.seen().get(source, "")}
    if path is None or not path.exists():
        return Link(what, source, MISSING, facts)
    same = hash_file(path) == row["sha256"]
    return Link(what, source, INTACT if same else CHANGED, facts | {"path": printable(str(path))})
