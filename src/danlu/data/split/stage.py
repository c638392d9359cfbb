"""Split: every document goes to training, validation or test, with all that it is tied to.

The artifact is a corpus of all documents. Each of its parts holds documents of one side alone, `sides.json` says which,
and the table `splits` beside `documents` names the side and the group of every document: so one artifact proves that
nothing is on two sides, and a side is read at no cost (`parts_of_side`) or becomes a corpus of its own (the stage `take`).
"""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from danlu.core.artifacts import Corpus
from danlu.core.errors import UserError
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.core.store import link
from danlu.data.parts import FACTS, parts_of
from danlu.data.shards import finish
from danlu.data.split.groups import group
from danlu.data.split.near import near_edges
from danlu.data.split.roster import NO_TIME, U64, Roster, read_roster, value_of
from danlu.data.split.sides import SIDES, Groups, Shares, assign
from danlu.text.records import DOCUMENTS, EDITS, REJECTS, Reject, part_name
from danlu.text.tables import TableWriter, read_groups, write_rows

SPLITS = pa.schema([(name, pa.string()) for name in ("doc_id", "group", "side")])
SIDES_FILE = "sides.json"
_DROPPED = len(SIDES)
"""The side of a document that has no time where time decides."""


class SplitConfig(Config):
    """What stays together, and which share measures."""

    validation_share: float = Field(0.05, ge=0, lt=1)
    """Share of the documents that validate, 0 to 1; 0 leaves the side out."""
    test_share: float = Field(0.05, ge=0, lt=1)
    """Share of the documents that test, 0 to 1; 0 leaves the side out."""
    near_threshold: float = Field(0.7, ge=0.5, le=1)
    """Jaccard of 5-shingles from which documents stay together. Lower than what deduplication removes: a text that is
    known by seven tenths is known."""
    group_by: tuple[str, ...] = ("source", "url", "conversation")
    """Columns, or fields of `meta`, whose equal values keep documents together; variants stay with their parents in any case."""
    stratify_by: str | None = None
    """`language`, or another column or field of `meta`: each of its values is parted by the same shares."""
    time_field: str | None = None
    """A field of `meta` that holds a date: the newest documents test, those before them validate."""


@dataclass(frozen=True)
class _Shard:
    source: Path
    outcome: Path
    sides_N: NDArray[np.int8]
    """Of the documents of this part."""
    groups_N: U64


@dataclass(frozen=True)
class Decision:
    """Where each of N documents goes."""

    roster: Roster
    groups_N: NDArray[np.int64]
    sides_N: NDArray[np.int8]
    anchors_N: U64
    """The smallest rank in its group."""

    @classmethod
    def of(cls, parts: Sequence[Path], seed: int, config: SplitConfig, edges: NDArray[np.int64]) -> "Decision":
        """Decide from the documents' columns, and from the pairs that resemble each other."""
        roster = read_roster(parts, seed, config.group_by, config.stratify_by, config.time_field)
        if config.stratify_by == "language" and roster.strata == ("und",):
            raise UserError(
                "No document says its language, by which the split is to be stratified",
                "`danlu clean` tells the languages: split what it made.",
            )
        groups_N = group(len(roster.ranks_N), roster.ties_N, edges)
        return cls(roster, groups_N, *_assigned(roster, groups_N, config))


def _split(work: Work, config: SplitConfig, *, documents: Corpus) -> Facts:
    _check_shares(config)
    parts = parts_of(documents)
    decision = Decision.of(parts, work.seed, config, near_edges(work, documents, config.near_threshold))
    shards = list(_shards(work.scratch, parts, decision.sides_N, decision.anchors_N))
    task = partial(_write_part, config.time_field or "")
    finish(work, task, shards)
    counts, licences = _gather(work.folder, [shard.outcome for shard in shards])
    return Facts(counts | _facts(decision, config), licences)


def _check_shares(config: SplitConfig) -> None:
    measures = config.validation_share + config.test_share
    if not 0 < measures < 1:
        raise UserError(
            "split.validation_share + split.test_share is {measures}",
            "Expected more than 0 and less than 1: something must measure and something must train.",
            measures=round(measures, 6),
        )


def _assigned(roster: Roster, groups_N: NDArray[np.int64], config: SplitConfig) -> tuple[NDArray[np.int8], U64]:
    """The side of every document, and the smallest rank in its group."""
    dated_N = roster.times_N > NO_TIME if config.time_field else np.ones(len(groups_N), bool)
    kept = np.flatnonzero(dated_N)
    if config.time_field and not len(kept):
        raise UserError(
            "No document has a date in the field {field} of its meta",
            "Name the field after --set split.time_field=; ISO 8601 dates, years and seconds since 1970 are read.",
            field=config.time_field,
        )
    known = Roster(
        roster.ranks_N[kept],
        (),
        roster.strata_N[kept],
        roster.strata,
        roster.times_N[kept] if config.time_field else roster.times_N,
    )
    _, of_kept = np.unique(groups_N[kept], return_inverse=True)
    groups = Groups.of(known, of_kept)
    shares = Shares(config.validation_share, config.test_share)
    sides_G = assign(groups, shares, stratified=config.stratify_by is not None)
    sides_N = np.full(len(groups_N), _DROPPED, np.int8)
    anchors_N = np.zeros(len(groups_N), np.uint64)
    sides_N[kept], anchors_N[kept] = sides_G[of_kept], groups.ranks_G[of_kept]
    return sides_N, anchors_N


