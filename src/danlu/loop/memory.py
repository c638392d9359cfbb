"""Out of memory: halve the batch and do the step again, with the same rows and the same normalisation. And a heap kept whole.

The longest batch of a step goes first. Gradients of a half-done batch are worth nothing, hence the whole step is done
again.
"""

import ctypes
import time
from collections.abc import Callable, Sequence

import torch

from danlu.core.library_errors import says_no_memory
from danlu.loop.feed import Batch

_TRIMMED_EVERY_S = 1.0
"""Of steps that are shorter some, so that it costs nothing."""


class Heap:
    """Gives what was freed back to the system, between steps.

    Batches of many sizes tear glibc's heap: three steps of a model of 14 million weights reached 1,611 MB, and 1,492 MB with this, in
    the same processor time; without it the peak goes on creeping, and no prediction holds. Other allocators do without.
    """

    def __init__(self) -> None:
        self._trim: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
        self._last = time.monotonic()

    def tidy(self) -> None:
        """Now, when the last time is long enough ago."""
        if self._trim and time.monotonic() - self._last > _TRIMMED_EVERY_S:
            self._trim(0)
            self._last = time.monotonic()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, by CUDA's own exception or by what torch says of the processor's."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and says_no_memory(error)
    ):
        return True
    # torch's pipeline wraps what goes wrong in a stage.
    return error.__cause__ is not None and is_out_of_memory(error.__cause__)


def fitting(batches: Sequence[Batch], max_padded_tokens: int) -> list[Batch]:
    """The same rows in batches of at most so many padded tokens; a single row stays whole."""
    done: list[Batch] = []
    waiting = list(batches)[::-1]
    while waiting:
        batch = waiting.pop()
        parts = batch.halves() if batch.padded_tokens > max_padded_tokens else None
        if parts is None:
            done.append(batch)
        else:
            waiting += reversed(parts)
    return done
