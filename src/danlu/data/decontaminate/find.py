"""Evaluation items in documents: which, how much of each, and where.

The comparison is that of `danlu prove` (danlu.text.contamination): exact, with small edits, in part by shared n-grams, the
answer alone. Shingles that many items or many documents share are format and boilerplate, licence texts among them, and
count for nothing. Unlike there, every document is found that holds an item, not only the one that holds most of it.
Long documents are looked at in pieces that overlap, so that the cost stays in proportion to the text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pyarrow as pa

from danlu.text.contamination.items import Item
from danlu.text.contamination.overlap import Comparer, Match
from danlu.text.contamination.overlap_index import ANSWER, CONTEXT, SHINGLE, TEXTS_PER_ITEM, OverlapIndex, Rows
from danlu.text.contamination.resemblance import Runs
from danlu.text.shingles import I64, U64
from danlu.text.token_places import Places, token_places

PIECE_CHARACTERS, OVERLAP_CHARACTERS = 60_000, 8_000
Span = tuple[int, int]


@dataclass(frozen=True)
class Piece:
    """Whole lines of a document."""

    document: int
    """Position in the batch."""
    start: int
    """Code point in the document."""
    text: str


@dataclass(frozen=True)
class Found:
    """An item in a document, with the spans of both that resemble each other most, in code points."""

    match: Match
    document: int
    span: Span
    item_span: Span
    """In the text of the item that `match.text` names."""


def pieces_of(texts: Sequence[str]) -> list[Piece]:
    """Each text, or its overlapping pieces when it is long."""
    return [piece for number, text in enumerate(texts) for piece in _pieces(number, text)]


def _pieces(number: int, text: str) -> Iterator[Piece]:
    start = 0
    while len(text) - start > PIECE_CHARACTERS:
        cut = text.rfind("\n", start + OVERLAP_CHARACTERS, start + PIECE_CHARACTERS)
        end = cut + 1 if cut >= 0 else start + PIECE_CHARACTERS
        yield Piece(number, start, text[start:end])
        back = text.find("\n", end - OVERLAP_CHARACTERS, end - 1)
        start = back + 1 if back >= 0 else end - OVERLAP_CHARACTERS
    yield Piece(number, start, text[start:])


@dataclass(frozen=True)
class Read:
    """Pieces, tokenised, and where each token stands in its piece."""

    pieces: Sequence[Piece]
    rows: Rows
    places: Places

    @classmethod
    def of(cls, pieces: Sequence[Piece]) -> "Read":
        """Every line is a field, so that a short question is known when it is a line of its own."""
        places = token_places(pa.array([piece.text for piece in pieces], pa.large_string()))
        starts = places.hashes.starts
        fields = [
            start + np.searchsorted(places.begins[start:end], _line_starts(piece.text))
            for piece, (start, end) in zip(pieces, pairwise(starts.tolist()), strict=True)
        ]
        field_starts = np.concatenate([*fields, starts[-1:]])
        return cls(pieces, Rows(range(len(pieces)), places.hashes, field_starts), places)

    def span(self, row: int, first: int, last: int) -> Span:
        """The code points of the document that tokens `first` to `last` - 1 of a piece came from."""
        start = int(self.rows.tokens.starts[row])
        shift = self.pieces[row].start
        return shift + int(self.places.begins[start + first]), shift + int(self.places.ends[start + last - 1])


def _line_starts(text: str) -> I64:
    """Where lines begin, in code points."""
    return np.cumsum([0, *(len(line) + 1 for line in text.split("\n")[:-1])])


class Finder:
    """Finds the items in batches of texts, once the shingles of the whole corpus are counted."""

    def __init__(self, items: tuple[Item, ...], index: OverlapIndex, comparer: Comparer) -> None:
        self.items, self._index, self._comparer = items, index, comparer

    def find(self, texts: Sequence[str]) -> list[Found]:
        """Each item that is in a text, once, where most of it is; by text, then by item."""
        read = Read.of(pieces_of(texts))
        best: dict[tuple[int, int], Match] = {}
        for pair in self._index.pairs(read.rows):
            match = self._comparer.compare(pair, read.rows)
            if match:
                key = (read.pieces[match.row].document, match.item)
                known = best.get(key)
                if known is None or match.order < known.order:
                    best[key] = match
        return [self._placed(match, read) for _, match in sorted(best.items())]

    def _placed(self, match: Match, read: Read) -> Found:
        own = self._comparer.texts.of(match.item * TEXTS_PER_ITEM + match.text).shingles
        (first, last), (own_first, own_last) = _densest(own, read.rows.tokens.of(match.row))
        in_item = _places_of(text_of(self.items[match.item], match.text))
        item_span = int(in_item.begins[own_first]), int(in_item.ends[own_last - 1])
        return Found(match, read.pieces[match.row].document, read.span(match.row, first, last), item_span)


def text_of(item: Item, which: int) -> str:
    """The text of an item that a match is about."""
    return {ANSWER: item.answer, CONTEXT: item.context}.get(which, f"{item.question}\n{item.choices}")


@lru_cache(1024)
def _places_of(text: str) -> Places:
    return token_places(pa.array([text], pa.large_string()))


def _densest(own: Runs, tokens: U64) -> tuple[Span, Span]:
    """The spans, in tokens of the row and of the item, of most shared shingles within a stretch as long as the item allows."""
    places = own.places_in(tokens)
    hits, length = places.at_M, len(own.tokens)
    if not len(hits):
        return (0, len(tokens)), (0, length)
    ends = np.searchsorted(hits, hits + length + max(4, length // 4))
    best = int(np.argmax(ends - np.arange(len(hits))))
    chosen = hits[best : ends[best]]
    own_hits = np.flatnonzero(own.found(places.which_M[best : ends[best]])[own.number_S])
    return (int(chosen[0]), int(chosen[-1]) + SHINGLE), (int(own_hits[0]), int(own_hits[-1]) + SHINGLE)
