"""A file of preference data: JSON Lines, or one JSON list as LLaMA-Factory has it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError
from danlu.core.outside import read_lines
from danlu.train.align.row_lines import Line
from danlu.train.align.rows import SHAPES, Kind, Row

_EXPECTED = "expected {expected}"


def read_rows(path: Path, kind: Kind) -> list[Row]:
    """All rows in the order of the file; raises UserError that names line, field and value, or says what a file of them lacks."""
    rows = [Line(f"{path.name}:{number}", number, kind).read(row) for number, row in _parsed(path, kind)]
    if not rows:
        raise UserError("{path} has no rows", _EXPECTED, path=path, expected=SHAPES[kind])
    if len(rows) == 1:
        raise UserError(
            "{path} has one row: expected two or more, since nothing is learnt from one and nothing measured",
            _EXPECTED,
            path=path,
            expected=SHAPES[kind],
        )
    labels = {row.label for row in rows}
    if kind == "labelled" and len(labels) == 1:
        raise UserError(
            "{path}: every label is {label}: expected good and bad replies",
            "KTO learns from the difference: add replies with the other label.",
            path=path,
            label=str(labels.pop()).lower(),
        )
    return rows


def _parsed(path: Path, kind: Kind) -> Iterator[tuple[int, Any]]:
    """What each line holds, with its number; of one JSON list, what it holds, with its place."""
    lines = read_lines(path)
    if lines and lines[0][1].lstrip().startswith("["):
        first = lines[0][0]
        text = "\n".join(path.read_text(encoding="utf-8-sig").split("\n")[first - 1 :])
        yield from enumerate(_json(text, path, first, kind), 1)
        return
    for number, line in lines:
        yield number, _json(line, path, number, kind)


def _json(text: str, path: Path, number: int, kind: Kind) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(
            "{where}: not JSON: {problem} at column {column}",
            _EXPECTED,
            where=f"{path.name}:{number + error.lineno - 1}",
            expected=SHAPES[kind],
            problem=error.msg,
            column=error.colno,
        ) from None
