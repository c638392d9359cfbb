"""How often one host is asked: never faster than it asks for, slower when it is slow."""

import asyncio
from random import SystemRandom

_JITTER = 0.3
"""Share of the delay by which a wait is longer, at random, so that crawlers of many users do not march in step."""

_LEAST_S = 0.05
"""Where no delay is asked for at all: a host that fails is never asked again at once."""


class Pace:
    """Turns at one host. Crawls of the same host share one."""

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        self._next = 0.0
        self._random = SystemRandom()

    async def turn(self) -> None:
        """Wait until the host may be asked again."""
        loop = asyncio.get_running_loop()
        while (wait := self._next - loop.time()) > 0:
            await asyncio.sleep(wait)
        self._next = loop.time() + self._delay(self.delay_s)

    def pause(self, least_s: float) -> None:
        """Ask nothing for a while: the host said so, or it does not answer."""
        self._next = max(self._next, asyncio.get_running_loop().time() + self._delay(least_s))

    def took(self, seconds: float) -> None:
        """A host that needs long for an answer is left alone as long before the next."""
        self.pause(max(self.delay_s, min(seconds, 60.0)))

    def backoff_s(self, tries: int, most_s: float) -> float:
        """How long to leave a host alone that has failed `tries` times before: twice as long each time, at most a minute."""
        return min(max(self.delay_s, _LEAST_S) * 2.0 ** (tries + 1), 60.0, most_s)

    def _delay(self, least_s: float) -> float:
        return least_s * self._random.uniform(1, 1 + _JITTER)
