"""Rows of cells as a Markdown table (GitHub Flavored Markdown, section 4.10): a header row, a rule, one line per row.

Each row is a block of its own, so that an answer can cite one row; the rule belongs to the header's block.
"""

from collections.abc import Iterable, Iterator, Sequence

from danlu.data.extract.blocks import BlockWriter

_MAX_FILLED = 256
"""Columns: GitHub's tables need no filling, and one wide row above many short ones would be filled a hundredfold."""


def add_table(writer: BlockWriter, rows: Iterable[Sequence[str]], page: int | None = None) -> int:
    """Append a table whose first row is its header, and return its rows; empty rows are left out."""
    count = 0
    for number, line in enumerate(table_lines(rows)):
        writer.add("table", line, page=page, gap="\n" if number else "\n\n")
        count += 1
    return count


def table_lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table; the header comes with its rule. Short rows are filled up, but for those of a very wide table."""
    width = 0
    for row in rows:
        cells = [_cell(cell) for cell in row]
        if not any(cells):
            continue
        if not width:
            width = len(cells)
            yield f"{_line(cells)}\n{_line(['---'] * width)}"
        else:
            yield _line(cells + [""] * (width - len(cells) if width <= _MAX_FILLED else 0))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """A cell on one line: a bar inside it would end it."""
    return " ".join(text.split()).replace("|", "\\|")
