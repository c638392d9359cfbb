"""Steps that would ruin a training: losses that are not finite, and spikes.

A step whose loss or gradient is not finite is left out: nothing is learnt from it. A spike shows that the weights were
damaged some steps before, so the training goes back to a checkpoint before it and leaves out the steps since
(Chowdhery et al. 2022, PaLM, arXiv 2204.02311, section 5.1, went back 100 steps and left out 200 to 500 batches).
Every decision follows from the losses alone, so a training that was killed and resumed decides alike.
"""

import math
import statistics
from collections.abc import Sequence

from danlu.core.errors import WorkFailed


class CannotLearn(WorkFailed):
    """The settings are the cause: the loss went where it cannot come back from, or a single row is too much for the memory."""


class MemoryShort(WorkFailed):
    """One of several processes lacks memory for its batch, and the others wait inside of that very batch: all must start again."""


WINDOW = 64
"""Steps whose losses say what is usual."""
_SPIKE_SPREADS = 12.0
"""Median absolute deviations above the median. Losses of small steps reach 6 in healthy trainings of a few hundred steps."""
_LEAST_RISE = 0.35
"""Nats per target above the median that a spike has at least: where the losses hardly vary, a small rise is many deviations."""
MOST_LEFT_OUT_IN_A_ROW = 3
"""Steps without a finite gradient: after so many it is the weights and not the data."""
BEHIND = 8
"""Steps that a checkpoint lies behind a spike at least, to be from before the damage."""
MOST_RETURNS = 3
"""A training that has gone back so often will not get over it: its rate is too high."""


def is_spike(losses: Sequence[float | None], loss: float) -> bool:
    """Whether a loss stands out from those of the steps before it; None marks a step that was left out."""
    usual = [value for value in losses[-WINDOW:] if value is not None]
    if len(usual) < WINDOW // 2 or not math.isfinite(loss):
        return False
    middle = statistics.median(usual)
    spread = statistics.median(abs(value - middle) for value in usual)
    return loss - middle > max(_SPIKE_SPREADS * spread, _LEAST_RISE)
