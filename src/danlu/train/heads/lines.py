"""Errors of one line of a user's data, and values that stand in it."""

import json
from difflib import get_close_matches
from typing import Any

from danlu.core.errors import Phrase, UserError

_SHOWN = 80


def wrong(where: str, field: str, value: Any, expected: Phrase) -> UserError:
    """What a line's field holds and what was expected; `where` is file:line."""
    return UserError(
        "{where}: {field} is {value}",
        "Expected {expected}.",
        where=where,
        field=field,
        value=json.dumps(value, ensure_ascii=False)[:_SHOWN],
        expected=expected,
    )


def missing(row: dict[str, Any], where: str, field: str, expected: Phrase) -> UserError:
    """A line has not a field that it needs."""
    return UserError(
        "{where}: {field} is missing: the row has the columns {columns}",
        "Expected {expected}. Call the column {field}.",
        where=where,
        field=field,
        columns=", ".join(map(str, row)) or "{}",
        expected=expected,
    )


def text_in(row: dict[str, Any], field: str, where: str, expected: Phrase) -> str:
    """A field that must hold text with something in it."""
    if field not in row:
        raise missing(row, where, field, expected)
    value = row[field]
    if not isinstance(value, str) or not value.strip():
        raise wrong(where, field, value, expected)
    return value


def check_label(label: str, declared: tuple[str, ...], where: str) -> None:
    """Raises UserError for a label outside the declared ones, naming the nearest."""
    if declared and label not in declared:
        nearest = get_close_matches(label, declared, n=1)
        raise UserError(
            "{where}: the label {label} is none of those that are declared",
            "Did you mean {nearest}? Declared: {declared}.",
            where=where,
            label=label,
            nearest=nearest[0] if nearest else declared[0],
            declared=", ".join(declared),
        )
