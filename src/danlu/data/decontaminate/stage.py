"""Decontaminate: evaluation items leave the corpus, or their paragraphs do, or they are only reported.

Two passes over the documents. The first counts in how many distinct documents each shingle of an item stands, since one
that is everywhere is no content; the second compares. Memory follows the evaluation items, beside 8 bytes for each document
that shares a shingle with one of them. Every match lies in the table `matches`, with the spans of both sides, whatever
became of the document.
"""

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from danlu.core.artifacts import Corpus
from danlu.core.errors import UserError
from danlu.core.outside import DataFile
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.decontaminate.benchmarks import Benchmarks, NamedItems, read_benchmarks
from danlu.data.decontaminate.find import Finder, Found, shared_shingles, text_of
from danlu.data.decontaminate.paragraphs import RULE, says_something, without
from danlu.data.parts import Batch, Verdict, check_any_kept, map_parts, parts_of
from danlu.data.shards import finish
from danlu.text.contamination.items import digest
from danlu.text.contamination.overlap import Bounds, Comparer, Kind
from danlu.text.contamination.overlap_index import ENOUGH_SHINGLES, SHINGLE, OverlapIndex
from danlu.text.records import Document, Reject
from danlu.text.shingles import I64, hash_tokens
from danlu.text.tables import read_groups, stream_rows
from danlu.text.waivers import Waivers, read_waivers

CHECKS = {kind: f"contamination.{name}" for kind, name in zip(Kind, ("exact", "near", "ngram", "answer"), strict=True)}
"""What waivers call each kind of match; the same names as in `danlu prove`."""
MATCHES = pa.schema(
    [(name, pa.string()) for name in ("doc_id", "source", "benchmark")]
    + [("row", pa.int64()), ("item", pa.string()), ("kind", pa.string()), ("overlap", pa.float64())]
    + [(name, pa.int64()) for name in ("start", "end", "item_start", "item_end")]
    + [(name, pa.large_string()) for name in ("text", "item_text", "action", "waiver")]
)
"""`start, end` are code points of the document as it came in, or as earlier rounds on it left it; `item_*` of `item_text`."""
_ITEM_FACTS = "benchmarks.json"
_MAX_ROUNDS = 20
"""Paragraphs are taken out until nothing is found; a document that still holds an item after so many rounds is dropped."""


class DecontaminateConfig(Config):
    """What counts as contamination, and what becomes of it."""

    policy: Literal["drop", "paragraph", "report"] = "drop"
    """`drop` takes out the whole document, `paragraph` what the item touches, `report` nothing."""
    window_words: int = Field(13, ge=5, le=200)
    """Words of an n-gram. 13: Brown et al. 2020 (GPT-3), appendix C."""
    window_han: int = Field(20, ge=5, le=300)
    """Characters of an n-gram in Chinese, Japanese and Thai. 20 characters say as much as 13 words."""
    part_share: float = Field(0.5, gt=0, le=1)
    """Share of an item's content that shared n-grams must cover to count, 0 to 1."""
    part_words: int = Field(50, ge=5)
    """Words in one run that count whatever their share; set it to 13 to let any single 13-gram count, as GPT-3 did."""
    columns: tuple[str, ...] = ()
    """Columns of your own benchmark as OWN=KNOWN, such as stem=question or key=answer."""


@dataclass(frozen=True)
class Judge:
    """What `judge_batch` needs of the run; it travels to the workers."""

    finder: Finder
    names: tuple[str, ...]
    waivers: Waivers
    policy: str


@dataclass(frozen=True)
class _Shard:
    source: Path
    outcome: Path


def _decontaminate(
    work: Work, config: DecontaminateConfig, *, documents: Corpus, against: Benchmarks, waivers: DataFile | None = None
) -> Facts:
    accepted = _read_waivers(waivers)
    named = read_benchmarks(against, _columns(config))
    enough = min(ENOUGH_SHINGLES, max(1, config.part_words - SHINGLE + 1))
    index = OverlapIndex(named.items, max_led=None, enough=enough)
    index.counted(*_count(work, documents, index))
    bounds = Bounds(config.window_words, config.window_han, config.part_share, config.part_words)
    finder = Finder(named.items, index, Comparer(named.items, index, bounds))
    judge = Judge(finder, named.names, accepted, config.policy)
    facts = map_parts(work, documents, partial(judge_batch, judge), beside={"matches": MATCHES})
    return check_any_kept(_told(work.folder, facts, named, accepted), "decontaminate")


def _columns(config: DecontaminateConfig) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in config.columns]
    for own, equals, known in pairs:
        if not (own and equals and known):
            raise UserError(
                "decontaminate.columns: expected OWN=KNOWN, found {pair}",
                "For example: --set 'decontaminate.columns=[stem=question, key=answer]'",
                pair=own + equals + known,
            )
    return {own: known for own, _, known in pairs}


def _read_waivers(file: DataFile | None) -> Waivers:
    """Raises UserError for one that names an item by its row: a row is of one file, and there are several."""
    if file is None:
        return Waivers()
    accepted = read_waivers(file.path, tuple(CHECKS.values()), signed=True)
    for entry in accepted.entries:
        if isinstance(entry.item, int):
            raise UserError(
                "{path}, waiver {place}: it names its item by a row",
                "Name it by its SHA-256, which stands in the table of matches.",
                path=file.path,
                place=entry.place,
            )
    return accepted


