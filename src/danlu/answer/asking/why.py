"""Why: from an answer back to the release, the index, the rules and edits, and the source file; every hash verified.

Each link states what it is and whether what lies there now is what was recorded. A file that changed or is gone is
reported, never hidden. What was forgotten is said to be that, with the record of the order, and not to have changed; an answer that
the index would not give any more is told apart from one that was tampered with. Where a purge deleted what an answer stood on, its quotes
are held against what the sources say today.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import Any

from danlu.answer.asking.link import CHANGED, DEGRADED, FORGOTTEN, INTACT, MISSING, OVERTAKEN, PURGED, Link
from danlu.answer.asking.why_citation import after_purge, by_order, citation_links, forgotten_link
from danlu.answer.asking.written import fingerprint
from danlu.answer.forgetting.forgotten_record import Record
from danlu.answer.forgetting.purge import purged_in
from danlu.answer.index.live import BEGUN, has_live, open_live
from danlu.answer.state import State
from danlu.answer.uses.model_documents import learnt_documents
from danlu.core.artifacts import Artifact, Chats, Checkpoint, Index, Release
from danlu.core.errors import UserError
from danlu.core.forgotten import Forgotten
from danlu.core.project import Project
from danlu.core.store import Store
from danlu.retrieve.grounding import ground
from danlu.retrieve.index import opened
from danlu.retrieve.legs.live import LiveIndex
from danlu.retrieve.legs.search import Searcher


def why(project: Project, answer_id: str) -> list[Link]:
    """The chain of an answer, from the answer to its source files."""
    state = State.of(project)
    record, forgotten = state.recorded(answer_id), Forgotten.of(state.folder)
    purged = purged_in(state.folder)
    links, intact = _lineage(Store(project.artifacts), record["release"], purged)
    purge = purged[record["release"]] if links[0].status == PURGED else None
    today = _today(project, purged) if purge else {}
    index, citations = intact.get("index"), record["answer"]["citations"]
    with ExitStack() as stack:
        is_live = isinstance(index, Index) and has_live(project, index)
        live = stack.enter_context(closing(open_live(project, index))) if isinstance(index, Index) and is_live else None
        chain = [_answer_link(record, index, live, purge), *links, *_learnt_link(intact, citations)]
        view = stack.enter_context(live.reading(None)) if live else None
        for number, citation in enumerate(citations, 1):
            entry = forgotten.find(citation["source"], citation["passage_id"].partition(":")[0])
            if entry:
                chain.append(forgotten_link(number, citation, entry))
            elif purge:
                chain += after_purge(project, number, citation, today, purge)
            else:
                chain += citation_links(project, number, citation, intact, view, record["answer"]["generation"])
    return chain


def _today(project: Project, purged: Mapping[str, Record]) -> dict[str, Artifact]:
    """By stage the intact artifacts of the release that is current; none where nothing is."""
    state = State.of(project)
    return _lineage(Store(project.artifacts), state.current(), purged)[1] if state.has_release() else {}


def _answer_link(record: dict[str, Any], index: Artifact | None, live: LiveIndex | None, purge: Record | None) -> Link:
    """Whether the index, asked the same question by the same principals again, gives what was recorded; and if not, why not."""
    said = record["answer"]
    facts = {"question": record["question"], "asked_at": record["asked_at"], "refused": said["refused"]}
    facts |= {name: said[name] for name in ("withheld", "written_by") if said.get(name)}
    if said.get("redacted"):
        return Link("answer", record["answer_id"], FORGOTTEN, facts | {"record": said["redacted"]})
    if purge:
        return Link("answer", record["answer_id"], PURGED, facts | by_order(purge))
    status, since = _answered_again(record, index, live)
    return Link("answer", record["answer_id"], status, facts | since)


def _answered_again(
    record: dict[str, Any], index: Artifact | None, live: LiveIndex | None
) -> tuple[str, dict[str, Any]]:
    if not isinstance(index, Index):
        return MISSING, {}
    said = record["answer"]
    if said.get("degraded"):  # its citations are verified, each by its own links
        return DEGRADED, {"degraded": said["degraded"]}
    with live.reading(frozenset(said["principals"])) if live else opened(index.database) as view:
        again = ground.answer(view, said.get("understood") or record["question"])
        since = _changes_since(view, said["generation"]) if live else {"index_made_again": True}
        approximate = said.get("approximate", False) or view.approximate
    if said.get("written_by"):  # a model's words are not asked for again: the quotes that it was given are
        same = fingerprint(again) == said["quoted"]
    else:
        citations = [asdict(citation) for citation in again.citations]
        same = (citations, again.text, again.refused) == (said["citations"], said["answer"], said["refused"])
    if same or since:
        return (INTACT, {}) if same else (OVERTAKEN, since)
    return (DEGRADED, {"approximate": True}) if approximate else (CHANGED, {})


def _changes_since(view: Searcher, generation: int) -> dict[str, Any]:
    """What became of the live index since it had this generation; empty for nothing."""
    if generation < (view.fact(BEGUN) or 0):
        return {"index_made_again": True}
    return {"index_changes": view.generation - generation} if view.generation > generation else {}


def _learnt_link(intact: dict[str, Artifact], citations: list[dict[str, Any]]) -> Iterator[Link]:
    """How many documents the release's tuned model learnt from, and which of the cited ones were among them."""
    model, chats = intact.get("finetune"), intact.get("make_questions")
    if not isinstance(model, Checkpoint) or not isinstance(chats, Chats) or model.skipped:
        return
    pairs = learnt_documents(model, chats)
    cited = {citation["source"]: pairs.get(citation["source"], 0) for citation in citations}
    facts = {"learnt_documents": len(pairs), "learnt_pairs": sum(pairs.values()), "learnt_cited": cited}
    yield Link("tuned model", model.id, INTACT, facts)


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
        content_hash = artifact.manifest.content_hash
        same = artifact.content_is_intact() and recorded.get(id, content_hash) == content_hash
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
    facts = by_order(purge) if purge else {}
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
