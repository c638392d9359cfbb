"""Reads a request's body, up to a size; how long it may take is bounded for each connection (danlu.serve.gateway.protocol)."""

from starlette.types import Receive, Scope

from danlu.serve.wire.errors import ApiError


class ClientGone(Exception):
    """The client has closed the connection."""


async def read_all(scope: Scope, receive: Receive, max_bytes: int) -> bytes:
    """The whole body. Raises ApiError 413 as soon as it is known to be too large, ClientGone when it will never be whole."""
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if announced.isdigit() and int(announced) > max_bytes:
        raise _too_large(max_bytes)
    parts, size_bytes, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message["body"])
        size_bytes += len(message["body"])
        if size_bytes > max_bytes:
            raise _too_large(max_bytes)
        more = message["more_body"]
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(max_bytes: int) -> ApiError:
    # The rest of the body is still on its way, so the connection cannot be used again.
    headers = {"connection": "close"}
    return ApiError(413, f"The body is larger than {max_bytes} bytes.", code="request_too_large", headers=headers)
