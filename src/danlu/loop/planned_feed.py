"""A feed over examples that are numbered: a plan says which numbers learn together in which step, a function makes the batches.

Both are pure: a plan from (lengths, seed, limits) by danlu.loop.batches, batches from (numbers, step).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from danlu.loop.batches import shuffled
from danlu.loop.feed import WHOLE, Batch, Part

B = TypeVar("B", bound=Batch)
Made = TypeVar("Made", bound=Batch, covariant=True)


class Makes(Protocol[Made]):
    """Makes one batch of the examples with these numbers; what chance decides in it follows from the step."""

    def __call__(self, numbers: Sequence[int], step: int) -> Made:
        """The batch."""


@dataclass(frozen=True)
class PlannedFeed(Generic[B]):
    """The steps of a training over numbered examples."""

    plan: Sequence[Sequence[Sequence[int]]]
    """For each step its batches, the one that needs most memory first: numbers of examples."""
    make: Makes[B]
    tokens_of: Callable[[int], int]
    """Tokens of an example."""

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self.plan)

    def batches(self, step: int, part: Part = WHOLE) -> list[B]:
        """A worker's batches; each is shared among the workers row by row, and one that leaves it no row is left out."""
        shares = [part.of(numbers) for numbers in self.plan[step]]
        return [self.make(numbers, step) for numbers in shares if numbers]

    def targets(self, step: int) -> int:
        """Targets over all workers. The batches are made for it: it costs what one worker's share of them costs."""
        return sum(batch.targets for batch in self.batches(step))

    def tokens(self, step: int) -> int:
        """Tokens of the step, padding left out."""
        return sum(self.tokens_of(number) for numbers in self.plan[step] for number in numbers)


def grouped(count: int, seed: int, epochs: int, group: int) -> list[list[list[int]]]:
    """A plan of one batch a step: `group` examples each, shuffled anew in each epoch; a small rest joins the group before it."""
    steps: list[list[list[int]]] = []
    for epoch in range(epochs if count else 0):
        order = shuffled(count, seed, epoch)
        parts = [order[start : start + group] for start in range(0, count, group)]
        if len(parts) > 1 and 2 * len(parts[-1]) < group:
            rest = parts.pop()
            parts[-1] = parts[-1] + rest
        steps += [[part] for part in parts]
    return steps
