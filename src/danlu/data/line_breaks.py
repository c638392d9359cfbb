"""Which line breaks inside a paragraph are those of a page, and which its author's: forms, verses, addresses, lists.

A page is filled first-fit (Knuth and Plass 1981, section 1): a line ends where the next word would not have fitted. So a block was
wrapped when most of its lines are nearly as wide as the widest, counting the word that came next, and that width is one of
pages: a Han character takes two cells (Unicode UAX 11), a letter one. Before an item, a label ("电话：", "Phone:") or an indented
line, about a line of mere strokes, between rows of columns, and where all lines begin with a capital, a break is the author's. Where a layout found the paragraph (PDF, OCR), narrower
columns and rougher widths do, and a line that ends a sentence is no sign. The price of doubt is a line break that stays.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from danlu.text.language import HAN

_WIDE = re.compile(f"[{HAN}\u3000-\u303f\uff00-\uff60]+")
_ITEM = re.compile(
    rf"\s*(?:[•▪◦●○■□◆►‣·|>#①-⑳]|[-*+](?=[\s{HAN}])|\d{{1,3}}[.)）、．](?!\d)|[(（]?[一二三四五六七八九十]{{1,3}}[)）、．]"
    rf"|[(（](?:\d{{1,3}}|[A-Za-z]|[ivxIVX]{{2,4}})[)）]|[a-z][)）]|第[\d一二三四五六七八九十百零]{{1,6}}[条章节](?=\s)|\[\d{{1,3}}\])"
)
_LABEL = re.compile(
    rf"\s*(?:[{HAN}][{HAN}\w（）()/·\u3000 ]{{0,11}}[:：](?!\s*[“\"「『])|[A-Z][\w()/&' .-]{{0,24}}:(?=\s|$))"
)
_LABELLED_SHARE = 1 / 3
_END = re.compile(r"[.!?:;。！？：；…][\"'”’」』）)\]]*$")
_HARD = re.compile(r"(?:  |\\)$")
"""A break that the author of a Markdown file asked for (CommonMark 0.31, section 6.7)."""
_STROKES = re.compile(r"\s*[-=+|_*~#─━═│┌┬┐├┼┤└┴┘\s]{3,}")
_COLUMN = re.compile(r"\S(?: {3,}|\u3000{2,})\S")
"""Justified lines have gaps of two spaces; columns, of more."""
_NEXT_WORD = re.compile(rf"[{HAN}]|[^\s{HAN}]{{1,30}}")


class Layout(NamedTuple):
    """What the lines of a wrapped block are like."""

    min_cells: float
    max_cells: float
    full_share: float
    """Share of the width that a line and the word after it fill."""
    least_full: float
    """Share of the lines that stop in mid-sentence and are full."""
    ends_count: bool
    """Whether a break after the end of a sentence is no sign of a page."""


_FILE = Layout(40, 160, 0.8, 2 / 3, True)
"""Longer lines than `max_cells` are paragraphs, one on each line."""
_PAGE = Layout(24, float("inf"), 0.6, 1 / 2, False)


def page_breaks(text: str, start: int, end: int, laid_out: bool) -> frozenset[int]:
    """The positions of the line breaks in text[start:end] that a page made; `laid_out`: a layout says that this is a paragraph."""
    lines = text[start:end].split("\n")
    layout = _PAGE if laid_out else _FILE
    width = _width(lines)
    if len(lines) < 2 or not layout.min_cells <= width <= layout.max_cells or _is_table(lines):
        return frozenset()
    authors = _authors(lines, laid_out)
    ended = [bool(_END.search(line.rstrip())) and layout.ends_count for line in lines]
    filled = [_cells(above.rstrip()) + _next(below) for above, below in pairwise(lines)]
    open_breaks = [at for at in range(len(lines) - 1) if not authors[at] and not ended[at]]
    full = [at for at in open_breaks if filled[at] >= layout.full_share * width]
    if not full or len(full) < layout.least_full * len(open_breaks):
        return frozenset()
    if _is_verse([lines[at + 1] for at in open_breaks], laid_out):
        return frozenset()
    # After the end of a sentence only a line that no word would have fitted is a page's: others end a paragraph.
    full += [at for at in range(len(lines) - 1) if ended[at] and not authors[at] and filled[at] > width]
    places, position = [], start
    for line in lines[:-1]:
        position += len(line)
        places.append(position)
        position += 1
    return frozenset(places[at] for at in full)


def _cells(line: str) -> int:
    return len(line) if line.isascii() else len(line) + sum(map(len, _WIDE.findall(line)))


def _width(lines: Sequence[str]) -> int:
    """The width of the widest line, a tenth of them left out: an address of the web may run over."""
    widths = sorted(_cells(line.rstrip()) for line in lines)
    return widths[-1 - len(lines) // 10]


def _next(line: str) -> int:
    """The cells that the first word of a line would have taken on the line above."""
    found = _NEXT_WORD.search(line)
    return _cells(found.group()) + (not _WIDE.match(found.group())) if found else 0


def _authors(lines: Sequence[str], laid_out: bool) -> list[bool]:
    """For each line but the last, whether the break after it is the author's by what stands around it."""
    items = [bool(_ITEM.match(line)) for line in lines]
    labels = [(":" in line or "：" in line) and bool(_LABEL.match(line)) for line in lines]
    is_form = sum(labels) > max(1, _LABELLED_SHARE * len(lines))
    indents = [len(line) - len(line.lstrip(" \t")) for line in lines]
    return [
        items[at + 1]
        or (is_form and labels[at + 1])
        or (not laid_out and bool(_HARD.search(above)))
        or not above.strip()
        or not below.strip()
        or bool(_STROKES.fullmatch(above) or _STROKES.fullmatch(below))
        or below.startswith("\u3000\u3000")
        or (below.lstrip()[:1].isdigit() and bool(_END.search(above.rstrip())))
        or (indents[at + 1] > indents[at] + 1 and not items[at] and not labels[at])
        for at, (above, below) in enumerate(pairwise(lines))
    ]


def _is_table(lines: Sequence[str]) -> bool:
    """Whether most lines, and two at least, are rows of columns."""
    return sum(bool(_COLUMN.search(line)) for line in lines) > max(1, len(lines) / 2)


def _is_verse(beginnings: Sequence[str], laid_out: bool) -> bool:
    """Whether lines that go on with a sentence begin with a capital all the same; in a file, one line says so."""
    return len(beginnings) > laid_out and all(line.lstrip()[:1].isupper() for line in beginnings)
