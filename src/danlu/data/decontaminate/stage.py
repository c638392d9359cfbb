"""Decontaminate: evaluation items leave the corpus, or their paragraphs do, or they are only reported.

Two passes over the documents. The first counts in how many distinct documents each shingle of an item stands, since one
that is everywhere is no content; the second reads again what shares enough with an item, and compares. Memory follows the
evaluation items, beside some 60 bytes for each document that shares a shingle with one of them. Every match lies in the table `matches`, with the spans of both sides, whatever
became of the document.
"""

import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import Field

from danlu.core.artifacts import Corpus
from danlu.core.errors import UserError
from danlu.core.outside import DataFile
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.data.decontaminate.benchmarks import Benchmarks, NamedItems, read_benchmarks
from danlu.data.decontaminate.count import count, worth_looking_at
from danlu.data.decontaminate.find import Finder
from danlu.data.decontaminate.judge import CHECKS, MATCHES, Judge, judge_batch
from danlu.data.parts import check_any_kept, map_parts
from danlu.text.contamination.overlap import Bounds, Comparer
from danlu.text.contamination.overlap_index import ENOUGH_SHINGLES, SHINGLE, OverlapIndex
from danlu.text.tables import stream_rows
from danlu.text.waivers import Waivers, read_waivers

_ITEM_FACTS = "benchmarks.json"


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


def _decontaminate(
    work: Work, config: DecontaminateConfig, *, documents: Corpus, against: Benchmarks, waivers: DataFile | None = None
) -> Facts:
    accepted = _read_waivers(waivers)
    named = read_benchmarks(against, _columns(config))
    enough = min(ENOUGH_SHINGLES, max(1, config.part_words - SHINGLE + 1))
    index = OverlapIndex(named.items, max_led=None, enough=enough)
    index.counted(*count(work, documents, index))
    bounds = Bounds(config.window_words, config.window_han, config.part_share, config.part_words)
    finder = Finder(named.items, index, Comparer(named.items, index, bounds))
    judge = Judge(finder, named.names, accepted, config.policy, partial(worth_looking_at, index, work.scratch))
    facts = map_parts(work, documents, partial(judge_batch, judge), beside={"matches": MATCHES})
    return check_any_kept(_told(work.folder, facts, named, accepted), "decontaminate")


def check_inputs(config: DecontaminateConfig, against: Benchmarks, waivers: DataFile | None) -> None:
    """Raises UserError for columns, waivers and benchmarks that cannot be read, before the documents are. Reads the benchmarks once more."""
    _read_waivers(waivers)
    read_benchmarks(against, _columns(config))


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
    version=2,
    makes=Corpus,
    body=_decontaminate,
    config=DecontaminateConfig,
    libraries=("pyarrow",),
    rules=(("shingles", 1), ("contamination", 1)),
    resumable=True,
)
