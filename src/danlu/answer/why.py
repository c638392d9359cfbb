"""Why: from an answer back to the release, the index, the rules and edits, and the source file; every hash verified.

Each link states what it is and whether what lies there now is what was recorded. A file that changed or is gone is
reported, never hidden.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from danlu.answer.state import State
from danlu.core.artifacts import Artifact, Corpus, Files, Release
from danlu.core.errors import UserError
from danlu.core.hashing import hash_file
from danlu.core.project import Project
from danlu.core.store import Store
from danlu.data.lock import source_paths
from danlu.text.records import read_rows

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
    facts = {"question": record["question"], "asked_at": record["asked_at"], "refused": record["answer"]["refused"]}
    chain = [Link("answer", answer_id, INTACT, facts)]
    lineage = list(_lineage(store, record["release"]))
    chain += [_artifact_link(artifact) if isinstance(artifact, Artifact) else artifact for artifact in lineage]
    artifacts = {artifact.manifest.stage: artifact for artifact in lineage if isinstance(artifact, Artifact)}
    for number, citation in enumerate(record["answer"]["citations"], 1):
        chain += _citation_links(project, number, citation, artifacts)
    return chain


def _lineage(store: Store, release_id: str) -> Iterator[Artifact | Link]:
    """The release and everything that it was made from, nearest first; a Link where an artifact is gone."""
    waiting, seen = [release_id], set()
    while waiting:
        id = waiting.pop(0)
        if id in seen or id.startswith("sha256:"):
            continue
        seen.add(id)
        try:
            artifact = store.find(id)
        except UserError:
            yield Link("artifact", id, MISSING, {})
            continue
        yield artifact
        waiting.extend(artifact.manifest.parents.values())


def _artifact_link(artifact: Artifact) -> Link:
    manifest = artifact.manifest
    facts: dict[str, Any] = {
        "stage": manifest.stage,
        "version": manifest.version,
        "content_hash": manifest.content_hash,
    }
    if manifest.config:
        facts["config"] = dict(manifest.config)
    if isinstance(artifact, Release):
        facts["checks"] = artifact.read()["checks"]
    return Link(manifest.kind.lower(), manifest.id, INTACT if artifact.content_is_intact() else CHANGED, facts)


def _citation_links(
    project: Project, number: int, citation: dict[str, Any], artifacts: dict[str, Artifact]
) -> Iterator[Link]:
    extraction, cleaned, files = (artifacts.get(stage) for stage in ("extract", "clean", "collect"))
    source = citation["source"]
    place = {key: citation[key] for key in ("page", "start", "end", "quote")}
    if isinstance(extraction, Corpus):
        row = next((row for row in read_rows(extraction.documents) if row["source"] == source), None)
        status = (
            MISSING
            if row is None
            else INTACT
            if row["text"][citation["start"] : citation["end"]] == citation["quote"]
            else CHANGED
        )
        yield Link(f"citation {number}", source, status, place)
        if row is not None and isinstance(cleaned, Corpus):
            yield Link(
                f"passage {number}",
                citation["passage_id"],
                INTACT,
                {"edits": _edits(row["doc_id"], extraction, cleaned)},
            )
    if isinstance(files, Files):
        yield _source_link(project, number, source, files)


def _edits(doc_id: str, *corpora: Corpus) -> dict[str, int]:
    """What extraction and cleaning changed in a document, by rule."""
    rows = [row for corpus in corpora for row in read_rows(corpus.path / "edits.parquet") if row["doc_id"] == doc_id]
    return {row["rule"]: row["count"] for row in rows}


def _source_link(project: Project, number: int, source: str, files: Files) -> Link:
    row = next(row for row in read_rows(files.table) if row["source"] == source)
    path = source_paths(project.sources).get(source)
    facts = {"sha256": row["sha256"], "licence": row["licence"]}
    if path is None or not path.exists():
        return Link(f"source {number}", source, MISSING, facts)
    return Link(
        f"source {number}", source, INTACT if hash_file(path) == row["sha256"] else CHANGED, facts | {"path": str(path)}
    )
