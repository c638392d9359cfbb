"""Learning rates: a linear warm-up, then half a cosine down to a tenth of the peak."""

import math


def learning_rate(step: int, total_steps: int, peak: float, warmup_fraction: float) -> float:
    """The rate of step number `step`, from 0; the first step already moves, the last still does."""
    warmup_steps = math.ceil(total_steps * warmup_fraction)
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = (step - warmup_steps + 1) / (total_steps - warmup_steps)
    return peak * (0.1 + 0.9 * (1 + math.cos(math.pi * progress)) / 2)
