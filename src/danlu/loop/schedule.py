"""Learning rates: a linear warm-up, then down along half a cosine, along a line, or held and let down at the end.

Hold-decay is also called warm-up-stable-decay (Hu et al. 2024, arXiv 2404.06395): a training that is held can be
gone on with, since its rate does not depend on where it ends.
"""

import math
from typing import Literal

Shape = Literal["cosine", "linear", "hold-decay"]
_FLOOR = 0.1
"""Share of the peak that a cosine or a line ends with: the last steps still move."""
_DECAY_SHARE = 0.2
"""Share of the steps in which hold-decay goes down to zero (10 to 20 % in the source)."""


def learning_rate(step: int, total_steps: int, peak: float, warmup_fraction: float, shape: Shape = "cosine") -> float:
    """The rate of step number `step`, from 0; the first step already moves, the last still does."""
    warmup_steps = math.ceil(total_steps * warmup_fraction)
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    if shape == "hold-decay":
        decay_steps = max(1, math.ceil(total_steps * _DECAY_SHARE))
        return peak * min(1.0, (total_steps - step) / decay_steps)
    progress = (step - warmup_steps + 1) / (total_steps - warmup_steps)
    left = (1 + math.cos(math.pi * progress)) / 2 if shape == "cosine" else 1 - progress
    return peak * (_FLOOR + (1 - _FLOOR) * left)
