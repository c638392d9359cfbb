"""Ends the work for a request when nobody waits for it any more, or when the server stops."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import Any, TypeVar

from starlette.types import Receive, Send

from danlu.serve.models import Pieces
from danlu.serve.wire.body import ClientGone
from danlu.serve.wire.errors import ApiError

_T = TypeVar("_T")


class Watch:
    """A context manager around the work of the current task: raises ClientGone when the client leaves."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False
        self.started_s = time.monotonic()
        self.sending_since_s: float | None = None
        """Since when the client has been given something to read that he does not take; None while nothing waits."""
        self._cut_by: ApiError | None = None

    async def __aenter__(self) -> "Watch":
        task = asyncio.current_task()
        assert task is not None, "a request is answered in a task"
        self._task = task
        self._watcher = asyncio.create_task(self._until_gone())
        return self

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._watcher.cancel()
        if kind is asyncio.CancelledError and (self._gone or self._cut_by is not None):
            # A cut that comes out here met a client that did not read: there is nothing to tell him.
            self._task.uncancel()
            raise ClientGone from None

    def sender(self, send: Send) -> Send:
        """The same, watched for clients that do not read what they are sent."""

        async def watched(message: Any) -> None:
            self.sending_since_s = time.monotonic()
            await send(message)
            self.sending_since_s = None

        return watched

    def leave(self) -> None:
        """End the work as if the client had left."""
        if self._cut_by is None and not self._gone:
            self._gone = True
            self._task.cancel()

    def cut(self, error: ApiError) -> None:
        """End the work with an error that the client is told."""
        if not self._gone and self._cut_by is None:
            self._cut_by = error
            self._task.cancel()

    async def during(self, work: Awaitable[_T]) -> _T:
        """The result of the work; a cut comes out as its error."""
        try:
            return await work
        except asyncio.CancelledError:
            if self._cut_by is None:
                raise
            self._task.uncancel()
            raise self._cut_by from None

    async def over(self, pieces: Pieces) -> Pieces:
        """The pieces, closed whatever happens; a cut comes out of them as its error."""
        try:
            async with aclosing(pieces) as batches:
                async for batch in batches:
                    yield batch
        except asyncio.CancelledError:
            if self._cut_by is None:
                raise
            self._task.uncancel()
            raise self._cut_by from None

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.leave()


class Watches:
    """The work of all requests. Once a second those are ended that take too long, and clients let go that do not read."""

    def __init__(self, slow_reader_s: float, longest_answer_s: float) -> None:
        self._slow_reader_s = slow_reader_s
        self._longest_answer_s = longest_answer_s
        self._watches: set[Watch] = set()
        self._watchdog: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def watch(self, receive: Receive) -> AsyncGenerator[Watch, None]:
        """A watch over the block."""
        watch = Watch(receive)
        self._watches.add(watch)
        if self._watchdog is None:
            self._watchdog = asyncio.create_task(self._look_after())
        try:
            async with watch:
                yield watch
        finally:
            self._watches.discard(watch)

    def cut(self, error: ApiError) -> None:
        """End all of them with an error."""
        for watch in self._watches:
            watch.cut(error)

    def close(self) -> None:
        """Look no more."""
        if self._watchdog is not None:
            self._watchdog.cancel()

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(1)
            now_s = time.monotonic()
            for watch in list(self._watches):
                if watch.sending_since_s is not None and now_s - watch.sending_since_s > self._slow_reader_s:
                    watch.leave()
                elif now_s - watch.started_s > self._longest_answer_s:
                    watch.cut(ApiError(504, "The answer took too long.", code="answer_timeout", kind="api_error"))
