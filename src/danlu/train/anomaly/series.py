"""A series of measurements in a CSV file, checked cell by cell.

The first line names the columns. One may hold times (they are kept and never read as numbers), one labels (0 or 1); all others
are numbers. Rows are in order and equally far apart in time: the model sees their order alone.
"""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danlu.core.errors import UserError

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Series:
    """T moments of C measured columns."""

    columns: tuple[str, ...]
    values_TC: Values
    times: tuple[str, ...]
    """As they stand in the file; the line's number, from 0, where no column holds times."""
    labels_T: NDArray[np.bool_] | None
    """True where something was wrong; None where nobody said."""


def read_series(path: Path, time: str = "", label: str = "") -> Series:
    """Read a file. Raises UserError naming line, column and value for the first cell that is no number, and for missing columns."""
    rows = _rows(path)
    header = rows[0]
    for name in filter(None, (time, label)):
        if name not in header:
            raise UserError(
                "{path} has no column {column}", "It has: {columns}.", path=path, column=name, columns=", ".join(header)
            )
    columns = [name for name in header if name not in (time, label)]
    places = [header.index(name) for name in columns]
    if not columns or len(set(header)) < len(header):
        raise UserError(
            "{path}: the first line must name each column once, and one of measurements at least", path=path
        )
    values = [[_number(path, line, header[at], row[at]) for at in places] for line, row in enumerate(rows[1:], 2)]
    labels = None
    if label:
        at = header.index(label)
        labels = np.array([_label(path, line, label, row[at]) for line, row in enumerate(rows[1:], 2)])
    times = [row[header.index(time)] for row in rows[1:]] if time else list(map(str, range(len(values))))
    return Series(tuple(columns), np.array(values, dtype=np.float32), tuple(times), labels)


def _rows(path: Path) -> list[list[str]]:
    if not path.is_file():
        raise UserError("No such file: {path}", "Name a CSV file of measurements.", path=path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            "{path} cannot be read as CSV: {problem}", "Save it as UTF-8.", path=path, problem=error
        ) from None
    if len(rows) < 2:
        raise UserError("{path} has no measurements", "Expected a line of names and lines of numbers.", path=path)
    for line, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise UserError(
                "{path}:{line} has {found} cells where the first line has {expected}",
                path=path, line=line, found=len(row), expected=len(rows[0]),
            )  # fmt: skip
    return rows


def _number(path: Path, line: int, column: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(
            "{path}:{line}: {column} is {value!r}, and not a number",
            "Fill the gap or leave the line out; a column of times is named after --time, one of labels after --label.",
            path=path,
            line=line,
            column=column,
            value=cell,
        )
    return value


def _label(path: Path, line: int, column: str, cell: str) -> bool:
    if cell.strip() not in ("0", "1", "0.0", "1.0"):
        raise UserError(
            "{path}:{line}: {column} is {value!r}, and not 0 or 1", path=path, line=line, column=column, value=cell
        )
    return cell.strip().startswith("1")


def check_columns(path: Path, found: Sequence[str], expected: Sequence[str]) -> None:
    """Raises UserError when a series has other columns than the one that a model learnt."""
    if list(found) != list(expected):
        raise UserError(
            "{path} has the columns {found}, and the model learnt {expected}",
            "Give the same columns in the same order; times are named after --time, labels after --label.",
            path=path,
            found=", ".join(found),
            expected=", ".join(expected),
        )
