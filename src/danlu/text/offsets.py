"""Edits to a text, and the map that leads from the edited text back to the text it came from.

All offsets are code points. A map is a list of pieces; a kept piece is equal on both sides, a replaced piece
is known only as a whole, so a position inside it leads back to the whole of what it replaced.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Edit:
    """Replace `text[start:end]` by `replacement`, because of `rule`."""

    start: int
    end: int
    replacement: str
    rule: str


@dataclass(frozen=True)
class Piece:
    """`edited[start:end]` came from `source[source_start:source_end]`; `kept` says that both are equal."""

    start: int
    end: int
    source_start: int
    source_end: int
    kept: bool


@dataclass(frozen=True)
class OffsetMap:
    """Pieces in order, that cover both texts without gaps."""

    pieces: tuple[Piece, ...]

    @cached_property
    def _starts(self) -> list[int]:
        return [piece.start for piece in self.pieces]

    @cached_property
    def _source_starts(self) -> list[int]:
        return [piece.source_start for piece in self.pieces]

    def to_source(self, start: int, end: int) -> tuple[int, int]:
        """The span of the source text that `edited[start:end]` came from; `end` > `start`."""
        first = self.pieces[bisect_right(self._starts, start) - 1]
        last = self.pieces[bisect_right(self._starts, end - 1) - 1]
        source_start = first.source_start + (start - first.start if first.kept else 0)
        source_end = last.source_start + (end - last.start) if last.kept else last.source_end
        return source_start, source_end

    def from_source(self, position: int) -> int:
        """Where a position of the source text is in the edited text; the start of a replaced piece when inside one."""
        piece = self.pieces[max(bisect_right(self._source_starts, position) - 1, 0)]
        if position >= piece.source_end:
            return piece.end
        return piece.start + (position - piece.source_start if piece.kept else 0)

    def after(self, earlier: "OffsetMap") -> "OffsetMap":
        """The map of two rounds of edits, `earlier` first and this one second, back to the first text."""
        composed: list[Piece] = []
        for piece in self.pieces:
            if piece.kept and piece.end > piece.start:
                composed.extend(earlier._cut(piece))
            else:
                composed.append(earlier._whole(piece))
        return OffsetMap(tuple(composed))

    def _cut(self, later: Piece) -> Iterable[Piece]:
        """The pieces of this map inside a kept piece of a later round, in the later round's offsets."""
        shift = later.start - later.source_start
        position = later.source_start
        index = bisect_right(self._starts, position) - 1
        while position < later.source_end:
            piece = self.pieces[index]
            end = min(piece.end, later.source_end)
            source = self.to_source(position, end) if end > position else (piece.source_start, piece.source_end)
            whole = piece.kept or (position == piece.start and end == piece.end)
            yield Piece(position + shift, end + shift, *source, kept=piece.kept and whole)
            position, index = end, index + 1

    def _whole(self, later: Piece) -> Piece:
        if later.source_end > later.source_start:
            source = self.to_source(later.source_start, later.source_end)
        else:
            at = self.pieces[max(bisect_right(self._starts, later.source_start) - 1, 0)]
            point = at.source_start + (later.source_start - at.start if at.kept else 0)
            source = (point, point)
        return Piece(later.start, later.end, *source, kept=False)


def identity(length: int) -> OffsetMap:
    """The map of a text that was not edited."""
    return OffsetMap((Piece(0, length, 0, length, kept=True),))


def apply(text: str, edits: Sequence[Edit]) -> tuple[str, OffsetMap]:
    """Apply edits, which are sorted and do not overlap; returns the edited text and its map back to `text`."""
    parts: list[str] = []
    pieces: list[Piece] = []
    position = length = 0
    for edit in edits:
        if edit.start > position:
            parts.append(text[position : edit.start])
            pieces.append(Piece(length, length + edit.start - position, position, edit.start, kept=True))
            length += edit.start - position
        parts.append(edit.replacement)
        pieces.append(Piece(length, length + len(edit.replacement), edit.start, edit.end, kept=False))
        length += len(edit.replacement)
        position = edit.end
    if position < len(text) or not pieces:
        parts.append(text[position:])
        pieces.append(Piece(length, length + len(text) - position, position, len(text), kept=True))
    return "".join(parts), OffsetMap(tuple(pieces))
