"""HTTP/1.1 with bounds that uvicorn leaves open: how long a request may take to arrive, and how large its head may be.

Without them a client that sends a byte now and then holds a connection for ever (slow loris), and one that sends headers without end fills
the memory. A request that arrives at once, as nearly all do, starts no timer.
"""

import asyncio
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from danlu.serve.wire.errors import ApiError

ARRIVAL_TIMEOUT_S = 15.0
"""From the first byte of a request to its last, and from the opening of a connection to its first byte."""
MOST_HEAD_BYTES = 65_536
_TOO_SLOW = ApiError(408, "The request did not arrive in time.", code="request_timeout")
_TOO_LARGE = ApiError(431, f"The head of the request is larger than {MOST_HEAD_BYTES} bytes.", code="headers_too_large")
_REASONS = {408: b"Request Timeout", 431: b"Request Header Fields Too Large"}


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    _head_bytes = 0
    _in_head = True
    _arriving = True
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, as long as the head stays within its bounds."""
        super().data_received(data)
        if not self._arriving:
            return
        if self._in_head:
            self._head_bytes += len(data)
        if self._head_bytes > MOST_HEAD_BYTES:
            self._refuse(_TOO_LARGE)
        elif self._timer is None:
            self._start_timer()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head, self._arriving, self._head_bytes = True, True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head, self._head_bytes = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of the request is here."""
        self._arriving = False
        self._stop_timer()
        super().on_message_complete()

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(ARRIVAL_TIMEOUT_S, self._refuse, _TOO_SLOW)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, error: ApiError) -> None:
        self._stop_timer()
        if self.transport.is_closing():
            return
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            # Half of an answer is out already: all that can be said is that the connection ends.
            self.transport.close()
            return
        body: bytes = orjson.dumps(error.body())
        head: list[Any] = [error.status, _REASONS[error.status], len(body)]
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            % tuple(head)
            + body
        )
        self.transport.close()
