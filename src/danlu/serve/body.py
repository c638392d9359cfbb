"""Reads a request body up to a limit."""

from starlette.requests import Request

from danlu.serve.errors import ApiError


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The whole body. Raises ApiError 413 as soon as it is known to be too large."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise _too_large(max_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(body)


def _too_large(max_bytes: int) -> ApiError:
    # The rest of the body is still on its way, so the connection cannot be used again.
    headers = {"connection": "close"}
    return ApiError(413, f"The body is larger than {max_bytes} bytes.", code="request_too_large", headers=headers)
