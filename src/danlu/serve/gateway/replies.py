"""Sends an answer, whole or as a stream, in the shape of its protocol."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any, Protocol

from starlette.types import Send

from danlu.serve.models import Caller, ChatRequest, Piece, Pieces
from danlu.serve.observe.exchange import Exchange
from danlu.serve.wire.errors import ApiError, internal_error
from danlu.serve.wire.sending import send_json

_EVENT_STREAM = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    # A proxy that buffers would hand the whole answer over at its end.
    (b"x-accel-buffering", b"no"),
]


class Shape(Protocol):
    """How one reply is written."""

    @property
    def id(self) -> str:
        """The id of the answer."""

    def whole(self, pieces: Sequence[Piece]) -> dict[str, Any]:
        """The whole reply, from all of its pieces."""

    def chunks(self, pieces: Sequence[Piece]) -> bytes:
        """The events for some pieces."""

    def error(self, body: dict[str, Any]) -> bytes:
        """The event for an error after the status is out."""


Parse = Callable[[bytes, Caller], ChatRequest]
NewShape = Callable[[ChatRequest], Shape]


async def send_whole(send: Send, pieces: Pieces, shape: Shape, exchange: Exchange, headers: list[Any]) -> None:
    """Wait for the whole answer and send one JSON object."""
    all_pieces: list[Piece] = []
    async with aclosing(pieces) as batches:
        async for batch in batches:
            all_pieces += batch
    await send_json(send, 200, shape.whole(all_pieces), headers)


async def send_stream(send: Send, pieces: Pieces, shape: Shape, exchange: Exchange, headers: list[Any]) -> None:
    """Send pieces as they come. An error before the first of them is raised; one after it is sent as an event."""
    async with aclosing(pieces) as batches:
        first = await anext(batches)
        exchange.status = 200
        await send({"type": "http.response.start", "status": 200, "headers": [*_EVENT_STREAM, *headers]})
        await send({"type": "http.response.body", "body": shape.chunks(first), "more_body": True})
        try:
            async for batch in batches:
                if body := shape.chunks(batch):
                    await send({"type": "http.response.body", "body": body, "more_body": True})
        except ApiError as error:
            exchange.error_code = error.code or "error"
            await send({"type": "http.response.body", "body": shape.error(error.body()), "more_body": True})
        except Exception:
            # Whoever catches it logs it; the client must not take what it has for the whole answer.
            exchange.error_code = "internal_error"
            await send({"type": "http.response.body", "body": shape.error(internal_error().body()), "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            raise
    await send({"type": "http.response.body", "body": b"", "more_body": False})
