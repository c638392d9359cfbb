"""How many answers a model makes at once, and who is next: a bounded queue, fair to keys, that turns people away early.

A caller who would wait is told 429 at once when the queue is full or has enough of his own: a request that waits for a minute costs
memory here and patience there. Requests of a more urgent priority go first; within one, first come, first served.
"""

import asyncio
import heapq
import itertools
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from danlu.serve.wire.errors import busy

_WEIGHT = 0.1
"""Of the newest answer in the mean time that an answer takes."""
_Waiting = tuple[int, int, "asyncio.Future[None]"]


class Admission:
    """The seats of one model. Not thread-safe: all calls come from the event loop."""

    def __init__(
        self, running: int, waiting: int, waiting_per_caller: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.running = 0
        self._seats = running
        self._most_waiting = waiting
        self._most_per_caller = waiting_per_caller
        self._now = now
        self._queue: list[_Waiting] = []
        self._order = itertools.count()
        self._waiting_of: Counter[str] = Counter()
        self._mean_s = 1.0

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return self._waiting_of.total()

    @asynccontextmanager
    async def seat(self, caller: str, priority: int = 5) -> AsyncGenerator[None, None]:
        """A seat, inside the block. `priority` 0 is the most urgent. Raises ApiError 429 where there is no room to wait."""
        if self.running < self._seats and not self._waiting_of:
            self.running += 1
        else:
            await self._wait(caller, priority)
        since = self._now()
        try:
            yield
        finally:
            self._mean_s += _WEIGHT * (self._now() - since - self._mean_s)
            self._give_back()

    async def _wait(self, caller: str, priority: int) -> None:
        if self.waiting >= self._most_waiting or self._waiting_of[caller] >= self._most_per_caller:
            raise busy("server_busy", "The model is busy; try again later.", self._expected_wait_s())
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, (priority, next(self._order), turn))
        self._waiting_of[caller] += 1
        try:
            await turn
        except asyncio.CancelledError:
            # The seat was given in the moment in which its owner left.
            if turn.done() and not turn.cancelled():
                self._give_back()
            raise
        finally:
            self._waiting_of[caller] -= 1
            if not self._waiting_of[caller]:
                del self._waiting_of[caller]

    def _give_back(self) -> None:
        """Hand the seat to who is next, or free it."""
        while self._queue:
            *_, turn = heapq.heappop(self._queue)
            if not turn.done():
                turn.set_result(None)
                return
        self.running -= 1

    def _expected_wait_s(self) -> float:
        return self._mean_s * (self.waiting + 1) / self._seats
