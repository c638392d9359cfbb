"""Tables of a page: which of them hold data, and their cells in a grid (HTML Standard, 4.9.12.1, "Forming a table").

A cell that spans several rows or columns stands in each of them: a row is found and cited alone, and must say of which year or
which product it speaks. The price is that a value which was written once is counted once for each row that it spans. A
cell that fills its whole row is a subtitle, and stands there once. Rows of headers are one header: "2024 Q1", "2024 Q2".
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, NamedTuple

_LAYOUT = "h1, h2, h3, h4, form, article, section"
_STRUCTURE = "table, ul, ol, pre"
"""What a cell of data may hold where the table names its columns, and what else tells a table that lays out a page."""
_MAX_CELL = 400
"""Characters: a table with a longer middle cell lays out a page; its cells are read one after the other."""
_MAX_COLUMNS, _MAX_ROWS = 1000, 65534
_MAX_SPANNED = 500_000
"""Cells of one table that only spans fill: more are not followed. The standard allows 65 million for one cell."""
_NUMBER = re.compile(r"\s*(\d{1,6})")


class Cell(NamedTuple):
    """The text of a cell, and how many columns and rows it spans; 0 rows are those to the end of its group."""

    text: str
    columns: int = 1
    rows: int = 1
    is_header: bool = False


@dataclass
class Row:
    """A row as it is written; `group` tells head, bodies and foot apart, at whose end every span ends."""

    group: int = 0
    is_head: bool = False
    cells: list[Cell] = field(default_factory=list)

    @property
    def names_columns(self) -> bool:
        """Whether it is a row of headers."""
        return self.is_head or all(cell.is_header for cell in self.cells)


@dataclass
class Table:
    """A table that is being read. Tables within its cells are text of the cell; `depth` counts those that are open."""

    rows: list[Row] = field(default_factory=list)
    depth: int = 0
    _group: int = 0
    _is_head: bool = False
    _begun: Cell | None = None

    def begin_group(self, tag: str) -> None:
        """A `thead`, `tbody` or `tfoot` begins."""
        self._group += 1
        self._is_head = tag == "thead"

    def begin_row(self) -> None:
        """A `tr` begins."""
        self.rows.append(Row(self._group, self._is_head))

    def begin_cell(self, node: Any) -> None:
        """A `td` or `th` begins."""
        columns = min(max(_attribute(node, "colspan"), 1), _MAX_COLUMNS)
        self._begun = Cell("", columns, min(_attribute(node, "rowspan"), _MAX_ROWS), node.tag == "th")

    def end_cell(self, text: str) -> None:
        """The cell that was begun last ends."""
        if not self.rows:
            self.begin_row()
        self.rows[-1].cells.append((self._begun or Cell(""))._replace(text=text))


def _attribute(node: Any, name: str) -> int:
    found = _NUMBER.match(node.getattr(name) or "")
    return int(found[1]) if found else 1


def grid(rows: Sequence[Row]) -> list[list[str]]:
    """The texts by row and column, the headers in the first row."""
    filled = list(_filled(rows))
    columns = sorted({column for line, begun in filled for column in begun})
    made = []
    for (line, begun), row in zip(filled, rows, strict=True):
        is_subtitle = len(row.cells) == 1 and row.cells[0].columns >= len(columns) > 1
        own = columns[: bisect_right(columns, max(line, default=0))]
        made.append([line.get(column, "") if not is_subtitle or column in begun else "" for column in own])
    return [header for header in [_merged(made[: _headers(rows)])] if header] + made[_headers(rows) :]


def _filled(rows: Sequence[Row]) -> Iterator[tuple[dict[int, str], set[int]]]:
    """For each row its texts by column, and the columns in which a cell begins."""
    falling: dict[int, tuple[int, str]] = {}  # cells that grow downward: rows left, text
    group, left = 0, _MAX_SPANNED
    for row in rows:
        if row.group != group or left <= 0:
            falling, group = {}, row.group
        line = {column: text for column, (_, text) in falling.items()}
        left -= len(line)
        falling = {column: (count - 1, text) for column, (count, text) in falling.items() if count > 1}
        begun, column = set(), 0
        for cell in row.cells:
            while column in line:
                column += 1
            begun.add(column)
            width = min(cell.columns, max(left, 1))
            left -= width - 1
            for spanned in range(column, column + width):
                line.setdefault(spanned, cell.text)
                if cell.rows != 1:
                    falling[spanned] = ((cell.rows or _MAX_ROWS) - 1, cell.text)
            column += width
        yield line, begun


def _headers(rows: Sequence[Row]) -> int:
    """How many rows at the top name columns; all of them would leave no data."""
    count = next((number for number, row in enumerate(rows) if not row.names_columns), 1)
    return max(count, 1)


def _merged(headers: Sequence[Sequence[str]]) -> list[str]:
    """One header of several: what stands above a column, each word of it once."""
    columns = zip_longest(*headers, fillvalue="")
    return [" ".join(dict.fromkeys(text for text in column if text)) for column in columns]


def is_data(table: Any) -> bool:
    """Whether a table holds data: several rows and columns of short cells, no structure of a page inside them."""
    # A slice of resiliparse's lists is one list; to iterate over one finds each element by counting from the first.
    if table.getattr("role") in ("presentation", "none") or table.query_selector(_LAYOUT) is not None:
        return False
    if table.query_selector(_STRUCTURE) is not None and not _names_columns(table):
        return False
    rows = table.get_elements_by_tag_name("tr")
    cells = sorted(len(cell.text) for cell in table.query_selector_all("td, th")[:])
    return len(rows) > 1 and len(cells) > len(rows) and cells[len(cells) // 2] <= _MAX_CELL


def _names_columns(table: Any) -> bool:
    """Whether it has headers of its own, and no table inside that is more than a cell's text."""
    header = table.query_selector("th")
    inside = table.get_elements_by_tag_name("table")
    return header is not None and _table_of(header) == table and all(len(one.text) <= _MAX_CELL for one in inside[:])


def _table_of(node: Any) -> Any:
    while node.tag != "table":
        node = node.parent
    return node
