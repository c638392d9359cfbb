"""Which artifacts used a document, and how: followed document by document, not only from artifact to artifact.

A corpus whose rule rejected the document before a training did not teach it; a corpus that kept it did. So each artifact is read for
the document's own rows (ids and names are the same through all stages), and only what has no rows of its own (weights, a vocabulary, a
report) takes over from what it was made from.

holds      its text lies there
learnt     weights that were fitted to it, or to text made from it
measured   figures, weights of fusion, a refusal gate that were measured on it
names      its name stands there, and nothing more
parts      a release with a part that used it
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from danlu.answer.uses.learnt_rows import learnt_replies, reply_of
from danlu.answer.uses.named_document import Sought
from danlu.core.artifacts import (
    Artifact,
    Chats,
    Checkpoint,
    Corpus,
    Examples,
    Files,
    Index,
    Preferences,
    Release,
    Report,
)
from danlu.core.errors import UserError
from danlu.core.store import Store
from danlu.text.tables import read_groups, stream_rows

HOLDS, LEARNT, MEASURED, NAMES, PARTS = "holds", "learnt", "measured", "names", "parts"
TAINTS = frozenset((HOLDS, LEARNT, MEASURED, PARTS))
_SIDES = {"train.jsonl": "train pairs", "held_out.jsonl": "held-out pairs", "questions.jsonl": "questions"}
_OF_QUESTIONS = "train questions"


@dataclass
class Use:
    """What one artifact has of a document."""

    artifact: Artifact
    how: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    """Documents, passages, pairs of it that lie there, by what they are called."""
    rejected: list[dict[str, str]] = field(default_factory=list)
    """Rows of rejects: document, rule, value."""
    edits: Counter[str] = field(default_factory=Counter)
    """What was changed in it, by rule."""
    because: dict[str, str] = field(default_factory=dict)
    """Inputs that brought it, by the input's name: the id."""

    @property
    def is_tainted(self) -> bool:
        """Whether more than its name is there."""
        return bool(self.how & TAINTS)

    def public(self) -> dict[str, Any]:
        """The use as records and `--json` say it."""
        manifest = self.artifact.manifest
        facts: dict[str, Any] = {"id": manifest.id, "stage": manifest.stage, "kind": manifest.kind}
        facts |= {"tainted": self.is_tainted, "how": sorted(self.how)}
        found = {
            "counts": dict(self.counts),
            "rejected": self.rejected,
            "edits": dict(self.edits),
            "from": self.because,
        }
        return facts | {name: value for name, value in found.items() if value}


def uses(artifacts: Iterable[Artifact], document: Sought) -> list[Use]:
    """What each artifact has of a document, inputs first; those that have nothing of it are left out."""
    found: dict[str, Use] = {}
    for artifact in _inputs_first(artifacts):
        use = found[artifact.id] = _own(artifact, document)
        _take_over(use, found, document)
    return [use for use in found.values() if use.how or use.rejected]


def uses_in(store: Store, document: Sought) -> list[Use]:
    """The same for all of a store. An artifact that cannot be opened raises UserError, for nothing can be said of it."""
    return uses(store.all(), document)


def line_of(store: Store, release: Release) -> list[Artifact]:
    """A release with everything that it was made from and that is still there."""
    found: dict[str, Artifact] = {}
    waiting: list[Artifact] = [release]
    while waiting:
        artifact = waiting.pop()
        found[artifact.id] = artifact
        for id in artifact.manifest.parents.values():
            if not id.startswith("sha256:") and id not in found:
                with suppress(UserError):  # purged, or deleted: what it led to is still known by its own rows
                    waiting.append(store.find(id))
    return list(found.values())


def _inputs_first(artifacts: Iterable[Artifact]) -> Iterator[Artifact]:
    by_id = {artifact.id: artifact for artifact in artifacts}
    seen: set[str] = set()

    def visit(id: str) -> Iterator[Artifact]:
        if id in by_id and id not in seen:
            seen.add(id)
            for parent in by_id[id].manifest.parents.values():
                yield from visit(parent)
            yield by_id[id]

    for id in by_id:
        yield from visit(id)


def _own(artifact: Artifact, document: Sought) -> Use:
    """What the rows of an artifact say themselves."""
    use = Use(artifact)
    if isinstance(artifact, Files):
        _count(use, "files", NAMES, _matching(artifact.table, document))
    if isinstance(artifact, Index):
        _look_into_index(use, artifact, document)
    if isinstance(artifact, Chats | Preferences | Examples):
        _look_into_lines(use, artifact.path, document)
    elif not isinstance(artifact, Files | Checkpoint | Report | Release):
        for folder in ("documents", "labels"):
            _count(
                use, "documents", HOLDS if folder == "documents" else NAMES, _matching(artifact.path / folder, document)
            )
        _count(use, "texts of removed duplicates", HOLDS, _removed(artifact.path / "pairs", document))
    rejected = _matching(artifact.path / "rejects", document, ("doc_id", "source", "rule", "value"))
    use.rejected = [{name: row[name] for name in ("source", "rule", "value")} for row in rejected]
    use.how |= {NAMES} if use.rejected else set()
    for row in _matching(artifact.path / "edits", document, ("doc_id", "rule", "count")):
        use.edits[row["rule"]] += row["count"]
    return use


