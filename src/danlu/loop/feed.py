"""What the loop is fed with: every step's batches as a pure function of its number.

A feed holds no position. Whoever asks for step 40 gets the rows of step 40, in any process and after any interruption,
so a resume is exact and the number of workers may change between two steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Part:
    """Which share of a step's rows a data-parallel worker takes: worker `number` of `count`, from 0."""

    number: int = 0
    count: int = 1

    def of(self, rows: Sequence[Any]) -> list[Any]:
        """Every `count`-th row, so that rows sorted by length are shared evenly."""
        return list(rows[self.number :: self.count])


WHOLE = Part()
"""All rows: one worker."""


class Batch(Protocol):
    """Rows that go through the model together."""

    @property
    def padded_tokens(self) -> int:
        """Rows times the longest row: what the memory of activations follows."""

    @property
    def targets(self) -> int:
        """How many things its loss is a sum over: tokens for a language model, rows for a classifier."""

    def to(self, device: Any) -> "Batch":
        """The same batch on a torch device."""

    def halves(self) -> "tuple[Batch, Batch] | None":
        """Its rows in two batches, for when memory is short; None when they cannot be parted."""


class Feed(Protocol):
    """The steps of a training."""

    @property
    def steps(self) -> int:
        """How many steps there are."""

    def batches(self, step: int, part: Part = WHOLE) -> Sequence[Batch]:
        """What a worker learns from in this step, the batch that needs most memory first; empty when it has no row."""

    def targets(self, step: int) -> int:
        """Targets of the whole step, over all workers: the loss is normalised by them."""

    def tokens(self, step: int) -> int:
        """Tokens of the whole step, padding left out."""