def _shards(scratch: Path, parts: list[Path], sides_N: NDArray[np.int8], anchors_N: U64) -> list[_Shard]:
    import pyarrow.parquet as pq

    shards, start = [], 0
    for number, part in enumerate(parts):
        end = start + pq.read_metadata(part).num_rows
        shards.append(_Shard(part, scratch / f"part-{number:05}", sides_N[start:end], anchors_N[start:end]))
        start = end
    return shards


def _write_part(time_field: str, shard: _Shard) -> None:
    """The documents of one part, each side into a file of its own; a half-written part has another name."""
    if shard.outcome.exists():  # the worker before was killed after its last act
        return
    half = shard.outcome.with_name(f"{shard.outcome.name}.half")
    licences: set[str] = set()
    rejects: list[Reject] = []
    with ExitStack() as files:
        documents, splits = (
            [files.enter_context(TableWriter(half / f"{table}-{name}.parquet", schema)) for name in SIDES]
            for table, schema in (("documents", DOCUMENTS), ("splits", SPLITS))
        )
        start = 0
        for table in read_groups(shard.source):
            sides = shard.sides_N[start : start + table.num_rows]
            for side, name in enumerate(SIDES):
                at = np.flatnonzero(sides == side)
                taken = table.take(at)
                documents[side].add(taken)
                groups = [f"{rank:016x}" for rank in shard.groups_N[start + at].tolist()]
                splits[side].add(pa.table({"doc_id": taken["doc_id"], "group": groups, "side": [name] * len(at)}))
                licences |= set(taken["licence"].unique().to_pylist())
            rejects += _undated(table, sides, time_field)
            start += table.num_rows
    write_rows(half / "rejects.parquet", [asdict(reject) for reject in rejects], REJECTS)
    kept = [writer.rows for writer in documents]
    facts = {"kept": kept, "rejected": len(rejects), "licences": sorted(licences)}
    (half / FACTS).write_text(json.dumps(facts), encoding="utf-8")
    half.rename(shard.outcome)


def _undated(table: pa.Table, sides: NDArray[np.int8], time_field: str) -> list[Reject]:
    at = np.flatnonzero(sides == _DROPPED)
    rows = table.select(["doc_id", "source", "meta"]).take(at).to_pylist()
    said = [value_of(row, json.loads(row["meta"] or "{}"), time_field) for row in rows]
    return [
        Reject(row["doc_id"], row["source"], "no date", f"{time_field} is “{value}”", "a date that can be read")
        for row, value in zip(rows, said, strict=True)
    ]


def _gather(folder: Path, outcomes: list[Path]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Bring the files of all parts into the artifact, one side after the other; parts without documents are left out.

    They stay in the scratch folder too, so that a run that is killed here finds them again.
    """
    facts = [json.loads((outcome / FACTS).read_text(encoding="utf-8")) for outcome in outcomes]
    of_sides: dict[str, list[str]] = {name: [] for name in SIDES}
    for table in ("documents", "splits", "rejects", "edits"):
        (folder / table).mkdir(exist_ok=True)
    number = 0
    for side, name in enumerate(SIDES):
        for outcome, fact in zip(outcomes, facts, strict=True):
            if fact["kept"][side]:
                for table in ("documents", "splits"):
                    link(outcome / f"{table}-{name}.parquet", folder / table / part_name(number))
                of_sides[name].append(part_name(number))
                number += 1
    for at, outcome in enumerate(outcomes):
        link(outcome / "rejects.parquet", folder / "rejects" / part_name(at))
    write_rows(folder / "edits" / part_name(0), [], EDITS)
    (folder / SIDES_FILE).write_text(json.dumps(of_sides, indent=2) + "\n", encoding="utf-8")
    kept, rejected = sum(sum(fact["kept"]) for fact in facts), sum(fact["rejected"] for fact in facts)
    counts = {"input": kept + rejected, "kept": kept, "rejected": rejected}
    counts |= {"rejected: no date": rejected} if rejected else {}
    return counts, tuple(sorted({licence for fact in facts for licence in fact["licences"]}))


def _facts(decision: Decision, config: SplitConfig) -> dict[str, int]:
    """Documents and groups of each side, and documents by stratum."""
    counts: dict[str, int] = {}
    roster = decision.roster
    for side, name in enumerate(SIDES):
        on_side = decision.sides_N == side
        counts[f"documents {name}"] = int(on_side.sum())
        counts[f"groups {name}"] = len(np.unique(decision.groups_N[on_side]))
        if config.stratify_by:
            of_strata = np.bincount(roster.strata_N[on_side], minlength=len(roster.strata)).tolist()
            named = sorted(zip(roster.strata, of_strata, strict=True))
            counts |= {f"side {name}, {config.stratify_by} {stratum}": count for stratum, count in named}
    return counts


split = Stage(
    "split",
    version=1,
    makes=Corpus,
    body=_split,
    config=SplitConfig,
    libraries=("pyarrow",),
    rules=(("shingles", 1), ("split", 1)),
    resumable=True,
)
