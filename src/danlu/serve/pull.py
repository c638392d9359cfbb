"""Blocking generators on the event loop: each runs in a thread of its own and hands its pieces over.

The threads are daemons, so that work which cannot be interrupted never keeps the process from ending.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncGenerator, Callable

from danlu.serve.errors import ApiError, internal_error, unavailable
from danlu.serve.limits import Seats
from danlu.serve.mailbox import Mailbox
from danlu.serve.models import Piece, Pieces, Text

_Item = Piece | ApiError | None
_log = logging.getLogger(__name__)


class Puller:
    """Runs generators in at most so many threads, and can cut them all short."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._open: set[Mailbox[_Item]] = set()

    async def pull(self, start: Callable[[], Pieces]) -> AsyncGenerator[Piece, None]:
        """The pieces of `start()`; closing this generator closes that one at its next piece."""
        await self._seats.take()
        loop = asyncio.get_running_loop()
        mailbox: Mailbox[_Item] = Mailbox(loop)
        gone = threading.Event()
        threading.Thread(target=self._work, args=(start, loop, mailbox, gone), daemon=True).start()
        self._open.add(mailbox)
        try:
            while (item := await mailbox.get()) is not None:
                if isinstance(item, ApiError):
                    raise item
                yield item
        finally:
            gone.set()
            self._open.discard(mailbox)

    def cut(self) -> None:
        """End every open generator with 503, because the server stops."""
        for mailbox in self._open:
            mailbox.put(unavailable("server_stopping", "The server is stopping."))

    def _work(
        self,
        start: Callable[[], Pieces],
        loop: asyncio.AbstractEventLoop,
        mailbox: Mailbox[_Item],
        gone: threading.Event,
    ) -> None:
        _hand_over(start, mailbox.put, gone)
        # The loop is closed already when the server ends first: then nobody waits for a seat.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._seats.give_back)


def _hand_over(start: Callable[[], Pieces], put: Callable[[_Item], object], gone: threading.Event) -> None:
    """Send every piece, or the error, then None; stop early when nobody reads any more."""
    try:
        with contextlib.closing(start()) as pieces:
            for piece in pieces:
                if gone.is_set():
                    return
                if piece != Text(""):
                    put(piece)
        put(None)
    except ApiError as error:
        put(error)
    except Exception:  # noqa: BLE001 (logged here, told as 500)
        _log.exception("a reply failed")
        put(internal_error())
