"""Server-sent events, as bytes."""

from typing import Any

import orjson

DONE = b"data: [DONE]\n\n"


def event(data: dict[str, Any]) -> bytes:
    """One event without a name."""
    return b"data: " + orjson.dumps(data) + b"\n\n"
