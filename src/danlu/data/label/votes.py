"""The votes of all functions on all documents, made in workers part by part, and counted by pattern."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danlu.core.artifacts import Corpus
from danlu.core.shards import finish
from danlu.core.stages import Work
from danlu.data.label.functions import FunctionFile
from danlu.data.label.label_model import U8
from danlu.data.label.records import text_hash
from danlu.data.parts import parts_of
from danlu.text.records import Document
from danlu.text.tables import TableWriter, read_groups

VOTES = pa.schema(
    [(name, pa.string()) for name in ("doc_id", "source", "text_hash", "licence")] + [("votes", pa.binary())]
)


@dataclass(frozen=True)
class _Shard:
    source: Path
    outcome: Path


@dataclass(frozen=True)
class Patterns:
    """Distinct rows of votes, in the order of their bytes, and how many documents have each."""

    votes_PF: U8
    counts_P: NDArray[np.int64]


def cast_votes(work: Work, corpus: Corpus, file: FunctionFile) -> list[Path]:
    """A file of VOTES for each part of the corpus, in the work's scratch folder: what is there already is kept."""
    shards = [_Shard(path, work.scratch / f"votes-{at:05}.parquet") for at, path in enumerate(parts_of(corpus))]
    finish(work, partial(_cast, file), shards)
    return [shard.outcome for shard in shards]


def count_patterns(parts: Sequence[Path], functions: int) -> Patterns:
    """Count equal rows of votes. Memory: one row of bytes for each distinct pattern."""
    counts: Counter[bytes] = Counter()
    for part in parts:
        for group in read_groups(part, ["votes"]):
            counts.update(group["votes"].to_pylist())
    ordered = sorted(counts)
    votes = np.frombuffer(b"".join(ordered), np.uint8).reshape(len(ordered), functions)
    return Patterns(votes, np.array([counts[row] for row in ordered], np.int64))


def read_votes(part: Path) -> Iterator[pa.Table]:
    """A file of VOTES, one row group at a time."""
    return read_groups(part)


def _cast(file: FunctionFile, shard: _Shard) -> None:
    functions = file.load()
    half = shard.outcome.with_suffix(".half")
    with TableWriter(half, VOTES) as table:
        for group in read_groups(shard.source):
            documents = [Document.of(row) for row in group.to_pylist()]
            votes = functions.votes(documents)
            table.add_rows(
                [
                    {
                        "doc_id": document.doc_id, "source": document.source, "licence": document.licence,
                        "text_hash": text_hash(document.text), "votes": row.tobytes(),
                    }
                    for document, row in zip(documents, votes, strict=True)
                ]
            )  # fmt: skip
    half.rename(shard.outcome)
