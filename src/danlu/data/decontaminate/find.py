"""Evaluation items in documents: which, how much of each, and where.

The comparison is that of `danlu prove` (danlu.text.contamination): exact, with small edits, in part by shared n-grams, the
answer alone. Shingles that many items or many documents share are format and boilerplate, licence texts among them, and
count for nothing. Unlike there, every document is found that holds an item, not only the one that holds most of it.
Long documents are looked at in pieces that overlap, so that the cost stays in proportion to the text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from danlu.text.contamination.items import Item
from danlu.text.contamination.overlap import Comparer, Match
from danlu.text.contamination.overlap_index import (
    ANSWER,
    CONTEXT,
    SHINGLE,
    TEXTS_PER_ITEM,
    OverlapIndex,
    Rows,
)  # fmt: skip
from danlu.text.shingles import I64, U64, Hashes, hash_shingles, hash_tokens, token_spans

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


def rows_of(pieces: Sequence[Piece]) -> Rows:
    """The pieces, tokenised; every line is a field, so that a short question is known when it is a line of its own."""
    lines = [piece.text.split("\n") for piece in pieces]
    hashed = hash_tokens([line for own in lines for line in own])
    first_lines = np.concatenate(([0], np.cumsum([len(own) for own in lines]))).astype(np.int64)
    return Rows(range(len(pieces)), Hashes(hashed.values, hashed.starts[first_lines]), hashed.starts)


def shared_shingles(index: OverlapIndex, texts: Sequence[str]) -> tuple[I64, I64]:
    """Which shingles of the items stand in which texts: numbers of shingles, and of texts; each pair once."""
    pieces = pieces_of(texts)
    grams, owners = index.shared(rows_of(pieces))
    documents = np.array([piece.document for piece in pieces], np.int64)[owners]
    unique = np.unique(documents * index.shingle_count + grams)
    return unique % max(index.shingle_count, 1), unique // max(index.shingle_count, 1)


class Finder:
    """Finds the items in batches of texts, once the shingles of the whole corpus are counted."""

    def __init__(self, items: tuple[Item, ...], index: OverlapIndex, comparer: Comparer) -> None:
        self.items, self._index, self._comparer = items, index, comparer

    def find(self, texts: Sequence[str]) -> list[Found]:
        """Each item that is in a text, once, where most of it is; by text, then by item."""
        pieces = pieces_of(texts)
        rows = rows_of(pieces)
        best: dict[tuple[int, int], Match] = {}
        for pair in self._index.pairs(rows):
            match = self._comparer.compare(pair, rows)
            if match:
                key = (pieces[match.row].document, match.item)
                known = best.get(key)
                if known is None or match.order < known.order:
                    best[key] = match
        first_lines = np.cumsum([0, *(piece.text.count("\n") + 1 for piece in pieces)])
        lines_of = [rows.field_starts[start:end] for start, end in pairwise(first_lines.tolist())]
        return [
            self._placed(match, pieces[match.row], rows, lines_of[match.row] - rows.tokens.starts[match.row])
            for _, match in sorted(best.items())
        ]

    def _placed(self, match: Match, piece: Piece, rows: Rows, starts_L: I64) -> Found:
        own = self._index.tokens.of(match.item * TEXTS_PER_ITEM + match.text)
        (first, last), (own_first, own_last) = _densest(own, rows.tokens.of(match.row))
        start, end = _in_lines(piece.text, starts_L, first, last)
        text = text_of(self.items[match.item], match.text)
        return Found(
            match, piece.document, (piece.start + start, piece.start + end), _characters(text, own_first, own_last)
        )


def text_of(item: Item, which: int) -> str:
    """The text of an item that a match is about."""
    return {ANSWER: item.answer, CONTEXT: item.context}.get(which, f"{item.question}\n{item.choices}")


def _densest(own: U64, tokens: U64) -> tuple[Span, Span]:
    """The spans, in tokens of the row and of the item, of most shared shingles within a stretch as long as the item allows."""
    mine, theirs = _shingles(own), _shingles(tokens)
    hits = np.flatnonzero(np.isin(theirs, mine))
    if not len(hits):
        return (0, len(tokens)), (0, len(own))
    room = len(own) + max(4, len(own) // 4)
    ends = np.searchsorted(hits, hits + room)
    best = int(np.argmax(ends - np.arange(len(hits))))
    chosen = hits[best : ends[best]]
    own_hits = np.flatnonzero(np.isin(mine, theirs[chosen]))
    return (int(chosen[0]), int(chosen[-1]) + SHINGLE), (int(own_hits[0]), int(own_hits[-1]) + SHINGLE)


def _in_lines(text: str, starts_L: I64, first: int, last: int) -> Span:
    """The code points of tokens `first` to `last` - 1; line l begins at token `starts_L[l]`. Only two lines are read token by token."""
    lines = text.split("\n")
    ends = []
    for token in (first, last - 1):
        line = int(np.searchsorted(starts_L, token, side="right")) - 1
        inside = token - int(starts_L[line])
        begin = sum(len(one) + 1 for one in lines[:line])
        start, end = _characters(lines[line], inside, inside + 1)
        ends.append((begin + start, begin + end))
    return ends[0][0], ends[1][1]


def _characters(text: str, first: int, last: int) -> Span:
    spans = token_spans(text)
    if not spans:
        return 0, len(text)
    return spans[min(first, len(spans) - 1)][1], spans[min(last, len(spans)) - 1][2]


def _shingles(values: U64) -> U64:
    return hash_shingles(Hashes(values, np.array([0, len(values)])), SHINGLE).values
