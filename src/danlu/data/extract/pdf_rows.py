"""Rows of a region, and the tables among them: cells that stand in aligned columns over several rows."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter

from danlu.data.extract.pdf_lines import Line

Row = list[Line]
"""Pieces of text on one height, from left to right."""

_SAME_ROW = 0.5
"""Two lines share a row when they overlap by this share of the lower one's height: superscripts do, next lines do not."""
_ALIGNED_PT = 3.0
"""Cells whose left edges, right edges or middles differ less stand in one column."""
_ALIGNED_SHARE = 0.7
_MIN_ROWS = 3
_ROW_GAP = 3.0
"""Rows further apart than this many font sizes belong to two tables."""
_MAX_CELL = 120
"""Characters: a column whose middle cell is longer is prose beside something, not a table."""
_middle, _left = attrgetter("middle"), attrgetter("left")
_BULLET = re.compile(r"[•▪◦●○■□◆►‣·∙*–—-]|[(（]?(?:\d{1,3}|[a-zA-Z]|[ivx]+|[一二三四五六七八九十]{1,3})[.)）、]")
_LEADER = re.compile(r"(?:[.．…·]\s?){4,}")


@dataclass(frozen=True)
class Table:
    """A table's cells, row by row, each row as wide as the table; its first row is taken for the header."""

    cells: list[list[str]]


def rows(region: Sequence[Line]) -> list[Row]:
    """The rows of a region from top to bottom."""
    found: list[Row] = []
    top = bottom = height = 0.0
    for line in sorted(region, key=_middle):
        own = line.bottom - line.top
        # Comparisons, and no calls of min and max: every line of every page comes by here several times.
        overlap = (bottom if bottom < line.bottom else line.bottom) - (top if top > line.top else line.top)
        if found and overlap >= _SAME_ROW * (own if own < height else height):
            found[-1].append(line)
            if own <= height:
                continue
        else:
            found.append([line])
        top, bottom, height = line.top, line.bottom, own
    for row in found:
        if len(row) > 1:
            row.sort(key=_left)
    return found


def joined(row: Row) -> str:
    """The text of a row: pieces that touch (a raised mark) are one word, others stand apart."""
    if len(row) == 1:
        return row[0].text
    parts = [row[0].text]
    for before, after in pairwise(row):
        parts.append("" if after.left - before.right < 0.2 * min(before.size, after.size) else " ")
        parts.append(after.text)
    return "".join(parts)


def split_tables(found: Sequence[Row]) -> Iterator[list[Row] | Table]:
    """The rows of a region in order: tables, and the runs of rows between them."""
    plain: list[Row] = []
    at = 0
    while at < len(found):
        end = max(_run_end(found, at), at + 1)
        # Rows of a header that spans columns stand above; more rows that do not align mean that the columns are not clear.
        for skipped in range((end - at) // 3 + 1):
            table = _table(found[at + skipped : end])
            if table:
                break
        plain += found[at : at + skipped if table else end]
        if table:
            if plain:
                yield plain
            plain = []
            yield table
        at = end
    if plain:
        yield plain


def _run_end(found: Sequence[Row], start: int) -> int:
    """Where the rows end that could be a table: several cells each, or the next line of one cell."""
    end = last = start
    while end < len(found) and (end == start or _near(found[end - 1], found[end])):
        if len(found[end]) > 1 and not is_listed(found[end]):
            last = end + 1
        elif end == start or len(found[end]) > 1 or not _continues(found[end][0], found[start:end]):
            break
        end += 1
    return last


def _near(above: Row, below: Row) -> bool:
    return min(line.top for line in below) - max(line.bottom for line in above) <= _ROW_GAP * above[0].size


def _continues(line: Line, above: Sequence[Row]) -> bool:
    """Whether a line alone stands below one cell and beside the others."""
    last = next(row for row in reversed(above) if len(row) > 1)
    under = [cell for cell in last if cell.left < line.right and line.left < cell.right]
    return len(under) == 1 and abs(under[0].left - line.left) <= _ALIGNED_PT and line.size <= 1.1 * under[0].size


def is_listed(row: Row) -> bool:
    """A mark or number before an item, a heading's number, or a line of a table of contents."""
    return (len(row) == 2 and bool(_BULLET.fullmatch(row[0].text))) or any(_LEADER.search(cell.text) for cell in row)


def _table(run: Sequence[Row]) -> Table | None:
    """The run's cells by column, or None where its columns are not clear."""
    full = [row for row in run if len(row) > 1]
    if len(full) < _MIN_ROWS:
        return None
    columns = _columns(full)
    if len(columns) < 2 or not all(_is_aligned(cells, len(full)) for cells in _by_column(full, columns)):
        return None
    grid: list[list[str]] = []
    for row in run:
        cells = [""] * len(columns)
        for line in row:
            place = _place(line, columns)
            cells[place] = f"{cells[place]} {line.text}".strip()
        if len(row) == 1 and grid and not cells[0]:
            grid[-1] = [f"{above} {below}".strip() for above, below in zip(grid[-1], cells, strict=True)]
        else:
            grid.append(cells)
    return Table(grid)


def _columns(full: Sequence[Row]) -> list[tuple[float, float]]:
    """Spans from left to right that the cells of the widest rows fill: a cell over two columns joins none."""
    most = max(len(row) for row in full)
    usual = sorted(len(row) for row in full)[len(full) // 2]
    spans: list[tuple[float, float]] = []
    cells = (cell for row in full if len(row) >= min(usual, most) for cell in row)
    for left, right in sorted((cell.left, cell.right) for cell in cells):
        if spans and left < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], right))
        else:
            spans.append((left, right))
    return spans


def _place(line: Line, columns: Sequence[tuple[float, float]]) -> int:
    """The column that a cell covers most of, or the nearest one."""
    shared = [min(line.right, right) - max(line.left, left) for left, right in columns]
    first = next((place for place, width in enumerate(shared) if width > 0), None)
    return first if first is not None else max(range(len(columns)), key=shared.__getitem__)


def _by_column(full: Sequence[Row], columns: Sequence[tuple[float, float]]) -> list[list[Line]]:
    cells: list[list[Line]] = [[] for _ in columns]
    for row in full:
        for line in row:
            cells[_place(line, columns)].append(line)
    return cells


def _is_aligned(cells: list[Line], row_count: int) -> bool:
    if len(cells) < 0.3 * row_count or sorted(len(cell.text) for cell in cells)[len(cells) // 2] > _MAX_CELL:
        return False
    edges = (
        [cell.left for cell in cells],
        [cell.right for cell in cells],
        [(cell.left + cell.right) / 2 for cell in cells],
    )
    return max(map(_largest_cluster, edges)) >= _ALIGNED_SHARE * len(cells)


def _largest_cluster(values: list[float]) -> int:
    values = sorted(values)
    first = best = 0
    for last, value in enumerate(values):
        while value - values[first] > _ALIGNED_PT:
            first += 1
        best = max(best, last - first + 1)
    return best
