"""Spreadsheets (XLSX, XLSB, XLS, ODS) over calamine: each sheet is a heading and its table.

Empty rows and columns around a table are trimmed, and the cells of a merged range hold its text once, in the first of them. Numbers
are written as the sheet shows them (`sheet_formats`), and formulas that were never calculated stay formulas, counted (`sheet_cells`):
both in XLSX alone, the others give plain values. Dates are written in ISO 8601. A sheet with a column of prose is a data set, one
document per row (see `grid`); all other sheets make one document. A hidden sheet is read as the others are, and counted.
"""

import datetime
import io
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from danlu.data.extract.blocks import BlockWriter, Unreadable
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.grid import prose_column, records_of
from danlu.data.extract.items import Found, Item, Record
from danlu.data.extract.package import check_package
from danlu.data.extract.sheet_cells import Cells, Place, cells_of
from danlu.data.extract.sheet_formats import general
from danlu.data.extract.table import add_table

_UNCALCULATED, _HIDDEN = "formula without a value", "hidden sheet"


def read_sheets(item: Item, config: ExtractConfig) -> Iterator[Found]:
    """The documents of a workbook; raises Unreadable when it is damaged or encrypted."""
    content = item.stream.read(config.max_file_bytes + 1)
    if len(content) > config.max_file_bytes:
        raise Unreadable("too large", f"more than {config.max_file_bytes} bytes", "extract.max_file_bytes")
    if content.startswith(b"PK"):
        check_package(content, config)
    shown = cells_of(content) if content.startswith(b"PK") else {}
    writer, found = BlockWriter(), Counter[str]()
    for name, rows, is_hidden in _sheets(content, shown):
        counts = Counter({_UNCALCULATED: shown[name].formulas if name in shown else 0, _HIDDEN: int(is_hidden)})
        if len(rows) > 2 and prose_column(rows[0], rows[1:1001], config):
            yield from _counted(records_of(iter(rows), f"{item.source}#{name}", config), +counts)
        elif rows:
            writer.add("heading", name, level=1)
            add_table(writer, rows)
            found += counts
    if writer.blocks:
        yield Record(item.source, writer.finish(edits=tuple(found.items())))


def _counted(found: Iterator[Found], counts: Counter[str]) -> Iterator[Found]:
    """The documents of one sheet; what is counted of it is counted with the first."""
    for one in found:
        if counts and isinstance(one, Record):
            edits = (*one.found.edits, *counts.items())
            one, counts = replace(one, found=replace(one.found, edits=edits)), Counter()
        yield one


def _sheets(content: bytes, shown: Mapping[str, Cells]) -> Iterator[tuple[str, list[list[str]], bool]]:
    """Name, rows, and whether the sheet is hidden."""
    import python_calamine

    try:
        book = python_calamine.load_workbook(io.BytesIO(content))
        sheets = book.sheets_metadata
    except (python_calamine.CalamineError, zipfile.BadZipFile, OSError, ValueError) as error:
        raise _problem(error) from None
    for metadata in sheets:
        name = metadata.name
        try:
            sheet = book.get_sheet_by_name(name)
            rows = sheet.to_python(skip_empty_area=True)
        except (python_calamine.CalamineError, OSError, ValueError) as error:
            raise _problem(error) from None
        texts = [[_shown(cell) for cell in row] for row in rows]
        shown_rows = _trimmed(_over(texts, sheet.start or (0, 0), shown[name]) if name in shown else texts)
        yield name, shown_rows, metadata.visible != python_calamine.SheetVisibleEnum.Visible


def _over(rows: list[list[str]], start: Place, cells: Cells) -> list[list[str]]:
    """The rows with these cells laid over them; cells outside of what calamine takes for the sheet make it larger."""
    top = min([start[0], *(row for row, _ in cells.texts)])
    left = min([start[1], *(column for _, column in cells.texts)])
    rows = [[] for _ in range(start[0] - top)] + [[""] * (start[1] - left) + row for row in rows]
    for (row, column), text in cells.texts.items():
        rows += [[] for _ in range(row - top + 1 - len(rows))]
        cells_of_row = rows[row - top]
        cells_of_row += [""] * (column - left + 1 - len(cells_of_row))
        cells_of_row[column - left] = text
    return rows


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
        return general(cell)
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat(" ", "seconds")
    return cell.isoformat() if isinstance(cell, datetime.date | datetime.time) else str(cell)


def _trimmed(rows: list[list[str]]) -> list[list[str]]:
    """The rows without empty ones, and without columns in which nothing stands."""
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    used = sorted({column for row in rows for column, cell in enumerate(row) if cell.strip()})
    return [[row[column] if column < len(row) else "" for column in used] for row in rows]
