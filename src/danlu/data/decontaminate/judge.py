"""The second pass of decontamination: what becomes of a document that holds an item, and every match as a row of a table."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from danlu.data.decontaminate.find import Finder, Found, text_of
from danlu.data.decontaminate.paragraphs import RULE, says_something, without
from danlu.data.parts import Batch, Verdict
from danlu.text.contamination.items import digest
from danlu.text.contamination.overlap import Kind
from danlu.text.records import Document, Reject
from danlu.text.waivers import Waivers

CHECKS = {kind: f"contamination.{name}" for kind, name in zip(Kind, ("exact", "near", "ngram", "answer"), strict=True)}
"""What waivers call each kind of match; the same names as in `danlu prove`."""
MATCHES = pa.schema(
    [(name, pa.string()) for name in ("doc_id", "source", "benchmark")]
    + [("row", pa.int64()), ("item", pa.string()), ("kind", pa.string()), ("overlap", pa.float64())]
    + [(name, pa.int64()) for name in ("start", "end", "item_start", "item_end")]
    + [(name, pa.large_string()) for name in ("text", "item_text", "action", "waiver")]
)
"""`start, end` are code points of the document as it came in, or as earlier rounds on it left it; `item_*` of `item_text`."""
_MAX_ROUNDS = 20
"""Paragraphs are taken out until nothing is found; a document that still holds an item after so many rounds is dropped."""


@dataclass(frozen=True)
class Judge:
    """What `judge_batch` needs of the run; it travels to the workers."""

    finder: Finder
    names: tuple[str, ...]
    """Benchmark of each item."""
    waivers: Waivers
    policy: str
    worth: Callable[[Batch], list[int]]
    """The rows of a batch that may hold an item, sorted; the others are kept unread."""


def judge_batch(judge: Judge, batch: Batch) -> Verdict:
    """What becomes of some documents, and every match that is in them."""
    worth = judge.worth(batch)
    found = judge.finder.find(batch.table["text"].take(worth).to_pylist()) if len(worth) else []
    if not found:
        return Verdict(batch.table)
    by_row: dict[int, list[Found]] = {}
    for one in found:
        by_row.setdefault(worth[one.document], []).append(one)
    outcomes = {
        row: _outcome(judge, Document.of(batch.table.slice(row, 1).to_pylist()[0]), own) for row, own in by_row.items()
    }
    matches = [match for outcome in outcomes.values() for match in outcome.matches]
    return Verdict(
        _kept(batch.table, outcomes),
        [outcome.reject for outcome in outcomes.values() if outcome.reject],
        [(outcome.document.doc_id, RULE, outcome.removed) for outcome in outcomes.values() if outcome.removed],
        {"matches": pa.Table.from_pylist(matches, MATCHES)},
    )


@dataclass
class _Outcome:
    """What became of one document that holds an item."""

    document: Document
    matches: list[dict[str, Any]]
    reject: Reject | None = None
    removed: int = 0
    """Paragraphs."""


def _kept(table: pa.Table, outcomes: Mapping[int, _Outcome]) -> pa.Table:
    """The table without the rejected rows, and with the new texts of others."""
    parts, start = [table.slice(0, 0)], 0
    for row, outcome in sorted(outcomes.items()):
        if outcome.reject or outcome.removed:
            parts.append(table.slice(start, row - start))
            start = row + 1
        if outcome.removed:
            parts.append(pa.Table.from_pylist([asdict(outcome.document)], table.schema))
    return pa.concat_tables([*parts, table.slice(start)])


def _outcome(judge: Judge, document: Document, found: list[Found]) -> _Outcome:
    outcome = _Outcome(document, [])
    for turn in range(_MAX_ROUNDS):
        counted = [one for one in found if not _waiver(judge, one)]
        outcome.matches += [_row(judge, outcome.document, one) for one in (counted if turn else found)]
        if not counted or judge.policy == "report":
            return outcome
        if judge.policy == "drop":
            break
        outcome.document, removed = without(outcome.document, [one.span for one in counted])
        outcome.removed += removed
        found = judge.finder.find([outcome.document.text])
        if not says_something(outcome.document.text):
            break
        if not [one for one in found if not _waiver(judge, one)]:
            return outcome
    outcome.reject = _reject(judge, document, counted)
    outcome.removed = 0
    for row in outcome.matches:
        row["action"] = row["action"] if row["waiver"] else _ACTIONS["drop"]
    return outcome


def _reject(judge: Judge, document: Document, counted: list[Found]) -> Reject:
    worst = min(counted, key=lambda one: one.match.order)
    item = judge.finder.items[worst.match.item]
    value = (
        f"{judge.names[worst.match.item]}:{item.row} {_KINDS[worst.match.kind]}, {worst.match.share:.0%} of its words"
    )
    return Reject(document.doc_id, document.source, "benchmark item", value, "no item of the benchmarks")


_ACTIONS = {"drop": "document dropped", "paragraph": "paragraphs removed", "report": "reported"}
_KINDS = {Kind.EXACT: "word for word", Kind.NEAR: "with small edits", Kind.PART: "in part", Kind.ANSWER: "answer alone"}


def _waiver(judge: Judge, found: Found) -> str:
    """Who accepted this match and why; empty when nobody did."""
    check, item = CHECKS[found.match.kind], judge.finder.items[found.match.item]
    for entry in judge.waivers.entries if judge.waivers.entries else ():
        if entry.check == check and (entry.item is None or entry.covers(check, item.row, digest(item))):
            return f"{entry.by}: {entry.reason}"
    return ""


def _row(judge: Judge, document: Document, found: Found) -> dict[str, Any]:
    match, waiver = found.match, _waiver(judge, found)
    item = judge.finder.items[match.item]
    start, end = found.span
    return {
        "doc_id": document.doc_id, "source": document.source, "benchmark": judge.names[match.item], "row": item.row,
        "item": digest(item), "kind": _KINDS[match.kind], "overlap": round(match.share, 4),
        "start": start, "end": end, "item_start": found.item_span[0], "item_end": found.item_span[1],
        "text": document.text[start:end], "item_text": text_of(item, match.text),
        "action": "waived" if waiver else _ACTIONS[judge.policy], "waiver": waiver,
    }  # fmt: skip
