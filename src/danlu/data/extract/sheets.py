"""Spreadsheets (XLSX, XLSB, XLS, ODS) over calamine: each sheet is a heading and its table.

Empty rows and columns around a table are trimmed, the cells of a merged range hold its text once, in the first of them, and dates
are written in ISO 8601. A sheet with a column of prose is a data set, one document per row (see `grid`); all other sheets
make one document.
"""

import datetime
import io
import zipfile
from collections.abc import Iterator
from typing import Any

from danlu.data.extract.blocks import BlockWriter, Unreadable
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.grid import prose_column, records_of
from danlu.data.extract.items import Found, Item, Record
from danlu.data.extract.package import check_package
from danlu.data.extract.table import add_table


def read_sheets(item: Item, config: ExtractConfig) -> Iterator[Found]:
    """The documents of a workbook; raises Unreadable when it is damaged or encrypted."""
    content = item.stream.read(config.max_file_bytes + 1)
    if len(content) > config.max_file_bytes:
        raise Unreadable("too large", f"more than {config.max_file_bytes} bytes", "extract.max_file_bytes")
    if content.startswith(b"PK"):
        check_package(content, config)
    writer = BlockWriter()
    for name, rows in _sheets(content):
        if len(rows) > 2 and prose_column(rows[0], rows[1:1001], config):
            yield from records_of(iter(rows), f"{item.source}#{name}", config)
        elif rows:
            writer.add("heading", name, level=1)
            add_table(writer, rows)
    if writer.blocks:
        found = writer.finish()
        yield Record(item.source, found)


def _sheets(content: bytes) -> Iterator[tuple[str, list[list[str]]]]:
    import python_calamine

    try:
        book = python_calamine.load_workbook(io.BytesIO(content))
        names = book.sheet_names
    except (python_calamine.CalamineError, zipfile.BadZipFile, OSError, ValueError) as error:
        raise _problem(error) from None
    for name in names:
        try:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
        except (python_calamine.CalamineError, OSError, ValueError) as error:
            raise _problem(error) from None
        yield name, _trimmed([[_shown(cell) for cell in row] for row in rows])


def _problem(error: Exception) -> Unreadable:
    problem = str(error) or type(error).__name__
    if "password" in problem.lower() or "encrypt" in problem.lower():
        return Unreadable("encrypted", problem, "a file without a password")
    return Unreadable("damaged", problem, "a whole workbook")


def _shown(cell: Any) -> str:
    """A cell as it is read aloud: whole numbers without a point, dates in ISO 8601."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat(" ", "seconds")
    return cell.isoformat() if isinstance(cell, datetime.date | datetime.time) else str(cell)


def _trimmed(rows: list[list[str]]) -> list[list[str]]:
    """The rows without empty ones, and without columns in which nothing stands."""
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    width = max(map(len, rows), default=0)
    used = [column for column in range(width) if any(column < len(row) and row[column].strip() for row in rows)]
    return [[row[column] if column < len(row) else "" for column in used] for row in rows]
