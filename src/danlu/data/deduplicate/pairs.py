"""The pairs of near duplicates that a deduplicated corpus lists, with both texts."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from danlu.core.artifacts import Corpus
from danlu.core.errors import UserError
from danlu.text.tables import read_groups, read_rows


@dataclass(frozen=True)
class Side:
    """One document of a pair."""

    doc_id: str
    source: str
    text: str


@dataclass(frozen=True)
class Pair:
    """A document that stayed and one that went for it."""

    kept: Side
    removed: Side
    jaccard: float
    bands: int


def least_similar(corpus: Corpus, limit: int) -> list[Pair]:
    """Near duplicates with both texts, the least similar first: what to look at before trusting a threshold.

    Reads the corpus once. Raises UserError when the corpus lists no pairs.
    """
    folder = corpus.path / "pairs"
    if not folder.is_dir():
        raise UserError(
            "{folder} lists no duplicates",
            "Name a folder that `danlu deduplicate` wrote.",
            folder=corpus.path,
        )
    near = (row for row in read_rows(folder) if row["text"] is not None)
    chosen = heapq.nsmallest(limit, near, key=lambda row: (row["jaccard"], row["removed"]))
    kept = {
        row["doc_id"]: row
        for row in find_documents(corpus.documents, {row["kept"] for row in chosen}, ["source", "text"])
    }
    gone = {
        row["doc_id"]: row
        for row in find_documents(corpus.path / "rejects", {row["removed"] for row in chosen}, ["source"])
    }
    return [
        Pair(
            Side(row["kept"], kept[row["kept"]]["source"], kept[row["kept"]]["text"]),
            Side(row["removed"], gone[row["removed"]]["source"], row["text"]),
            row["jaccard"],
            row["bands"],
        )
        for row in chosen
    ]


def find_documents(folder: Path, doc_ids: set[str], columns: list[str]) -> Iterator[dict[str, Any]]:
    """Some columns of the rows with these doc_ids, reading the folder once."""
    wanted = pa.array(sorted(doc_ids), pa.string())
    for group in read_groups(folder, ["doc_id", *columns]):
        yield from group.filter(pc.is_in(group["doc_id"].cast(pa.string()), wanted)).to_pylist()
