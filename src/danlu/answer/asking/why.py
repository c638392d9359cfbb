"""Why: from an answer back to the release, the index, the rules and edits, and the source file; every hash verified.

Each link states what it is and whether what lies there now is what was recorded. A file that changed or is gone is
reported, never hidden. What was forgotten is said to be that, with the record of the order, and not to have changed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from danlu.answer.forgetting.forgotten_record import Record
from danlu.answer.forgetting.purge import purged_in
from danlu.answer.index.live import open_live
from danlu.answer.state import State
from danlu.answer.uses.model_documents import learnt_documents
from danlu.core.artifacts import Artifact, Chats, Checkpoint, Corpus, Files, Index, Release
from danlu.core.errors import UserError
from danlu.core.forgotten import Forgotten, ForgottenDocument
from danlu.core.hashing import hash_file
from danlu.core.project import Project
from danlu.core.store import Store
from danlu.data.lock import printable, source_paths
from danlu.retrieve.grounding import ground
from danlu.text.tables import stream_rows

INTACT, CHANGED, MISSING, FORGOTTEN, PURGED = "verified", "changed", "missing", "forgotten", "deleted"


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
    state = State.of(project)
    record = state.recorded(answer_id)
    said, forgotten = record["answer"], Forgotten.of(state.folder)
    facts = {"question": record["question"], "asked_at": record["asked_at"], "refused": said["refused"]}
    facts |= {"withheld": True} if said.get("withheld") else {}
    facts |= {"record": said["redacted"]} if said.get("redacted") else {}
    links, intact = _lineage(Store(project.artifacts), record["release"], purged_in(state.folder))
    status = FORGOTTEN if said.get("redacted") else _answered_again(project, record, intact.get("index"))
    chain = [Link("answer", answer_id, status, facts), *links, *_learnt_link(intact, said["citations"])]
    for number, citation in enumerate(said["citations"], 1):
        entry = forgotten.find(citation["source"], citation["passage_id"].partition(":")[0])
        chain += (
            [_forgotten_link(number, citation, entry)] if entry else _citation_links(project, number, citation, intact)
        )
    return chain


def _forgotten_link(number: int, citation: dict[str, Any], entry: ForgottenDocument) -> Link:
    """A citation whose words were forgotten: its place and the order are all that is left."""
    facts = {key: citation[key] for key in ("page", "start", "end")} | {
        "forgotten_at": entry.at,
        "record": entry.record,
    }
    return Link(f"citation {number}", citation["source"], FORGOTTEN, facts)


def _learnt_link(intact: dict[str, Artifact], citations: list[dict[str, Any]]) -> Iterator[Link]:
    """How many documents the release's tuned model learnt from, and which of the cited ones were among them."""
    model, chats = intact.get("finetune"), intact.get("make_questions")
    if not isinstance(model, Checkpoint) or not isinstance(chats, Chats) or model.skipped:
        return
    pairs = learnt_documents(model, chats)
    cited = {citation["source"]: pairs.get(citation["source"], 0) for citation in citations}
    facts = {"learnt_documents": len(pairs), "learnt_pairs": sum(pairs.values()), "learnt_cited": cited}
    yield Link("tuned model", model.id, INTACT, facts)


def _answered_again(project: Project, record: dict[str, Any], index: Artifact | None) -> str:
    """Whether the release's live index, asked the same question by the same principals again, gives what was recorded."""
    if not isinstance(index, Index):
        return MISSING
    said = record["answer"]
    with closing(open_live(project, index)) as live, live.reading(frozenset(said["principals"])) as view:
        again = ground.answer(view, said.get("understood") or record["question"])
    same = [asdict(citation) for citation in again.citations] == said["citations"]
    return INTACT if same and (again.text, again.refused) == (said["answer"], said["refused"]) else CHANGED


def _lineage(store: Store, release_id: str, purged: Mapping[str, Record]) -> tuple[list[Link], dict[str, Artifact]]:
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
            links.append(_absent_link(store, id, purged.get(id)))
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


def _absent_link(store: Store, id: str, purge: Record | None) -> Link:
    if list(store.root.glob(f"*/{id}")):
        return Link("artifact", id, CHANGED, {})
    facts = {"record": purge.number} if purge else {}
    return Link("artifact", id, PURGED if purge else MISSING, facts)


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
