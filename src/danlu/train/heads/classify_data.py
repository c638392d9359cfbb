"""Texts with labels: JSON Lines {"text", "label"} or {"text", "labels": [...]}, or CSV with the columns text and label.

A CSV may be delimited by commas, semicolons, tabs or bars: by which of them, its own first line tells.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.core.errors import Phrase, UserError
from danlu.core.outside import read_text
from danlu.train.examples import read_objects
from danlu.train.heads.lines import check_label, missing, text_in, wrong

_TEXT = Phrase("a text")
_LABEL = Phrase("a label: text or a whole number")
_LABELS = Phrase("a list of different labels, which may be empty")
_GROUP = Phrase("the value of the attribute that debias_field names")
_FORM = '{"text": "...", "label": "..."}'
_DELIMITERS = {",": Phrase("commas"), ";": Phrase("semicolons"), "\t": Phrase("tabs"), "|": Phrase("bars")}


@dataclass(frozen=True)
class LabelledText:
    """One row of the file."""

    where: str
    """file:line"""
    text: str
    labels: tuple[str, ...]
    group: str = ""
    """The value of the protected attribute."""


def read_labelled(
    path: Path, declared: tuple[str, ...], debias_field: str | None, *, is_labelled: bool = True
) -> tuple[list[LabelledText], bool]:
    """All rows, and whether they have any number of labels. Raises UserError for the first line that is wrong."""
    needed = ("text", "label") if is_labelled else ("text",)
    rows = list(_csv_rows(path, needed) if path.suffix.lower() in (".csv", ".tsv") else _json_rows(path))
    if not is_labelled:
        return [LabelledText(where, text_in(row, "text", where, _TEXT), ()) for where, row in rows], False
    is_multi_label = "labels" in rows[0][1]
    found = [_read(row, where, is_multi_label, declared, debias_field) for where, row in rows]
    given = {label for row in found for label in row.labels}
    if len(given) < (1 if is_multi_label else 2):
        raise UserError(
            "{path}: all {rows} rows have the label {label}",
            "A classifier needs rows of two labels at least.",
            path=path,
            rows=len(found),
            label=", ".join(given) or "–",
        )
    return found, is_multi_label


def _json_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, row in read_objects(path, _FORM):
        yield f"{path}:{number}", row


def _csv_rows(path: Path, needed: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows by the names of the first line; a field may hold line breaks in quotation marks."""
    if not path.is_file():
        raise UserError("No such file: {path}", "Name a JSON Lines or CSV file.", path=path)
    text = read_text(path)
    delimiter = _delimiter(text, path, needed)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [(f"{path}:{reader.line_num}", row) for row in reader]
    except csv.Error as error:
        raise UserError(
            "{path}:{line}: no CSV: {problem}",
            "Put values with line breaks or quotation marks into quotation marks, and double those inside.",
            path=path,
            line=reader.reader.line_num,
            problem=error,
        ) from None
    if not rows:
        raise UserError("{path} has no rows", "Expected a first line such as text,label and rows below it.", path=path)
    for where, row in rows:
        if None in row or None in row.values():
            raise UserError(
                "{where}: not as many values as the first line has names, which are parted by {delimiter}",
                "Put values that hold the delimiter into quotation marks.",
                where=where,
                delimiter=_DELIMITERS[delimiter],
            )
        yield where, row


def _delimiter(text: str, path: Path, needed: Sequence[str]) -> str:
    """What parts the first line into names with those that are needed. Raises UserError with the names that it has."""
    parted = {delimiter: _names(text, delimiter) for delimiter in _DELIMITERS}
    for delimiter, names in parted.items():
        if set(needed) <= set(names) or not text.strip():
            return delimiter
    found = max(parted, key=lambda delimiter: len(parted[delimiter]))
    raise UserError(
        "{path} has the columns {columns}, parted by {delimiter}: expected {needed}",
        "Call them so in the first line: the text to read, and what it is.",
        path=path,
        columns=", ".join(parted[found]) or "–",
        delimiter=_DELIMITERS[found],
        needed=", ".join(needed),
    )


def _names(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return []


def _read(
    row: dict[str, Any], where: str, is_multi_label: bool, declared: tuple[str, ...], debias_field: str | None
) -> LabelledText:
    text = text_in(row, "text", where, _TEXT)
    labels = _labels(row, where) if is_multi_label else (_label(row, where),)
    for label in labels:
        check_label(label, declared, where)
    return LabelledText(where, text, labels, _group(row, debias_field, where) if debias_field else "")


def _label(row: dict[str, Any], where: str) -> str:
    if "label" not in row:
        raise missing(row, where, "label", _LABEL)
    return _name(row["label"], "label", where)


def _labels(row: dict[str, Any], where: str) -> tuple[str, ...]:
    if "labels" not in row:
        raise missing(row, where, "labels", _LABELS)
    given = row["labels"]
    if not isinstance(given, list):
        raise wrong(where, "labels", given, _LABELS)
    names = tuple(_name(label, "labels", where) for label in given)
    if len(set(names)) < len(names):
        raise wrong(where, "labels", given, _LABELS)
    return names


def _name(value: Any, field: str, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise wrong(where, field, value, _LABEL)
    return str(value)


def _group(row: dict[str, Any], field: str, where: str) -> str:
    if field not in row:
        raise missing(row, where, field, _GROUP)
    value = row[field]
    if not isinstance(value, str | int) or not str(value).strip():
        raise wrong(where, field, value, _GROUP)
    return str(value)
