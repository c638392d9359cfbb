"""How many requests a caller may send."""

import time
from collections.abc import Callable

from danlu.serve.wire.errors import busy

_PRUNE_ABOVE = 1_024


class RateLimit:
    """A token bucket per caller, in memory: a restart forgives everyone.

    Not thread-safe: all calls come from the event loop.
    """

    def __init__(self, per_minute: float, burst: int, now: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_minute / 60
        self._burst = float(burst)
        self._now = now
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, caller: str) -> None:
        """Count one request. Raises ApiError 429 with Retry-After when the caller has none left."""
        now = self._now()
        tokens, since = self._buckets.get(caller, (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._per_s)
        if tokens < 1:
            self._buckets[caller] = (tokens, now)
            raise busy("rate_limit_exceeded", "Too many requests with this key.", (1 - tokens) / self._per_s)
        self._buckets[caller] = (tokens - 1, now)
        if len(self._buckets) > _PRUNE_ABOVE:
            self._prune(now)

    def _prune(self, now: float) -> None:
        """Forget the callers whose bucket is full again: a new bucket is the same."""
        self._buckets = {
            caller: (tokens, since)
            for caller, (tokens, since) in self._buckets.items()
            if tokens + (now - since) * self._per_s < self._burst
        }
