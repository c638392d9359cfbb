"""A circuit breaker: a server that keeps failing is left alone for a while, so that nobody waits for it.

After `failures` in a row the circuit opens, for `rest_s` at first and twice as long after each trial that fails. Then one
request is let through as a trial; the others are told at once. Nygard, Release It!, 2007.
"""

import time
from collections.abc import Callable


class Breaker:
    """State of one server; all calls come from the event loop."""

    def __init__(
        self,
        failures: int = 5,
        rest_s: float = 5.0,
        longest_rest_s: float = 120.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = failures
        self._first_rest_s = rest_s
        self._longest_rest_s = longest_rest_s
        self._now = now
        self._failed = 0
        self._rest_s = rest_s
        self._open_until: float | None = None
        self._trial_runs = False

    def closed_for_s(self) -> float:
        """Seconds for which no request should be sent; 0 when one may be, which counts as the trial of an open circuit."""
        if self._open_until is None:
            return 0.0
        left_s = self._open_until - self._now()
        if left_s > 0:
            return left_s
        if self._trial_runs:
            return 1.0
        self._trial_runs = True
        return 0.0

    @property
    def is_open(self) -> bool:
        """Whether requests are held back, or only a trial runs."""
        return self._open_until is not None

    def succeeded(self) -> None:
        """A request was answered, if only by a refusal that was meant for it."""
        self._failed, self._rest_s, self._open_until, self._trial_runs = 0, self._first_rest_s, None, False

    def failed(self) -> None:
        """A request failed by the server's fault."""
        self._failed += 1
        if self._trial_runs or self._failed == self._most:
            self._rest_s = min(self._longest_rest_s, 2 * self._rest_s) if self._trial_runs else self._first_rest_s
            self._open_until, self._trial_runs = self._now() + self._rest_s, False

    def given_up(self) -> None:
        """A request was cancelled by its client: that says nothing, and the next one may be the trial."""
        self._trial_runs = False
