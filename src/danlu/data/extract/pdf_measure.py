"""The lines of one text page of pdfium, each with the box of its letters and its face.

pdfium gives a page's characters in the file's own order and breaks them into lines. A line's place is asked for as the rectangles
of its text objects (a handful of calls a line; a box for every character would halve the speed). Where they leave a wide gap, the
words are measured and the line is cut into pieces: cells of a row, or two columns that were written as one line.
"""

import ctypes
import re
from collections.abc import Iterator
from math import hypot
from typing import Any

from danlu.text.language import HAN

_GAP_EM = 1.0
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

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in points, up from the bottom left as the file counts them."""
Face = tuple[float, bool, bool]
"""Size in points, bold, fixed."""


class Measure:
    """Asks one text page for boxes and fonts."""

    def __init__(self, text_page: Any) -> None:
        import pypdfium2.raw as pdfium

        self._pdfium = pdfium
        self._raw = text_page.raw
        self._count_rects, self._get_rect = pdfium.FPDFText_CountRects, pdfium.FPDFText_GetRect
        self._text: str = text_page.get_text_range()
        self._straight = pdfium.FPDFText_CountChars(self._raw) == len(self._text)
        self._sides = [ctypes.c_double() for _ in range(4)]
        self._name = ctypes.create_string_buffer(128)
        self._flags = ctypes.c_int()
        self._matrix = pdfium.FS_MATRIX()
        self._faces: dict[tuple[bytes, int], tuple[bool, bool]] = {}

    def lines(self) -> Iterator[tuple[str, Box, Face]]:
        """Each line in the file's own order."""
        start = 0
        for mark in [*_BREAK.finditer(self._text), None]:
            end = mark.start() if mark else len(self._text)
            if end > start:
                yield from self._pieces(start, end)
            start = mark.end() if mark else end

    def _pieces(self, start: int, end: int) -> Iterator[tuple[str, Box, Face]]:
        """The line from `start` to `end`, cut where its text objects stand apart."""
        line = self._text[start:end]
        text = line.strip()
        if not text:
            return
        start += len(line) - len(line.lstrip())
        end = start + len(text)
        boxes = self._boxes(start, end)
        if not boxes:
            return
        size, _, fixed = face = self._font(start, end, boxes)
        whole = _around(boxes)
        pieces = [(start, end, whole)]
        if not fixed and whole[3] - whole[1] <= whole[2] - whole[0]:
            stretched = whole[2] - whole[0] > _STRETCHED * size * _usual_ems(text)
            if (stretched or _widest_gap(boxes) > _GAP_EM * size) and len(text.split(None, 1)) > 1:
                pieces = self._cut(list(_WORD.finditer(self._text, start, end)), size)
        for begin, stop, box in pieces:
            text = self._text[begin:stop]
            yield text if text.isascii() and text.isprintable() else _unspaced(text.translate(_HYPHENS)), box, face

    def _cut(self, words: list[re.Match[str]], size: float) -> list[tuple[int, int, Box]]:
        pieces: list[tuple[int, int, Box]] = []
        for word in words:
            boxes = self._boxes(word.start(), word.end())
            if not boxes:
                continue
            box = _around(boxes)
            if pieces and -size < box[0] - pieces[-1][2][2] <= _GAP_EM * size:
                pieces[-1] = (pieces[-1][0], word.end(), _around([pieces[-1][2], box]))
            else:
                pieces.append((word.start(), word.end(), box))
        return pieces

    def _boxes(self, start: int, end: int) -> list[Box]:
        """(left, bottom, right, top) of each text object between two characters, in the file's coordinates."""
        first, stop = self._index(start), self._index(end - 1) + 1
        raw, (left, top, right, bottom), get = self._raw, self._sides, self._get_rect
        return [
            (left.value, bottom.value, right.value, top.value)
            for number in range(self._count_rects(raw, first, stop - first))
            if get(raw, number, left, top, right, bottom)
        ]

    def _index(self, position: int) -> int:
        """The character list counts characters that the text leaves out."""
        return position if self._straight else int(self._pdfium.FPDFText_GetCharIndexFromTextIndex(self._raw, position))

    def _font(self, start: int, end: int, boxes: list[Box]) -> Face:
        """Size, and whether the line both begins and ends in a bold or a typewriter face."""
        bold, fixed = self._face(start)
        if bold or fixed:
            last = self._face(end - 1)
            bold, fixed = bold and last[0], fixed and last[1]
        size = self._size(self._index(start))
        # A font may have letters of another size than it says: then their own height tells, about 0.7 of the size.
        height = max(box[3] - box[1] for box in boxes)
        return (size if 0.4 * size < height < 2.5 * size else height / 0.7) or 1.0, bold, fixed

    def _size(self, index: int) -> float:
        """The size as it is shown: programs set text in another one (browsers in 50, some in 1) and scale it."""
        size = float(self._pdfium.FPDFText_GetFontSize(self._raw, index))
        matrix = self._matrix
        return size * hypot(matrix.c, matrix.d) if self._pdfium.FPDFText_GetMatrix(self._raw, index, matrix) else size

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


def _widest_gap(boxes: list[Box]) -> float:
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
    return 0.5 * len(text) + (0.0 if text.isascii() else 0.5 * sum(map(len, _HAN_RUN.findall(text))))


def _around(boxes: list[Box]) -> Box:
    if len(boxes) == 1:
        return boxes[0]
    lefts, lows, rights, highs = zip(*boxes, strict=True)
    return min(lefts), min(lows), max(rights), max(highs)
