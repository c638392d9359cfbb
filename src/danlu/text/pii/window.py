"""A stretch of a text as detectors compare it: width, hyphens and spaces made one, invisible characters taken out.

Every character stands for one of the original, so that a span leads back exactly.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufe00-\ufe0f"
_DROPPED = re.compile(f"[{_INVISIBLE}]")
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t"
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_TABLE = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **{ord(space): " " for space in _SPACES},
    **{ord(hyphen): "-" for hyphen in _HYPHENS},
    **{code: chr(ord("0") + place % 10) for place, code in enumerate(range(0x1D7CE, 0x1D800))},
    ord("﹕"): ":", ord("∶"): ":", ord("•"): "·", ord("・"): "·", ord("‧"): "·",
}  # fmt: skip


@dataclass(frozen=True)
class Window:
    """Normalised text that begins at code point `offset` of a document."""

    text: str
    offset: int
    places: Sequence[int] | None
    """The place of each character in the stretch; None where none was taken out."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a span of `text` stands in the document."""
        if self.places is None:
            return self.offset + start, self.offset + end
        return self.offset + self.places[start], self.offset + self.places[end - 1] + 1


def window_of(stretch: str, offset: int) -> Window:
    """The window over a stretch of a document that begins at `offset`."""
    if stretch.isascii():
        return Window(stretch.replace("\t", " "), offset, None)
    places = None
    if _DROPPED.search(stretch):
        places = [place for place, c in enumerate(stretch) if not _DROPPED.match(c)]
        stretch = _DROPPED.sub("", stretch)
    return Window(stretch.translate(_TABLE), offset, places)