def _count(work: Work, corpus: Corpus, index: OverlapIndex) -> tuple[I64, int]:
    """In how many distinct documents each shingle of the items stands, and how many documents there are."""
    shards = [_Shard(path, work.scratch / f"count-{number:05}.npz") for number, path in enumerate(parts_of(corpus))]
    finish(work, partial(_count_part, index), shards)
    return _added([shard.outcome for shard in shards], index.shingle_count)


def _count_part(index: OverlapIndex, shard: _Shard) -> None:
    grams, owners, digests = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)]
    documents = hit = 0
    for table in read_groups(shard.source, ["text"]):
        texts = table["text"].to_pylist()
        found, found_in = shared_shingles(index, texts)
        places, found_in = np.unique(found_in, return_inverse=True)
        grams.append(found)
        owners.append(found_in + hit)
        digests.append(np.array([_digest(texts[place]) for place in places.tolist()], np.uint64))
        documents, hit = documents + len(texts), hit + len(places)
    half = shard.outcome.with_suffix(".half")
    with half.open("wb") as file:
        np.savez(
            file, grams=np.concatenate(grams), owners=np.concatenate(owners), digests=np.concatenate(digests),
            documents=documents,
        )  # fmt: skip
    half.rename(shard.outcome)


def _added(outcomes: list[Path], shingles: int) -> tuple[I64, int]:
    """Add up the parts; a document that was there before counts once."""
    counts_G = np.zeros(shingles, np.int64)
    seen: set[int] = set()
    documents = 0
    for outcome in outcomes:
        part = np.load(outcome)
        fresh = np.ones(len(part["digests"]), bool)
        for number, one in enumerate(part["digests"].tolist()):
            fresh[number] = one not in seen
            seen.add(one)
        counts_G += np.bincount(part["grams"][fresh[part["owners"]]], minlength=shingles)
        documents += int(part["documents"]) - int((~fresh).sum())
    return counts_G, documents


def _digest(text: str) -> int:
    """Equal for texts of the same tokens: white space and punctuation make no difference."""
    return int.from_bytes(hashlib.blake2b(hash_tokens([text]).values.tobytes(), digest_size=8).digest(), "big")


def judge_batch(judge: Judge, batch: Batch) -> Verdict:
    """What becomes of some documents, and every match that is in them."""
    texts = batch.table["text"].to_pylist()
    found = judge.finder.find(texts)
    if not found:
        return Verdict(batch.table)
    by_document: dict[int, list[Found]] = {}
    for one in found:
        by_document.setdefault(one.document, []).append(one)
    outcomes = {
        number: _outcome(judge, Document.of(batch.table.slice(number, 1).to_pylist()[0]), own)
        for number, own in by_document.items()
    }
    kept = [_kept(batch.table.slice(number, 1), outcomes.get(number)) for number in range(batch.table.num_rows)]
    rows = [row for outcome in outcomes.values() for row in outcome.matches]
    return Verdict(
        pa.concat_tables([batch.table.slice(0, 0), *(table for table in kept if table is not None)]),
        [outcome.reject for outcome in outcomes.values() if outcome.reject],
        [(outcome.document.doc_id, RULE, outcome.removed) for outcome in outcomes.values() if outcome.removed],
        {"matches": pa.Table.from_pylist(rows, MATCHES)},
    )


@dataclass
class _Outcome:
    """What became of one document that holds an item."""

    document: Document
    matches: list[dict[str, Any]]
    reject: Reject | None = None
    removed: int = 0
    """Paragraphs."""


def _kept(table: pa.Table, outcome: _Outcome | None) -> pa.Table | None:
    if outcome is None or (not outcome.reject and not outcome.removed):
        return table
    return None if outcome.reject else pa.Table.from_pylist([asdict(outcome.document)], table.schema)


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


def _told(folder: Path, facts: Facts, named: NamedItems, accepted: Waivers) -> Facts:
    """The facts with matches by kind and items found; and the same by benchmark, in a file beside the documents."""
    kinds: Counter[str] = Counter()
    items: dict[str, set[int]] = {}
    waived: set[str] = set()
    for row in stream_rows(folder / "matches", ["benchmark", "row", "kind", "action", "waiver"]):
        kinds[f"matches {row['kind']}"] += 1
        kinds["matches waived"] += row["action"] == "waived"
        items.setdefault(row["benchmark"], set()).add(row["row"])
        waived.add(row["waiver"])
    totals = Counter(named.names)
    listing = [
        {
            "benchmark": name,
            "items": totals[name],
            "found": len(items.get(name, ())),
            "rows that are no items": no_items,
        }
        for name, no_items in named.no_items.items()
    ]
    (folder / _ITEM_FACTS).write_text(json.dumps(listing, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    counts = dict(facts.counts) | {"items": len(named.items), "items found": sum(map(len, items.values()))}
    counts |= {name: kinds[name] for name in sorted(kinds) if kinds[name]}
    unused = [str(entry.place) for entry in accepted.entries if f"{entry.by}: {entry.reason}" not in waived]
    note = f"waivers that waive nothing: {', '.join(unused)}" if unused else ""
    return Facts(counts, facts.licences, note=note)


decontaminate = Stage(
    "decontaminate",
    version=1,
    makes=Corpus,
    body=_decontaminate,
    config=DecontaminateConfig,
    libraries=("pyarrow",),
    rules=(("shingles", 1), ("contamination", 1)),
    resumable=True,
)
