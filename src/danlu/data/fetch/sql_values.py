"""Values of a database as text for documents, and as JSON for the place in the key where reading goes on."""

import json
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from danlu.core.errors import UserError


def plain(value: Any) -> str | None:
    """A value as text: dates as ISO 8601, JSON as JSON. Binary that is no UTF-8 text is nothing that can be trained on."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        try:
            return bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            return None
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.isoformat() if isinstance(value, date | datetime | time) else str(value)


_READERS: dict[str, Callable[[str], Any]] = {
    "datetime": datetime.fromisoformat, "date": date.fromisoformat, "Decimal": Decimal, "UUID": UUID, "bytes": bytes.fromhex,
}  # fmt: skip


def encoded(value: Any) -> Any:
    """A value of a key as JSON that `decoded` turns back: a database compares with what it gave."""
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes | memoryview):
        return {"bytes": bytes(value).hex()}
    if isinstance(value, datetime | date):
        return {type(value).__name__: value.isoformat()}
    if isinstance(value, Decimal | UUID):
        return {type(value).__name__: str(value)}
    raise UserError(
        "A key of type {kind} cannot be read by",
        "Choose a --key-column of numbers, text or dates.",
        kind=type(value).__name__,
    )


def decoded(value: Any) -> Any:
    """The value that `encoded` made JSON of."""
    if not isinstance(value, dict):
        return value
    [(kind, text)] = value.items()
    return _READERS[kind](text)
