"""The two measures of a quota, as plain values: a bucket that refills, and a window that slides.

A bucket holds a minute's worth and refills steadily: it allows a burst and then a rate. A window counts what was used in a day or a month, in
slots: a slot counts in full until all of it is out of the window, so that in no stretch of that length is more used than allowed.
Both take a reservation back in part when less was used, and go beyond their limit when more was: then nothing passes until it has been paid off.
"""

from typing import NamedTuple


class Bucket(NamedTuple):
    """What is left, and when that was."""

    left: float
    at_s: float

    def refilled(self, capacity: float, per_s: float, now_s: float) -> "Bucket":
        """The bucket now."""
        return Bucket(min(capacity, self.left + max(0.0, now_s - self.at_s) * per_s), max(now_s, self.at_s))

    def wait_s(self, amount: float, per_s: float) -> float:
        """Seconds until so much is there."""
        return max(0.0, (amount - self.left) / per_s)


class Window(NamedTuple):
    """What was used in each slot; the last one is `slot`."""

    slot: int
    used: tuple[float, ...]

    @classmethod
    def empty(cls, slots: int) -> "Window":
        """Nothing used, long ago."""
        return cls(0, (0.0,) * slots)

    def moved(self, slot: int) -> "Window":
        """The window whose last slot is this one."""
        steps = slot - self.slot
        if steps <= 0:
            return self
        kept = self.used[steps:]
        return Window(slot, kept + (0.0,) * (len(self.used) - len(kept)))

    def added(self, slot: int, amount: float) -> "Window":
        """With so much more in a slot; one that is out of the window changes nothing."""
        place = len(self.used) - 1 - (self.slot - slot)
        if not 0 <= place < len(self.used):
            return self
        return Window(self.slot, (*self.used[:place], max(0.0, self.used[place] + amount), *self.used[place + 1 :]))

    def slots_until(self, amount: float, limit: float) -> int:
        """How many slots have to pass until so much fits; one more than there are where it never does."""
        used = sum(self.used)
        for steps, leaving in enumerate(self.used):
            if used + amount <= limit:
                return steps
            used -= leaving
        return len(self.used) + (used + amount > limit)
