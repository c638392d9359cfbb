"""Texts with labels: JSON Lines {"text", "label"} or {"text", "labels": [...]}, or CSV with the columns text and label."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.core.errors import Phrase, UserError
from danlu.train.examples import read_objects
from danlu.train.heads.lines import check_label, missing, text_in, wrong

_TEXT = Phrase("a text")
_LABEL = Phrase("a label: text or a whole number")
_LABELS = Phrase("a list of different labels, which may be empty")
_GROUP = Phrase("the value of the attribute that debias_field names")
_FORM = '{"text": "...", "label": "..."}'


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
    rows = list(_csv_rows(path) if path.suffix.lower() == ".csv" else _json_rows(path))
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


def _csv_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows by the names of the first line; a field may hold line breaks in quotation marks."""
    if not path.is_file():
        raise UserError("No such file: {path}", "Name a JSON Lines or CSV file.", path=path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows = [(f"{path}:{reader.line_num}", row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError("{path} is no CSV in UTF-8: {problem}", "Save it as UTF-8.", path=path, problem=error) from None
    if not rows:
        raise UserError("{path} has no rows", "Expected a first line such as text,label and rows below it.", path=path)
    for where, row in rows:
        if None in row or None in row.values():
            raise UserError(
                "{where}: not as many values as the first line has names",
                "Put values with commas into quotation marks.",
                where=where,
            )
        yield where, row


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
        raise missing(where, "label", _LABEL)
    return _name(row["label"], "label", where)


def _labels(row: dict[str, Any], where: str) -> tuple[str, ...]:
    if "labels" not in row:
        raise missing(where, "labels", _LABELS)
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
        raise missing(where, field, _GROUP)
    value = row[field]
    if not isinstance(value, str | int) or not str(value).strip():
        raise wrong(where, field, value, _GROUP)
    return str(value)
