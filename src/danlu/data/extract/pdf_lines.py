"""The lines of a PDF page with their places, over pdfium.

pdfium gives a page's characters in the file's own order and breaks them into lines. A line's place is asked for as the
rectangles of its text objects (a handful of calls a line; a box for every character would halve the speed). Where they leave a wide gap, the words are measured and the line is cut into pieces: cells of a row, or
two columns that were written as one line.
Coordinates are points from the page's top left corner as it is shown, whatever its rotation.
"""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from danlu.text.language import HAN

GAP_EM = 1.0
"""A gap wider than this many font sizes parts two pieces: justified text stretches its spaces to about 0.8."""
_BREAK = re.compile("\r\n|[\r\n]|(?<=[\ufffe\x02])")
"""pdfium writes a hyphen at a line's end as U+FFFE (older: U+0002) and runs the next line on: a line ends there too."""
_WORD = re.compile(r"\S+")
_SPACED_HAN = re.compile(f"(?<=[{HAN}]) (?=[{HAN}])")
_HAN_PAIR = re.compile(f"[{HAN}](?= ?[{HAN}])")
_HAN_RUN = re.compile(f"[{HAN}]+")
_STRETCHED = 1.2
"""A line this much wider than its letters has wide gaps inside one text object."""
_FIXED_PITCH = 1
_FIXED_NAME = re.compile(rb"mono|courier|consol|typewriter|menlo|cmtt|fixed", re.IGNORECASE)
_BOLD_NAME = re.compile(rb"bold|black|heavy|demi|cmbx|medi(?![a-z])", re.IGNORECASE)


_Box = tuple[float, float, float, float]
_Face = tuple[float, bool, bool]
"""Size in points, bold, fixed."""


@dataclass(slots=True)
class Line:
    """A run of text on one line. `size` is the font's height in points; the rest are points from the top left."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float
    bold: bool = False
    fixed: bool = False
    """Set in a typewriter face: a program, a command, its output."""

    @property
    def width(self) -> float:
        """Points."""
        return self.right - self.left

    @property
    def middle(self) -> float:
        """Height of its middle, in points from the top."""
        return (self.top + self.bottom) / 2

    @property
    def upright(self) -> bool:
        """Whether it runs across the page: a stamp up the margin or the label of an axis does not."""
        return len(self.text) < 4 or self.bottom - self.top <= 2 * self.width


def page_lines(page: Any) -> list[Line]:
    """The lines of a page in the file's own order, those beside the page left out."""
    text_page = page.get_textpage()
    try:
        turn = _Turn(page.get_rotation(), *page.get_size(), *page.get_bbox()[:2])
        lines = [Line(text, *turn.box(box), *face) for text, box, face in _Measure(text_page).lines()]
    finally:
        text_page.close()
    return [
        line
        for line in lines
        if line.right > 0 and line.left < turn.width and line.bottom > 0 and line.top < turn.height
    ]


@dataclass(frozen=True)
class _Turn:
    """From the file's coordinates (up from the bottom, before rotation) to points from the top left as shown."""

    degrees: int
    width: float
    height: float
    left: float
    bottom: float

    def box(self, box: _Box) -> _Box:
        """(left, top, right, bottom) as shown of (left, bottom, right, top) in the file."""
        x0, y0, x1, y1 = box[0] - self.left, box[1] - self.bottom, box[2] - self.left, box[3] - self.bottom
        if self.degrees == 90:
            return y0, x0, y1, x1
        if self.degrees == 180:
            return self.width - x1, y0, self.width - x0, y1
        if self.degrees == 270:
            return self.width - y1, self.height - x1, self.width - y0, self.height - x0
        return x0, self.height - y1, x1, self.height - y0


