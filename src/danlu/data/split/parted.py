"""A corpus written side by side: each part's documents into one file per side, and the files of all parts into the artifact.

A part is one task for a worker. What it wrote stays in the scratch folder, so that a run that is killed finds it again.
"""

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from danlu.core.shards import finish
from danlu.core.stages import Work
from danlu.core.store import link
from danlu.data.reuse import FACTS
from danlu.data.split.roster import U64, value_of
from danlu.data.split.sides import SIDES
from danlu.text.records import DOCUMENTS, EDITS, REJECTS, Reject, part_name
from danlu.text.tables import TableWriter, read_groups, write_rows

SPLITS = pa.schema([(name, pa.string()) for name in ("doc_id", "group", "side")])
SIDES_FILE = "sides.json"
DROPPED = len(SIDES)
"""The side of a document that has no time where time decides."""


@dataclass(frozen=True)
class _Shard:
    source: Path
    outcome: Path
    sides_N: NDArray[np.int8]
    """Of the documents of this part."""
    groups_N: U64


def write_sides(
    work: Work, parts: list[Path], sides_N: NDArray[np.int8], anchors_N: U64, time_field: str
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Write every document to its side, with the number that names its group; returns the counts and the licences."""
    shards = list(_shards(work.scratch, parts, sides_N, anchors_N))
    finish(work, partial(_write_part, time_field), shards)
    return _gather(work.folder, [shard.outcome for shard in shards])


def _shards(scratch: Path, parts: list[Path], sides_N: NDArray[np.int8], anchors_N: U64) -> list[_Shard]:
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
    at = np.flatnonzero(sides == DROPPED)
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
