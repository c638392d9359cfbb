"""Requests to one OpenAI-compatible server: sent, retried before the first byte, read in bounded time and memory.

The key goes to the address that was configured and nowhere else: a redirect is an error. What the server says is repeated to callers only
where it speaks of their own request.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import orjson

from danlu.core.endpoints import MAX_REPLY_BYTES
from danlu.serve.routes.upstream.breaker import Breaker
from danlu.serve.routes.upstream.connection import Connection
from danlu.serve.routes.upstream.pool import Connections, Patience
from danlu.serve.routes.upstream.refusals import UpstreamError, refused, unreachable
from danlu.serve.routes.upstream.sse import EventReader, TooLong

_RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_DONE = b"[DONE]"
_MOST_SAID_BYTES = 65_536
"""Of an error."""


@dataclass(frozen=True)
class Endpoint:
    """Where requests go, and how long they may take."""

    base_url: str
    """Such as https://api.deepseek.com/v1; `/chat/completions` is added."""
    key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    patience: Patience = field(default_factory=Patience)
    retries: int = 2
    """After the first attempt; none once a byte of the answer has come."""
    backoff_s: float = 0.25
    """Before the first retry, doubled before each further one; a shorter Retry-After of the server's is kept to."""


class UpstreamClient:
    """Sends to one endpoint, on the event loop."""

    def __init__(self, endpoint: Endpoint, connections: Connections) -> None:
        self.breaker = Breaker()
        self._endpoint = endpoint
        authorization = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        headers = {"Content-Type": "application/json", "User-Agent": "danlu", **authorization, **endpoint.headers}
        self._server = connections.to(endpoint.base_url, headers, endpoint.patience)

    async def post(self, path: str, body: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """The whole answer, an object. Raises UpstreamError."""
        response = await self._answered(path, body, headers)
        try:
            data = orjson.loads(await self._read_all(response))
        except orjson.JSONDecodeError:
            raise self._garbage() from None
        finally:
            response.release()
        if not isinstance(data, dict):
            raise self._garbage()
        return data

    async def stream(
        self, path: str, body: dict[str, Any], headers: Mapping[str, str]
    ) -> AsyncGenerator[tuple[list[dict[str, Any]], bool], None]:
        """Events that were read together, and whether the end mark was among them; a server that does not stream sends one event.

        Closing the generator closes the connection, by which the server knows that nobody waits any more. Raises UpstreamError.
        """
        response = await self._answered(path, body, headers)
        whole = False
        try:
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                yield [self._object(await self._read_all(response))], True
                whole = True
                return
            reader = EventReader()
            async with aclosing(self._events(response, reader)) as batches:
                async for events in batches:
                    whole = _DONE in events
                    objects, problem = self._objects(events)
                    yield objects, whole
                    if problem is not None:
                        raise problem
                    if whole:
                        return
        finally:
            response.release(nearly=whole)

    async def _events(self, response: Connection, reader: EventReader) -> AsyncGenerator[list[bytes], None]:
        try:
            while read := await self._read_some(response):
                if events := reader.feed(read):
                    yield events
            if events := reader.finish():
                yield events
        except TooLong:
            raise self._garbage() from None

    async def _read_some(self, response: Connection) -> bytes:
        try:
            return await response.read()
        except OSError as error:
            self.breaker.failed()
            raise UpstreamError(502, "upstream_cut_off", "The model's server stopped in the middle of its answer.", repr(error)) from error  # fmt: skip

    async def _read_all(self, response: Connection) -> bytes:
        parts, size_bytes = [], 0
        while read := await self._read_some(response):
            size_bytes += len(read)
            if size_bytes > 2 * MAX_REPLY_BYTES:
                raise self._garbage()
            parts.append(read)
        return b"".join(parts)

    async def _answered(self, path: str, body: dict[str, Any], headers: Mapping[str, str]) -> Connection:
        """A response with status 200, whose body has not been read. Raises UpstreamError."""
        if left_s := self.breaker.closed_for_s():
            raise unreachable("It failed repeatedly and is left alone for a while.", left_s)
        content = orjson.dumps(body)
        try:
            for attempt in range(self._endpoint.retries + 1):
                try:
                    response = await self._once(path, content, headers)
                    self.breaker.succeeded()
                    return response
                except UpstreamError as error:
                    if error.is_ours:
                        self.breaker.succeeded()
                        raise
                    wait_s = self._wait_s(error, attempt)
                    if wait_s is None:
                        self.breaker.failed()
                        raise
                await asyncio.sleep(wait_s)
        except asyncio.CancelledError:
            self.breaker.given_up()
            raise
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, path: str, content: bytes, headers: Mapping[str, str]) -> Connection:
        try:
            response = await self._server.post(path, content, headers)
        except (OSError, ValueError) as error:
            raise unreachable("It did not answer.", None, repr(error)) from error
        if response.status == 200:
            return response
        said = b""
        try:
            while len(said) < _MOST_SAID_BYTES and (read := await response.read()):
                said += read
        except OSError:
            said = b""
        finally:
            response.release()
        said = said.replace(self._endpoint.key.encode() or b"\0", b"...")
        raise refused(response.status, response.headers.get("retry-after", ""), said[:_MOST_SAID_BYTES])

    def _wait_s(self, error: UpstreamError, attempt: int) -> float | None:
        """Seconds before the next attempt, or None when there is to be none."""
        if attempt >= self._endpoint.retries or (error.upstream_status and error.upstream_status not in _RETRIED):
            return None
        own_s = self._endpoint.backoff_s * 2**attempt * random.uniform(0.75, 1.25)  # noqa: S311 (spreads retries)
        # Longer than that is for the caller to wait, or for another server to answer.
        return own_s if error.retry_after_s is None else (error.retry_after_s if error.retry_after_s <= 2 else None)

    def _objects(self, events: list[bytes]) -> tuple[list[dict[str, Any]], UpstreamError | None]:
        """The objects up to the first event that is none, and what is wrong with that one."""
        objects: list[dict[str, Any]] = []
        try:
            for data in events:
                if data != _DONE:
                    objects.append(self._object(data))
        except UpstreamError as error:
            return objects, error
        return objects, None

    def _object(self, data: bytes) -> dict[str, Any]:
        try:
            found = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise self._garbage() from None
        if not isinstance(found, dict):
            raise self._garbage()
        if error := found.get("error"):
            raise refused(_status_in(error), "", orjson.dumps(found))
        return found

    def _garbage(self) -> UpstreamError:
        self.breaker.failed()
        return UpstreamError(502, "upstream_garbage", "The model's server sent something that is no answer.")


def _status_in(error: Any) -> int:
    """The HTTP status that an error inside a stream carries, as vLLM's do; 500 where it has none."""
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 500
