"""Paragraphs and listings of a column: where one ends and the next begins, told by gap, indent, size, face and the line above.

What a gap is depends on the column: its own pitch, the distance at which most of its lines follow each other, is what gaps are
measured by, so that a text set at one and a half or two lines stays together. Chinese is told by two more signs, since it fills its
lines to the margin: a first line two characters in, and a sentence that ends short of the margin.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from danlu.data.extract.pdf_rows import Row, joined
from danlu.text.language import HAN

_LEADING = 1.2
"""Lines further apart than this many pitches, and by `_JITTER_EM` more, are two paragraphs."""
_JITTER_EM = 0.15
"""Distances of lines differ by as much, in font sizes: a line's box ends where its lowest letter does."""
_MIN_PITCH_EM, _MAX_PITCH_EM = 0.9, 3.0
"""Lines of one paragraph stand no closer and no further apart: three is more than twice the usual for Chinese."""
_INDENT_EM = 0.8
_FIRST_LINE_EM = (1.4, 2.7)
"""How far the first line of a Chinese paragraph stands in: two characters, which justified text stretches a little."""
_SHORT = 0.8
"""A line that ends a sentence before this share of the column's width ends its paragraph."""
_SHORT_HAN_EM = 2.0
"""So does a line of Chinese that ends its sentence this many characters before the margin: the next word never needs more."""
_SIZE = 1.12
_END = re.compile(r"[.!?:。！？：…][\"'”’」』）)\]]*$")
_WIDE_START = re.compile(f"[“‘「『《（【]?[{HAN}]")
_WIDE_END = re.compile(f"[{HAN}。！？：…”’」』）]$")
_ITEM = re.compile(r"^(?:[•▪◦●○■□◆►‣·*–—-]|[(（]?\d{1,3}[.)）、]|[(（][a-z一二三四五六七八九十]{1,3}[)）])\s*\S")
_FOOTNOTE = re.compile(r"^(?:\d{1,3}|[*∗†‡§¶]|\[\d{1,3}\]|[①-⑳])\s*\S")
_SMALL = 0.93
_MONO_EM = 0.6
"""Width of a typewriter letter, in font sizes."""


@dataclass
class Paragraph:
    """Rows that belong together; `code` for listings."""

    rows: list[Row]
    code: bool = False

    @property
    def text(self) -> str:
        """Its rows on a line each; a listing keeps its indents."""
        if not self.code:
            return "\n".join(map(joined, self.rows))
        left = min(row[0].left for row in self.rows)
        indents = (round((row[0].left - left) / (_MONO_EM * row[0].size)) for row in self.rows)
        return "\n".join(" " * indent + joined(row) for indent, row in zip(indents, self.rows, strict=True))

    @property
    def is_open(self) -> bool:
        """Whether it stops in the middle of a sentence."""
        return not self.code and not _END.search(joined(self.rows[-1]))


@dataclass(frozen=True)
class Frame:
    """Where a column's text begins and ends, in points, and its pitch in font sizes."""

    left: float
    right: float
    pitch_em: float


def frame_of(rows: Sequence[Row]) -> Frame:
    """The frame of a column's rows, its tables left out."""
    pitches = (_distance(above, below) / above[0].size for above, below in pairwise(rows) if not _is_code(below))
    near = sorted(pitch for pitch in pitches if _MIN_PITCH_EM <= pitch <= _MAX_PITCH_EM)
    return Frame(
        min((row[0].left for row in rows), default=0.0), max((row[-1].right for row in rows), default=0.0), _mode(near)
    )


def _mode(values: Sequence[float]) -> float:
    """The middle of where most of these sorted values lie within the jitter of each other; the least of equals."""
    first = best = end = 0
    for last, value in enumerate(values, 1):
        while value - values[first] > _JITTER_EM:
            first += 1
        if last - first > best:
            best, end = last - first, last
    return values[end - 1 - best // 2] if best else _MIN_PITCH_EM


def _distance(above: Row, below: Row) -> float:
    return below[0].bottom - above[0].bottom


def paragraphs(rows: Sequence[Row], frame: Frame) -> Iterator[Paragraph]:
    """The paragraphs of rows of one column, in order."""
    if not rows:
        return
    found = Paragraph([rows[0]], _is_code(rows[0]))
    for above, below in pairwise(rows):
        if _begins(above, below, frame):
            yield found
            found = Paragraph([], _is_code(below))
        found.rows.append(below)
    yield found


def _is_code(row: Row) -> bool:
    return row[0].fixed and all(line.fixed for line in row)


def _begins(above: Row, below: Row, frame: Frame) -> bool:
    size = above[0].size
    if _is_code(above) != _is_code(below):
        return True
    if _is_code(below):
        return _distance(above, below) > 2.2 * size
    largest = [max(line.size for line in row) for row in (above, below)]
    far = _distance(above, below) > (_LEADING * frame.pitch_em + _JITTER_EM) * size
    return far or max(largest) > _SIZE * min(largest) or _is_told_by_edges(above, below, frame)


def _is_told_by_edges(above: Row, below: Row, frame: Frame) -> bool:
    """Whether the left and the right edges, and how the line above ends, tell two paragraphs apart."""
    size, text = above[0].size, joined(above)
    ended = bool(_END.search(text))
    step = below[0].left - above[0].left
    if step < -_INDENT_EM * size and ended:
        return True
    short = above[-1].right < frame.left + _SHORT * (frame.right - frame.left)
    short_han = bool(_WIDE_END.search(text)) and above[-1].right < frame.right - _SHORT_HAN_EM * size
    if above[0].left - frame.left < _INDENT_EM * size:
        indented = _INDENT_EM * size < step < 5 * size
        if (indented and ended) or (short_han and _is_first_line(text, below, step / size)):
            return True
    if short and _is_bold(above) and not _is_bold(below):  # a heading that the outline leaves out
        return True
    return ((short or short_han) and ended) or bool(_ITEM.match(joined(below)) and (short or ended))


def _is_bold(row: Row) -> bool:
    return row[0].bold and all(line.bold for line in row)


def _is_first_line(above: str, below: Row, step_em: float) -> bool:
    """Whether a line of Chinese stands in as a first line does; below an item, lines stand in because they belong to it."""
    least, most = _FIRST_LINE_EM
    return least <= step_em <= most and bool(_WIDE_START.match(joined(below))) and not _ITEM.match(above)


def footnotes(rows: Sequence[Row], body_size: float) -> int:
    """Where the footnotes at the foot of a column begin; the number of rows if there are none."""
    start = len(rows)
    for at in range(len(rows) - 1, 0, -1):
        if max(line.size for line in rows[at]) > _SMALL * body_size:
            break
        if _FOOTNOTE.match(joined(rows[at])):
            start = at
    return start


def continues(above: Paragraph, below: Paragraph) -> bool:
    """Whether a paragraph that stops at the foot of a column goes on at the head of the next."""
    if not above.is_open or below.code:
        return False
    first = joined(below.rows[0])
    same_size = max(above.rows[-1][0].size, below.rows[0][0].size) <= _SIZE * min(
        above.rows[-1][0].size, below.rows[0][0].size
    )
    return same_size and not _ITEM.match(first) and not (first[:1].isupper() and joined(above.rows[-1])[-1:] != "-")
