"""Out of memory: halve the batch and do the step again, with the same rows and the same normalisation.

The longest batch of a step goes first. Gradients of a half-done batch are worth nothing, hence the whole step is done
again.
"""

from collections.abc import Sequence

import torch

from danlu.loop.feed import Batch

_CPU_MESSAGES = ("can't allocate memory", "not enough memory")
"""Of torch's allocator, on Linux and on Windows."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, by CUDA's own exception or by what torch's CPU allocator says."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(message in str(error) for message in _CPU_MESSAGES)


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
