"""How much privacy a training costs: the noise that a wanted (epsilon, delta) needs, and what was spent in the end.

(epsilon, delta) by Opacus' accountants: Renyi (Mironov et al. 2019, arXiv 1908.10530), an upper bound, or PRV (Gopi et al. 2021, arXiv
2106.02848), closer. Epsilon of 1 or less is strong, up to 8 is common in deployments (Ponomareva et al. 2023, arXiv 2303.00654).
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from danlu.core.errors import UserError
from danlu.core.extras import installed_version
from danlu.core.stages import Config

_LEAST_ROWS = 10


class PrivacyConfig(Config):
    """A wanted privacy. One conversation more or less changes the odds of any outcome by a factor of e to the epsilon at most, but for delta."""

    epsilon: Annotated[float, Field(gt=0, le=100)] = 8.0
    """What may be spent in the whole training."""
    delta: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Chance that epsilon does not hold; when not given, a tenth of 1 / conversations. Must be below 1 / conversations."""
    clip_norm: Annotated[float, Field(gt=0)] = 1.0
    """Longest gradient of one conversation; noise is in proportion to it."""
    expected_rows: Annotated[int, Field(ge=1)] = 16
    """Conversations of a step on average. More rows a step drown the same noise."""
    steps: Annotated[int, Field(ge=1)] = 100
    """Optimizer steps: each spends."""
    accountant: Literal["rdp", "prv"] = "rdp"
    """Which of the two counts."""


@dataclass(frozen=True)
class PrivacyPlan:
    """The noise of a training, fixed before its first step."""

    noise_multiplier: float
    """Standard deviation of the noise in units of the clipping norm."""
    sample_rate: float
    expected_rows: int
    steps: int
    delta: float
    clip_norm: float
    accountant: Literal["rdp", "prv"]


def check_promise(config: PrivacyConfig, rows: int) -> float:
    """The delta for so many conversations; raises UserError when the promise would be none, or cannot be computed here."""
    if not installed_version("opacus"):
        raise UserError("Private training needs the package opacus", "pip install 'danlu[private]'")
    if rows < _LEAST_ROWS:
        raise UserError(
            "{rows} conversations are too few to hide one among", "Add conversations: {least} at least.",
            rows=rows, least=_LEAST_ROWS,
        )  # fmt: skip
    delta = config.delta if config.delta is not None else 0.1 / rows
    if delta >= 1 / rows:
        raise UserError(
            "privacy.delta is {delta}, and with {rows} conversations it must be below {bound}",
            "With more, publishing one whole conversation would count as private.",
            delta=delta,
            rows=rows,
            bound=f"{1 / rows:.2g}",
        )
    return delta


def plan_privacy(config: PrivacyConfig, rows: int) -> PrivacyPlan:
    """The noise with which `config.steps` steps on so many rows spend `config.epsilon`; raises UserError as `check_promise`."""
    from opacus.accountants.utils import get_noise_multiplier

    delta = check_promise(config, rows)
    expected = min(config.expected_rows, rows)
    with _bounds_may_be_loose():
        noise = get_noise_multiplier(
            target_epsilon=config.epsilon, target_delta=delta, sample_rate=expected / rows, steps=config.steps,
            accountant=config.accountant,
        )  # fmt: skip
    return PrivacyPlan(noise, expected / rows, expected, config.steps, delta, config.clip_norm, config.accountant)


def spent(plan: PrivacyPlan, steps_done: int) -> dict[str, Any]:
    """What so many steps spent, for training.json."""
    from opacus.accountants import create_accountant

    accountant = create_accountant(mechanism=plan.accountant)
    accountant.history = [(plan.noise_multiplier, plan.sample_rate, steps_done)]
    with _bounds_may_be_loose():
        epsilon = accountant.get_epsilon(plan.delta) if steps_done else 0.0
    return {
        "epsilon": epsilon,
        "delta": plan.delta,
        "accountant": f"{plan.accountant} (opacus)",
        "noise_multiplier": plan.noise_multiplier,
        "clip_norm": plan.clip_norm,
        "sample_rate": plan.sample_rate,
        "sampling": "poisson",
        "steps": steps_done,
        "unit": "conversation",
    }


@contextmanager
def _bounds_may_be_loose() -> Iterator[None]:
    """With few steps Opacus warns that its orders could give a tighter bound; the one it gives holds all the same."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Optimal order is the")
        yield
