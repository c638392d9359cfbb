"""Reads a request's body, up to a size and a time."""

import asyncio
from contextlib import suppress
from typing import Any

from starlette.types import Receive, Scope

from danlu.serve.wire.errors import ApiError


class ClientGone(Exception):
    """The client has closed the connection."""


async def read_all(scope: Scope, receive: Receive, max_bytes: int, timeout_s: float) -> bytes:
    """The whole body. Raises ApiError 413 as soon as it is known to be too large, 408 when it takes too long."""
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if announced.isdigit() and int(announced) > max_bytes:
        raise _too_large(max_bytes)
    message = await _received(receive, timeout_s)
    if not message.get("more_body"):
        return _checked(message["body"], max_bytes)
    parts, size_bytes = [message["body"]], len(message["body"])
    deadline_s = asyncio.get_running_loop().time() + timeout_s
    while message.get("more_body"):
        message = await _received(receive, deadline_s - asyncio.get_running_loop().time())
        parts.append(message["body"])
        size_bytes += len(message["body"])
        if size_bytes > max_bytes:
            raise _too_large(max_bytes)
    return b"".join(parts)


async def _received(receive: Receive, timeout_s: float) -> Any:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        return message
    raise ApiError(408, "The body did not arrive in time.", code="request_timeout", headers={"connection": "close"})


def _checked(body: bytes, max_bytes: int) -> bytes:
    if len(body) > max_bytes:
        raise _too_large(max_bytes)
    return body


def _too_large(max_bytes: int) -> ApiError:
    # The rest of the body is still on its way, so the connection cannot be used again.
    headers = {"connection": "close"}
    return ApiError(413, f"The body is larger than {max_bytes} bytes.", code="request_too_large", headers=headers)
