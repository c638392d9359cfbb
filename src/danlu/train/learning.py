"""How the heads' stages call the one loop."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from danlu.core.stages import Config, Work
from danlu.loop.feed import Feed

if TYPE_CHECKING:
    from danlu.loop.optimizers import Optimization

CHECKPOINT_EVERY_STEPS = 20
"""No identity: it decides what a kill costs, and what is gone back to after several steps in a row that are not finite."""
RECOMPUTE_ABOVE_TOKENS = 32_768
"""Padded tokens: above, activations are computed twice instead of kept (1.5 GB for MiniLM). The bits are the same."""


class LearningConfig(Config):
    """How the weights of a head follow the gradients. Each head has its own rate, or decides it by what it starts from."""

    warmup_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the steps over which the rate rises: without it fine-tuning of BERT fails now and then (Mosbach et al. 2021, arXiv 2006.04884)."""
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Per unit of rate, as for BERT (Devlin et al. 2019, arXiv 1810.04805)."""
    max_gradient_norm: Annotated[float, Field(gt=0)] = 1.0
    """Longer gradients are scaled down to this, as in BERT's code."""


def learn(
    learner: Any, feed: Feed, config: LearningConfig, learning_rate: float, work: Work, key: str
) -> list[float | None]:
    """Train `learner` on `feed` with this peak of the rate; returns the loss of each step, None for one that was left out as damaged.

    Continues where a killed run with the same `key` stood. Raises WorkFailed when the training diverges.
    """
    from danlu.loop.checkpoint import Checkpoints
    from danlu.loop.loop import train

    checkpoints = Checkpoints(work.scratch / "checkpoints", CHECKPOINT_EVERY_STEPS, key)
    how = optimization(config, learning_rate)
    trained = train(learner, feed, how, checkpoints, work.progress, seed=work.seed, observers=work.observers)
    return list(trained.losses)


def optimization(config: LearningConfig, learning_rate: float) -> "Optimization":
    """How the weights follow the gradients, with this peak of the rate."""
    from danlu.loop.optimizers import Optimization
    from danlu.model.loading import pays_bfloat16

    return Optimization(
        learning_rate=learning_rate,
        warmup_fraction=config.warmup_fraction,
        weight_decay=config.weight_decay,
        max_gradient_norm=config.max_gradient_norm,
        recompute_above_tokens=RECOMPUTE_ABOVE_TOKENS,
        precision="bfloat16" if pays_bfloat16() else "float32",
    )
