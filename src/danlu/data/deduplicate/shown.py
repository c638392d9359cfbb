"""What a deduplicated corpus says was cut out of its documents: passages with both places, and lines."""

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from danlu.core.artifacts import Corpus
from danlu.core.errors import UserError
from danlu.data.deduplicate.pairs import find_documents
from danlu.text.shingles import hash_tokens
from danlu.text.tables import stream_rows
from danlu.text.token_places import token_places


@dataclass(frozen=True)
class Place:
    """A passage in a document."""

    doc_id: str
    source: str
    start: int
    """Code points: of the text before the cut where the passage went, of the text as it is now where it stays."""
    end: int
    text: str


@dataclass(frozen=True)
class CutPassage:
    """A passage that was cut, and where it stays."""

    tokens: int
    cut: Place
    kept: Place


def longest_passages(corpus: Corpus, limit: int) -> list[CutPassage]:
    """The longest passages that were cut, the longest first. Raises UserError when the corpus lists neither passages nor lines."""
    chosen = heapq.nlargest(
        limit, _rows(corpus, "passages"), key=lambda row: (row["tokens"], row["doc_id"], -row["start"])
    )
    wanted = {row[name] for row in chosen for name in ("doc_id", "kept")}
    documents = {row["doc_id"]: row for row in find_documents(corpus.documents, wanted, ["source", "text"])}
    return [_passage(row, documents[row["doc_id"]], documents[row["kept"]]) for row in chosen]


def commonest_lines(corpus: Corpus, limit: int) -> list[dict[str, Any]]:
    """Lines that were cut from all documents but one, those of most documents first. Raises UserError as above."""
    return heapq.nlargest(limit, _rows(corpus, "lines"), key=lambda row: (row["documents"], row["of"], row["line"]))


def _rows(corpus: Corpus, table: str) -> list[dict[str, Any]]:
    if not any((corpus.path / name).is_dir() for name in ("passages", "lines")):
        raise UserError(
            "{folder} lists no repeated passages or lines",
            "Name a folder that `danlu deduplicate` wrote with `--set deduplicate.passage_tokens=50` or `--set deduplicate.folder_lines=cut`.",
            folder=corpus.path,
        )
    folder = corpus.path / table
    return list(stream_rows(folder)) if folder.is_dir() else []


def _passage(row: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> CutPassage:
    cut = Place(ours["doc_id"], ours["source"], row["start"], row["end"], row["text"])
    start, end = _find(theirs["text"], row["text"])
    return CutPassage(
        row["tokens"], cut, Place(theirs["doc_id"], theirs["source"], start, end, theirs["text"][start:end])
    )


def _find(text: str, passage: str) -> tuple[int, int]:
    """Where the tokens of a passage stand in a text."""
    places, wanted = token_places(pa.array([text])), hash_tokens([passage]).values
    runs = np.lib.stride_tricks.sliding_window_view(places.hashes.values, len(wanted))
    first = int(np.flatnonzero((runs == wanted).all(axis=1))[0])
    return int(places.begins[first]), int(places.ends[first + len(wanted) - 1])
