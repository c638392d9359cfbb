"""Out of memory: halve the batch and do the step again, with the same rows and the same normalisation. And a heap that is kept.

The longest batch of a step goes first. Gradients of a half-done batch are worth nothing, hence the whole step is done
again.
"""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from danlu.core.library_errors import says_no_memory
from danlu.loop.feed import Batch

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Of mallopt, in glibc's malloc.h."""
_NEVER = 2**30
_USUAL = 2**25
"""Bytes. What glibc's own threshold grows to at most; once set, it no longer moves by itself."""


@contextmanager
def kept_heap() -> Iterator[None]:
    """Within, what a step frees stays with the process for the next step, instead of going back to the system.

    A step frees and asks for the same hundreds of megabytes, and each page that comes anew is filled with zeros first: a model of
    14 million weights took 22.9 CPU-seconds for 11 steps without this and 20.0 with it, at the same peak of memory.
    Given back once a second it took 29. Other allocators do without.
    """
    libc: Any = ctypes.CDLL(None)
    if not hasattr(libc, "mallopt"):
        yield
        return
    if not libc.mallopt(_MMAP_THRESHOLD, _NEVER):  # an older glibc refuses more than this
        libc.mallopt(_MMAP_THRESHOLD, _USUAL)
    libc.mallopt(_TRIM_THRESHOLD, _NEVER)
    try:
        yield
    finally:
        libc.mallopt(_MMAP_THRESHOLD, _USUAL)
        libc.mallopt(_TRIM_THRESHOLD, 2 * _USUAL)
        libc.malloc_trim(0)


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
