"""What differs between two near duplicates, word by word, and character by character where text has no spaces."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from danlu.text.language import HAN

MOST_PIECES = 5000
"""Pieces of each text that are compared: matching takes the square of it at worst, about a second."""
_PIECE = re.compile(rf"[{HAN}]|[\u3040-\u30ff]|[^\W{HAN}\u3040-\u30ff]+|\s+|[^\w\s]")


@dataclass(frozen=True)
class Change:
    """One stretch of both texts: equal, or what each of them has there."""

    kept: str
    removed: str

    @property
    def is_equal(self) -> bool:
        """Whether both texts have the same there."""
        return self.kept == self.removed


def changes(kept: str, removed: str) -> Iterator[Change]:
    """Both texts in stretches, in order. White space of any kind is one blank; only the first `MOST_PIECES` are compared."""
    ours, theirs = _pieces(kept), _pieces(removed)
    for _, i, j, m, n in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        yield Change("".join(ours[i:j]), "".join(theirs[m:n]))


def _pieces(text: str) -> list[str]:
    pieces = (match.group() for match in _PIECE.finditer(text))
    return [" " if piece.isspace() else piece for piece, _ in zip(pieces, range(MOST_PIECES), strict=False)]
