"""Sends a reply while its pieces are still being made, and stops making them when the client goes away."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from danlu.serve.errors import ApiError
from danlu.serve.models import End, Piece, Text
from danlu.serve.shapes import ReplyShape, event

_STREAM_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    # A proxy that buffers would hand the whole answer over at its end.
    (b"x-accel-buffering", b"no"),
]


def json_response(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON response."""
    return Response(orjson.dumps(data), status, headers, media_type="application/json")


def error_response(error: ApiError) -> Response:
    """The error in the shape of the OpenAI API."""
    return json_response(error.body(), error.status, error.headers)


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Run `work`; cancel it when the client disconnects."""
    working, watching = asyncio.ensure_future(work), asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class WholeReply:
    """An ASGI response that waits for the whole answer."""

    def __init__(self, pieces: AsyncGenerator[Piece, None], shape: ReplyShape) -> None:
        self._pieces = pieces
        self._shape = shape

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send one JSON object."""
        await unless_gone(receive, self._send(scope, receive, send))

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        texts: list[str] = []
        async with aclosing(self._pieces) as pieces:
            async for piece in pieces:
                if isinstance(piece, End):
                    await json_response(self._shape.whole("".join(texts), piece))(scope, receive, send)
                    return
                texts.append(piece.text)


class StreamReply:
    """An ASGI response that sends each piece as it comes, as server-sent events."""

    def __init__(self, pieces: AsyncGenerator[Piece, None], shape: ReplyShape) -> None:
        self._pieces = pieces
        self._shape = shape

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        await unless_gone(receive, self._send(send))

    async def _send(self, send: Send) -> None:
        async with aclosing(self._pieces) as pieces:
            # An error before the first piece is an ordinary error response: nothing has been sent yet.
            first = await anext(pieces)
            await send({"type": "http.response.start", "status": 200, "headers": _STREAM_HEADERS})
            await _send_body(send, self._shape.opening() + self._bytes(first))
            try:
                async for piece in pieces:
                    await _send_body(send, self._bytes(piece))
            except ApiError as error:
                # The status is out already: an event with an error is what official clients raise.
                await _send_body(send, event(error.body()))
        await _send_body(send, b"", more=False)

    def _bytes(self, piece: Piece) -> bytes:
        return self._shape.content(piece.text) if isinstance(piece, Text) else self._shape.closing(piece)


async def _send_body(send: Send, body: bytes, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})
