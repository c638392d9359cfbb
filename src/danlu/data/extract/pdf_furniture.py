"""Page furniture: the headers, footers and page numbers that repeat over pages.

A row among the first or last two of its page is furniture when it says the same, but for a number that counts pages,
on half of the pages, on half of the left-hand or of the right-hand pages, or on three pages in a place that is taken
by such rows on half of the pages (the running titles of chapters). There, rows that begin alike up to their first number
("CHAPTER 6. ... 6.2") say the same, so that the title of a chapter or section of one page goes too.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from danlu.data.extract.pdf_lines import Line
from danlu.data.extract.pdf_rows import Row, joined, rows

_MIN_PAGES = 3
_SHARE = 0.5
_SIDES = ("header", "footer")
_EDGE_ROWS = 2
_EDGE_LINES = 16
"""Lines from which the outer rows are made up."""
_PLACE_PT = 6.0
"""Rows whose heights differ by less may be the same running title."""
_DIGITS = re.compile(r"\d{1,6}")
_NUMBERED = re.compile(r"([^\W\d][^\d]*)\d")

_Key = tuple[str, str]


@dataclass(frozen=True)
class Furniture:
    """The rows of one page that repeat, from top to bottom."""

    header: tuple[Row, ...]
    footer: tuple[Row, ...]


def find_furniture(pages: Sequence[Sequence[Line]]) -> list[Furniture]:
    """The furniture of each page; `pages` are lines sorted by their middles."""
    edges = [list(_edges(lines, index)) for index, lines in enumerate(pages)]
    repeated = _repeated(edges, len(pages))
    return [
        Furniture(*(tuple(edge.row for edge in found if edge.side == side and edge.keys & repeated) for side in _SIDES))
        for found in edges
    ]


@dataclass(frozen=True)
class _Edge:
    """An outer row of a page, and what it may have in common with other pages."""

    side: str
    row: Row
    place: tuple[str, int]
    keys: set[_Key]
    begins: _Key | None
    """What stands before its first number."""


def _edges(lines: Sequence[Line], index: int) -> Iterator[_Edge]:
    if len(lines) <= 2 * _EDGE_LINES:
        found = rows(lines)
        top, bottom = found[:_EDGE_ROWS], found[_EDGE_ROWS:][-_EDGE_ROWS:]
    else:
        top, bottom = rows(lines[:_EDGE_LINES])[:_EDGE_ROWS], rows(lines[-_EDGE_LINES:])[-_EDGE_ROWS:]
    for side, outer in zip(_SIDES, (top, bottom), strict=True):
        for row in outer:
            text = joined(row)
            keys = {(side, key) for key in _keys(text, index)}
            numbered = _NUMBERED.match(text)
            begins = (side, numbered.group(1)) if numbered else None
            yield _Edge(side, row, (side, round(row[0].middle / _PLACE_PT)), keys, begins)


def _keys(text: str, index: int) -> set[str]:
    """The whole row, and all but a number that counts pages."""
    counting = {f"{text[: n.start()]}#{int(n.group()) - index}#{text[n.end() :]}" for n in _DIGITS.finditer(text)}
    return {text, *counting}


def _repeated(edges: Sequence[Sequence[_Edge]], count: int) -> set[_Key]:
    seen: Counter[_Key] = Counter()
    by_side = (Counter[_Key](), Counter[_Key]())
    for index, found in enumerate(edges):
        keys = set().union(*(edge.keys for edge in found))
        seen.update(keys)
        by_side[index % 2].update(keys)
    sides = (count - count // 2, count // 2)
    often = {key for key, pages in seen.items() if pages >= max(_MIN_PAGES, _SHARE * count)}
    for side, pages_of_side in zip(by_side, sides, strict=True):
        often |= {key for key, pages in side.items() if pages >= max(_MIN_PAGES, _SHARE * pages_of_side)}
    some = {key for key, pages in seen.items() if pages >= _MIN_PAGES}
    taken = Counter(place for found in edges for place in {edge.place for edge in found if edge.keys & some})
    running = {place for place, pages in taken.items() if pages >= max(_MIN_PAGES, _SHARE * count)}
    titles = [edge for found in edges for edge in found if edge.place in running]
    alike = Counter(edge.begins for edge in titles)
    for edge in titles:
        often |= edge.keys if edge.begins and alike[edge.begins] >= _MIN_PAGES else edge.keys & some
    return often
