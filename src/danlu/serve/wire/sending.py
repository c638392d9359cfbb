"""JSON and errors as ASGI messages, without a framework."""

from collections.abc import Sequence
from typing import Any

import orjson
from starlette.types import Send

from danlu.serve.wire.errors import ApiError

_JSON = (b"content-type", b"application/json")


async def send_json(send: Send, status: int, data: Any, headers: Sequence[Any] = ()) -> None:
    """One JSON object."""
    body = orjson.dumps(data)
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [_JSON, length, *headers]})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def send_error(send: Send, error: ApiError, headers: Sequence[Any] = ()) -> None:
    """An error in the shape of the OpenAI API."""
    own = [(name.encode(), value.encode()) for name, value in error.headers.items()]
    await send_json(send, error.status, error.body(), [*own, *headers])
