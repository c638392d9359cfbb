"""Which passages of a document stand elsewhere, and where: the decisions about them, compared token by token once more.

Letters in shapes: T tokens, R matches.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from danlu.data.deduplicate.passages import Passages
from danlu.text.shingles import I64

PASSAGES = pa.schema(
    [(name, pa.string()) for name in ("doc_id", "kept")]
    + [(name, pa.int64()) for name in ("start", "end", "kept_start", "kept_end", "tokens")]
    + [("text", pa.large_string())]
)
"""Every passage that was cut, with the document that keeps it. Places are code points of the texts that the stage was given."""


class Found(NamedTuple):
    """What was found in one document."""

    cuts: list[tuple[int, int]]
    """Stretches of its text to take out, in order."""
    rows: list[dict[str, Any]]
    """Of PASSAGES."""


@dataclass(frozen=True)
class Cuts:
    """The decisions about a corpus; the files of each part are mapped when they are first looked at."""

    passages: Passages

    @cached_property
    def _parts(self) -> dict[int, "PartCuts"]:
        return {}

    @cached_property
    def starts(self) -> I64:
        """Where the tokens of each part begin, counted over all parts."""
        return self.passages.starts()

    def part(self, number: int) -> "PartCuts":
        """Those about one part."""
        return self._parts.setdefault(number, PartCuts(self, number))


@dataclass(frozen=True)
class PartCuts:
    """The decisions about one part."""

    whole: Cuts
    number: int

    @cached_property
    def documents(self) -> pa.Table:
        """Of danlu.data.deduplicate.passage_parts.DOCUMENTS."""
        return self.whole.passages.part(self.number).documents()

    @cached_property
    def starts(self) -> I64:
        """Where the tokens of each document begin, and how many tokens there are."""
        return np.append(self.documents["start"].to_numpy(), self.whole.passages.part(self.number).size)

    @cached_property
    def _positions(self) -> I64:
        return np.asarray(self.documents["position"].to_numpy())

    @cached_property
    def _columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        part = self.whole.passages.part(self.number)
        return part.tokens(), part.begins(), part.ends()

    @cached_property
    def _doc_ids(self) -> list[str]:
        found: list[str] = self.documents["doc_id"].to_pylist()
        return found

    def document(self, at: int) -> "_Text":
        """One of the documents."""
        here = slice(*self.starts[at : at + 2].tolist())
        return _Text(self._doc_ids[at], *(column[here] for column in self._columns))

    def gone(self, positions: I64) -> dict[int, tuple[int, int]]:
        """Rows of a batch with too little left: how many tokens, and of how many."""
        left = self.whole.passages.left(self.number)
        rows = {row: at for row, at in self._rows(positions) if left[at, 1]}
        return {row: (int(left[at, 0]), int(self.starts[at + 1] - self.starts[at])) for row, at in rows.items()}

    def found(self, positions: I64) -> Iterator[tuple[int, Found]]:
        """Rows of a batch that change."""
        matches = self.whole.passages.matches(self.number)
        for row, at in self._rows(positions):
            low, high = np.searchsorted(matches[:, 0], self.starts[at : at + 2])
            found = self._found(at, np.asarray(matches[low:high])) if high > low else None
            if found and found.cuts:
                yield row, found

    def _rows(self, positions: I64) -> list[tuple[int, int]]:
        """Rows of a batch and their place among the documents that may have a repeated passage."""
        places = np.searchsorted(self._positions, positions)
        inside = np.flatnonzero(places < len(self._positions))
        return [(row, int(places[row])) for row in inside.tolist() if self._positions[places[row]] == positions[row]]

    def _found(self, at: int, matches_R3: I64) -> Found:
        text, first = self.document(at), int(self.starts[at])
        is_cut, rows = np.zeros(len(text.tokens_T) + 2, bool), []
        for start, end, witness in (matches_R3 - [first, first, 0]).tolist():
            kept, low = self._text_at(witness)
            high = low + end - start
            if not np.array_equal(text.tokens_T[start:end], kept.tokens_T[low:high]):
                continue  # one hash of 64 bits for two passages
            is_cut[start + 1 : end + 1] = True
            places = text.span(start, end), kept.span(low, high)
            if places[0] and places[1]:
                names = ("start", "end", "kept_start", "kept_end")
                row = dict(zip(names, (*places[0], *places[1]), strict=True))
                rows.append(row | {"doc_id": text.doc_id, "kept": kept.doc_id, "tokens": end - start})
        borders = np.flatnonzero(np.diff(is_cut)).tolist()
        spans = [text.span(low, high) for low, high in zip(borders[::2], borders[1::2], strict=True)]
        return Found([span for span in spans if span], rows)

    def _text_at(self, witness: int) -> tuple["_Text", int]:
        """The document that has a token of the corpus, and which of its tokens that is."""
        number = int(np.searchsorted(self.whole.starts, witness, side="right")) - 1
        part, token = self.whole.part(number), witness - int(self.whole.starts[number])
        at = int(np.searchsorted(part.starts, token, side="right")) - 1
        return part.document(at), token - int(part.starts[at])


class _Text(NamedTuple):
    """A document's tokens, and where each begins and ends."""

    doc_id: str
    tokens_T: np.ndarray
    begins_T: np.ndarray
    ends_T: np.ndarray

    def span(self, low: int, high: int) -> tuple[int, int] | None:
        """The code points of some tokens; without those of a sign that is not there with all of its tokens."""
        while 0 < low < high and self.begins_T[low] < self.ends_T[low - 1]:
            low += 1
        while low < high < len(self.begins_T) and self.begins_T[high] < self.ends_T[high - 1]:
            high -= 1
        return (int(self.begins_T[low]), int(self.ends_T[high - 1])) if low < high else None
