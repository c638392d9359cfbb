"""One connection to a server, for one request after the other: HTTP/1.1, parsed by httptools.

aiohttp, which reads the web elsewhere, takes twice the CPU time of all the rest for a token of a stream (docs/log.md), so what passes every
token reads by itself; the parsing is llhttp's. Bytes wait here until they are read, and the server waits when too many do.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

_MOST_HEAD_BYTES = 65_536
_MOST_WAITING_BYTES = 262_144
_LINGER_S = 1.0


class Connection(asyncio.Protocol):
    """Call `ask`, then `read` until it gives nothing, then `release`; `release` before that closes the connection."""

    status = 0
    """Of the answer."""

    def __init__(self, keep: Callable[["Connection"], None]) -> None:
        """`keep` takes a connection that can be used again."""
        self.headers: dict[str, str] = {}
        """Of the answer, names in lower case."""
        self.closed = False
        self.heard = False
        """Whether a byte of an answer has come."""
        self._keep = keep
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        self._waiting_bytes = self._head_bytes = 0
        self._headed = self._done = self._asked = self._lingers = self._lasts = False
        self._problem: OSError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._waits_since_s = self._patience_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def at_end(self) -> bool:
        """Whether all of the answer was read."""
        return self._done and not self._parts and self._problem is None

    async def ask(self, request: bytes, first_byte_timeout_s: float, stall_timeout_s: float) -> None:
        """Send a request, and come back when the head of its answer is here. Raises OSError, TimeoutError among them."""
        self._parser = httptools.HttpResponseParser(self)
        self.heard = self._headed = self._done = self._lasts = False
        self._asked = True
        self.headers, self._head_bytes = {}, 0
        self._patience_s = first_byte_timeout_s
        self._transport.write(request)
        while not self._headed:
            await self._more()
        self._patience_s = stall_timeout_s
        self._stop_timer()

    async def read(self) -> bytes:
        """The next bytes of the answer; none at its end. Raises OSError where it breaks off or stalls."""
        while not self._parts and not self._done:
            await self._more()
        if not self._parts:
            return b""
        read = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        if self._waiting_bytes > _MOST_WAITING_BYTES and not self.closed:
            self._transport.resume_reading()
        self._waiting_bytes = 0
        return read

    def release(self, *, nearly: bool = False) -> None:
        """Leave the connection to other requests where the answer was read to its end, or else close it.

        `nearly`: all that matters was read, and the end of the transfer may follow in the next moment.
        """
        self._stop_timer()
        if nearly and not self._done and not self.closed:
            self._lingers = True
            self._timer = self._loop.call_later(_LINGER_S, self.close)
        elif (self.at_end or self._lingers) and not self.closed and self._lasts:
            self._asked = self._lingers = False
            self._parts.clear()
            self._keep(self)
        else:
            self.close()

    def close(self) -> None:
        """End it."""
        self._stop_timer()
        self.closed = True
        self._transport.abort()

    async def _more(self) -> None:
        if self._problem is not None:
            raise self._problem
        self._waiter = self._loop.create_future()
        self._waits_since_s = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_later(self._patience_s, self._check)
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _check(self) -> None:
        """Whether the server has been silent for too long; one timer for a whole answer, set anew when it rings."""
        self._timer = None
        if self._waiter is None:
            return
        left_s = self._waits_since_s + self._patience_s - self._loop.time()
        if left_s <= 0:
            self._fail(TimeoutError(f"nothing came for {self._patience_s:g} s"))
        else:
            self._timer = self._loop.call_later(left_s, self._check)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fail(self, problem: OSError) -> None:
        if not self._done:
            self._problem = self._problem or problem
        self.close()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if not self._asked or self._done:
            # Nobody asked for this.
            self.close()
            return
        self.heard = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(ConnectionError(f"no HTTP: {error}"))
            return
        if self._lingers:
            if self._done:
                self.release()
            return
        if self._parts or self._done or self._headed:
            self._wake()
        if self._waiting_bytes > _MOST_WAITING_BYTES:
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.closed = True
        if self._headed and not self._done and exc is None and self._ends_with_connection():
            self._done = True
            self._wake()
        else:
            self._fail(ConnectionResetError(f"the server closed the connection{f': {exc}' if exc else ''}"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """See httptools."""
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > _MOST_HEAD_BYTES:
            raise ConnectionError("the head is too large")
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """See httptools."""
        self.status = self._parser.get_status_code()
        self._headed = self.status >= 200

    def on_body(self, body: bytes) -> None:
        """See httptools."""
        self._parts.append(body)
        self._waiting_bytes += len(body)

    def on_message_complete(self) -> None:
        """See httptools."""
        if self._headed:
            self._done = True
            # Only here: afterwards the parser has forgotten it.
            self._lasts = self._parser.should_keep_alive()
        else:  # 100 Continue and its like come before the answer
            self.headers, self._head_bytes = {}, 0

    def _ends_with_connection(self) -> bool:
        return "content-length" not in self.headers and "chunked" not in self.headers.get("transfer-encoding", "")
