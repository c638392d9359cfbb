"""What stands across both columns of a page without touching the strip between them: tables of full width, and their captions.

A row of such a table has cells on either side, none of them as wide as a column; a table is at least three rows of them whose
cells are aligned and stand on common lines. Two tables side by side look almost the same: two captions tell them apart, and
cells that stand on lines of their own.
"""

import re
from collections.abc import Iterator, Sequence

from danlu.data.extract.pdf_lines import Line
from danlu.data.extract.pdf_rows import Row, Table, is_listed, joined, rows, split_tables

_MIN_ROWS = 3
_CELL = 0.6
"""A cell alone on its side fills less than this share of the column."""
_CELLS = 0.85
"""Cells beside each other fill less than this share of it: a line of prose with one wide space fills more."""
_SHARE = 0.6
"""The share of a table's rows that must be aligned, and of those whose two sides stand on a common line."""
_COMMON_PT = 0.6
"""Letters on one line have the same feet or the same heads, to this many points."""
_EDGE_PT = 6.0
_CAPTION = re.compile(r"(?:table|figure|fig\.|表|图|表格|图表)\s*[\dIVX]", re.IGNORECASE)
_NEAR_EM = 3.0
"""A caption stands no further from its table than this many font sizes."""
_APART_EM = 0.7


def tables_across(lines: Sequence[Line], strip: float) -> Iterator[list[Line]]:
    """The lines of each table that stands on both sides of the strip, from top to bottom."""
    sides = [line for line in lines if line.right <= strip], [line for line in lines if line.left >= strip]
    edges = [(min(line.left for line in side), max(line.right for line in side)) for side in sides if side]
    if len(edges) < 2:
        return
    run: list[Row] = []
    for row in [*rows(lines), None]:
        if row is not None and _may_be_cells(row, strip, edges):
            run.append(row)
            continue
        while run and not _is_two_sided(run[-1], strip):
            run.pop()
        if _is_table(run, strip, edges) and not _are_two(run, sides):
            yield [line for found in run for line in found]
        run = []


def _may_be_cells(row: Row, strip: float, edges: Sequence[tuple[float, float]]) -> bool:
    """Whether no piece of a row is as wide as prose; a piece over the strip may be a cell that spans columns."""
    whole = edges[1][1] - edges[0][0]
    if sum(line.width for line in row) >= _CELLS * whole:
        return False
    for side, (left, right) in enumerate(edges):
        pieces = [line for line in row if (line.right <= strip, line.left >= strip)[side]]
        if sum(line.width for line in pieces) >= (_CELL if len(pieces) == 1 else _CELLS) * (right - left):
            return False
    return all(line.width < _CELL * whole for line in row)


def _is_two_sided(row: Row, strip: float) -> bool:
    return any(line.right <= strip for line in row) and any(line.left >= strip for line in row)


def _is_table(run: Sequence[Row], strip: float, edges: Sequence[tuple[float, float]]) -> bool:
    full = [row for row in run if _is_two_sided(row, strip) and not is_listed(row)]
    if len(full) < max(_MIN_ROWS, _SHARE * len(run)):
        return False
    if all(len(row) == 2 and row[1].left - edges[1][0] < _EDGE_PT for row in full):  # short lines of two columns
        return False
    common = sum(_stand_on_one_line(row, strip) for row in full)
    aligned = sum(len(part.cells) for part in split_tables(run) if isinstance(part, Table))
    return common >= _SHARE * len(full) and aligned >= _SHARE * len(run)


def _stand_on_one_line(row: Row, strip: float) -> bool:
    left, right = [line for line in row if line.right <= strip], [line for line in row if line.left >= strip]
    return any(
        min(abs(one.top - other.top), abs(one.bottom - other.bottom)) <= _COMMON_PT for one in left for other in right
    )


def _are_two(run: Sequence[Row], sides: Sequence[Sequence[Line]]) -> bool:
    """Whether each side has a caption of its own."""
    top, bottom = min(line.top for line in run[0]), max(line.bottom for line in run[-1])
    reach = _NEAR_EM * run[0][0].size
    near = ([line for line in side if top - reach <= line.top and line.bottom <= bottom + reach] for side in sides)
    return all(any(_CAPTION.match(line.text) for line in side) for side in near)


def captions_of(side: Sequence[Line], other: Sequence[Line], across: Line) -> int:
    """How many of the last lines of one column belong to what stands across below it: a caption, or a heading in bold."""
    foot = max((line.bottom for line in other), default=0.0)
    last = 0
    for row in reversed(rows(side)[-3:]):
        if min(line.top for line in row) < foot:
            return 0
        last += len(row)
        above = side[-last - 1].bottom if last < len(side) else 0.0
        if min(line.top for line in row) - above > _APART_EM * row[0].size:
            near = across.top - side[-1].bottom <= _NEAR_EM * row[0].size
            return last if near and (_CAPTION.match(joined(row)) or all(line.bold for line in row)) else 0
    return 0