class _Measure:
    """Asks one text page for boxes and fonts."""

    def __init__(self, text_page: Any) -> None:
        import pypdfium2.raw as pdfium

        self._pdfium = pdfium
        self._raw = text_page.raw
        self._text: str = text_page.get_text_range()
        self._straight = pdfium.FPDFText_CountChars(self._raw) == len(self._text)
        self._sides = [ctypes.c_double() for _ in range(4)]
        self._name = ctypes.create_string_buffer(128)
        self._flags = ctypes.c_int()
        self._faces: dict[tuple[bytes, int], tuple[bool, bool]] = {}

    def lines(self) -> Iterator[tuple[str, _Box, _Face]]:
        start = 0
        for mark in [*_BREAK.finditer(self._text), None]:
            end = mark.start() if mark else len(self._text)
            yield from self._pieces(start, end)
            start = mark.end() if mark else end

    def _pieces(self, start: int, end: int) -> Iterator[tuple[str, _Box, _Face]]:
        """The line from `start` to `end`, cut where its text objects stand apart."""
        words = list(_WORD.finditer(self._text, start, end))
        if not words:
            return
        start, end = words[0].start(), words[-1].end()
        boxes = self._boxes(start, end)
        if not boxes:
            return
        size, _, fixed = face = self._font(start, end, boxes)
        whole = _around(boxes)
        pieces = [(start, end, whole)]
        if len(words) > 1 and not fixed and whole[3] - whole[1] <= whole[2] - whole[0]:
            stretched = whole[2] - whole[0] > _STRETCHED * size * _usual_ems(self._text[start:end])
            if stretched or _widest_gap(boxes) > GAP_EM * size:
                pieces = self._cut(words, size)
        for begin, stop, box in pieces:
            text = self._text[begin:stop]
            yield text if text.isascii() and text.isprintable() else _unspaced(text.translate(_HYPHENS)), box, face

    def _cut(self, words: list[re.Match[str]], size: float) -> list[tuple[int, int, _Box]]:
        pieces: list[tuple[int, int, _Box]] = []
        for word in words:
            boxes = self._boxes(word.start(), word.end())
            if not boxes:
                continue
            box = _around(boxes)
            if pieces and -size < box[0] - pieces[-1][2][2] <= GAP_EM * size:
                pieces[-1] = (pieces[-1][0], word.end(), _around([pieces[-1][2], box]))
            else:
                pieces.append((word.start(), word.end(), box))
        return pieces

    def _boxes(self, start: int, end: int) -> list[_Box]:
        """(left, bottom, right, top) of each text object between two characters, in the file's coordinates."""
        first, stop = self._index(start), self._index(end - 1) + 1
        left, top, right, bottom = self._sides
        boxes = []
        get = self._pdfium.FPDFText_GetRect
        for number in range(self._pdfium.FPDFText_CountRects(self._raw, first, stop - first)):
            if get(self._raw, number, left, top, right, bottom):
                boxes.append((left.value, bottom.value, right.value, top.value))
        return boxes

    def _index(self, position: int) -> int:
        """The character list counts characters that the text leaves out."""
        return position if self._straight else int(self._pdfium.FPDFText_GetCharIndexFromTextIndex(self._raw, position))

    def _font(self, start: int, end: int, boxes: list[_Box]) -> _Face:
        """Size, and whether the line both begins and ends in a bold or a typewriter face."""
        bold, fixed = self._face(start)
        if bold or fixed:
            last = self._face(end - 1)
            bold, fixed = bold and last[0], fixed and last[1]
        size = float(self._pdfium.FPDFText_GetFontSize(self._raw, self._index(start)))
        # Some files set everything in size 1 and scale it: then the letters' own height tells, about 0.7 of the size.
        height = max(box[3] - box[1] for box in boxes)
        return (size if 0.4 * size < height < 2.5 * size else height / 0.7) or 1.0, bold, fixed

    def _face(self, position: int) -> tuple[bool, bool]:
        index = self._index(position)
        length = self._pdfium.FPDFText_GetFontInfo(self._raw, index, self._name, 128, self._flags)
        key = self._name.value if 0 < length <= 128 else b"", self._flags.value
        face = self._faces.get(key)
        if face is None:
            bold = bool(_BOLD_NAME.search(key[0])) or self._pdfium.FPDFText_GetFontWeight(self._raw, index) >= 600
            face = self._faces[key] = bold, bool(key[1] & _FIXED_PITCH) or bool(_FIXED_NAME.search(key[0]))
        return face


_HYPHENS = str.maketrans({"\ufffe": "-", "\x02": "-", "\r": None, "\n": None})


def _unspaced(text: str) -> str:
    """Letter-spaced Chinese is read without the spaces: where most neighbours are parted, none was meant."""
    spaced = len(_SPACED_HAN.findall(text))
    return _SPACED_HAN.sub("", text) if spaced and spaced * 2 > len(_HAN_PAIR.findall(text)) > 2 else text


def _widest_gap(boxes: list[_Box]) -> float:
    """The widest space between text objects, in points; a step back to the left counts as one."""
    if len(boxes) == 1:
        return 0.0
    widest, reach = 0.0, boxes[0][2]
    for box in boxes[1:]:
        widest = max(widest, box[0] - reach)
        reach = max(reach, box[2])
    return widest


def _usual_ems(text: str) -> float:
    """How wide a text usually is, in font sizes."""
    return 0.5 * len(text) + 0.5 * sum(map(len, _HAN_RUN.findall(text)))


def _around(boxes: list[_Box]) -> _Box:
    if len(boxes) == 1:
        return boxes[0]
    lefts, lows, rights, highs = zip(*boxes, strict=True)
    return min(lefts), min(lows), max(rights), max(highs)