def _count(use: Use, what: str, how: str, rows: Iterable[Any]) -> None:
    if number := sum(1 for _ in rows):
        use.counts[what] += number
        use.how.add(how)


def _matching(
    table: Path, document: Sought, columns: tuple[str, ...] = ("doc_id", "source")
) -> Iterator[dict[str, Any]]:
    if not table.exists():
        return
    for group in read_groups(table):
        there = [name for name in columns if name in group.column_names]
        yield from (row for row in group.select(there).to_pylist() if document.is_in(row))


def _removed(pairs: Path, document: Sought) -> Iterator[dict[str, Any]]:
    """Near duplicates that `deduplicate` took out: their texts are kept beside what stays."""
    rows = stream_rows(pairs, ["removed", "text"]) if pairs.exists() else iter(())
    return (row for row in rows if row["removed"] in document.doc_ids and row["text"])


def _look_into_lines(use: Use, folder: Path, document: Sought) -> None:
    for name, what in _SIDES.items():
        path = folder / name
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows = [row for row in map(json.loads, lines) if _is_made_of(row, document)]
        _count(use, what, HOLDS, rows)
        if name == "questions.jsonl":
            use.counts[_OF_QUESTIONS] += sum(row.get("split") == "train" for row in rows)
    use.counts = Counter({name: count for name, count in use.counts.items() if count})


def _is_made_of(row: dict[str, Any], document: Sought) -> bool:
    """Rows name their document, or sections of it: `id` and `sections` begin with the document's id."""
    named = [row.get("id"), row.get("doc_id"), *(row.get("sections") or ())]
    ids = {name.partition(":")[0] for name in named if isinstance(name, str)}
    source = row.get("source")
    return bool(ids & document.doc_ids) or (isinstance(source, str) and document.covers(source))


def _look_into_index(use: Use, index: Index, document: Sought) -> None:
    served, blind = ("documents", "passages"), ("blind documents", "blind passages")
    for path, names in ((index.database, served), (index.blind, blind)):
        if not path.exists():
            continue
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
            listed = connection.execute("SELECT doc_id, source FROM documents")
            ids = [doc_id for doc_id, source in listed if document.is_in({"doc_id": doc_id, "source": source})]
            marks = ",".join("?" * len(ids))
            passages = connection.execute(f"SELECT count(*) FROM passages WHERE doc_id IN ({marks})", ids).fetchone()[0]
        if ids:
            use.how.add(HOLDS)
            use.counts |= Counter(dict(zip(names, (len(ids), passages), strict=True)))


def _take_over(use: Use, found: Mapping[str, Use], document: Sought) -> None:
    """What an artifact without rows of its own has from its inputs; and figures that an index measured on questions."""
    for name, id in use.artifact.manifest.parents.items():
        if id not in found or not found[id].how:
            continue
        given, how = found[id], _how(use.artifact, name, found[id])
        if how == LEARNT and isinstance(given.artifact, Chats):
            how = _learn_pairs(use, given.artifact, document)
        elif how == LEARNT and not isinstance(use.artifact, Index):
            use.counts["documents"] += given.counts["documents"]
        if how:
            use.how.add(how)
            use.because[name] = id
    use.counts = Counter({name: count for name, count in use.counts.items() if count})


def _how(artifact: Artifact, name: str, given: Use) -> str:
    """How an artifact has a document through the input `name`; empty when it has not."""
    kind = type(artifact)
    if kind is Release:
        return PARTS if given.is_tainted else ""
    if kind is Report:  # the extraction only says whether quotes are verbatim
        return MEASURED if given.is_tainted and name != "extraction" else ""
    if kind is Index:
        return MEASURED if given.counts[_OF_QUESTIONS] else LEARNT if LEARNT in given.how else ""
    if kind in (Files, Corpus, Chats, Preferences, Examples):
        return ""  # what they have of a document lies in their rows
    return _learnt(artifact, given)


def _learnt(artifact: Artifact, given: Use) -> str:
    """Weights learn from documents, from pairs on the training side, and from other weights; held-out pairs teach nothing."""
    if isinstance(given.artifact, Chats | Preferences | Examples):
        if artifact.manifest.stage == "train_retriever":
            return MEASURED if given.counts[_OF_QUESTIONS] else ""
        return LEARNT if given.counts["train pairs"] else ""
    return LEARNT if given.how & {HOLDS, LEARNT} else ""


def _learn_pairs(use: Use, chats: Chats, document: Sought) -> str:
    """Count the pairs that a training reached: it keeps the rows that it learnt from, as token ids. Where that is not sure all count."""
    rows = map(json.loads, chats.train.read_text(encoding="utf-8").splitlines())
    replies = [reply_of(row) for row in rows if _is_made_of(row, document)]
    learnt = learnt_replies(use.artifact, chats)
    reached = len(replies) if learnt is None else sum(reply in learnt for reply in replies)
    use.counts["train pairs"] += reached
    use.counts["train pairs that were not reached"] += len(replies) - reached
    use.how |= {HOLDS} if reached else set()
    return LEARNT if reached else ""
