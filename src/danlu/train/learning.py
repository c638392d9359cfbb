"""How the heads' stages call the one loop."""

from pathlib import Path
from typing import Any, Protocol

from danlu.core.hashing import hash_facts, hash_file
from danlu.core.stages import Work
from danlu.loop.feed import Feed

_CHECKPOINT_EVERY_STEPS = 20
"""No identity: it changes nothing but what a kill costs."""
_RECOMPUTE_ABOVE_TOKENS = 32_768
"""Padded tokens: above, activations are computed twice instead of kept (1.5 GB for MiniLM). The bits are the same."""


class Rates(Protocol):
    """What a head's config says of its optimisation."""

    @property
    def learning_rate(self) -> float:
        """Peak of the schedule."""

    @property
    def warmup_fraction(self) -> float:
        """Share of the steps over which the rate rises."""

    @property
    def weight_decay(self) -> float:
        """Per unit of rate."""

    @property
    def max_gradient_norm(self) -> float:
        """Longer gradients are scaled down to this."""


def files_hash(folder: Path) -> str:
    """What a base checkpoint is: its config and its weights."""
    return hash_facts([hash_file(path) for path in (folder / "config.json", *sorted(folder.glob("*.safetensors")))])


def learn(learner: Any, feed: Feed, rates: Rates, work: Work, key: str) -> list[float | None]:
    """Train `learner` on `feed`; returns the loss of each step, None for one that was left out as damaged.

    Continues where a killed run with the same `key` stood. Raises WorkFailed when the training diverges.
    """
    from danlu.loop.checkpoint import Checkpoints
    from danlu.loop.loop import train
    from danlu.loop.optimizers import Optimization
    from danlu.model.loading import pays_bfloat16

    optimization = Optimization(
        learning_rate=rates.learning_rate,
        warmup_fraction=rates.warmup_fraction,
        weight_decay=rates.weight_decay,
        max_gradient_norm=rates.max_gradient_norm,
        recompute_above_tokens=_RECOMPUTE_ABOVE_TOKENS,
        precision="bfloat16" if pays_bfloat16() else "float32",
    )
    checkpoints = Checkpoints(work.scratch / "checkpoints", _CHECKPOINT_EVERY_STEPS, key)
    return list(train(learner, feed, optimization, checkpoints, work.progress, seed=work.seed).losses)
