"""Which conversations each optimizer step sees: a pure function of the lengths, the seed and the limits.

Documents are shuffled anew in each epoch, without replacement, and steps are filled in that order, so lengths do not
decide who learns together. Inside a step rows of like length share a micro-batch, padded on the right. Rows
never see each other, as when they are served; packing them behind a block mask costs more than the padding that is
left, since attention then runs over the whole pack (a third more arithmetic at 1,024 tokens for SmolLM2-135M).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from danlu.loop.feed import WHOLE, Part
from danlu.loop.token_batch import Row, TokenBatch, target_count

Lengths = Sequence[int] | Mapping[int, int]
MicroBatch = tuple[int, ...]
"""Indices of the conversations that go through the model together."""


@dataclass(frozen=True)
class Step:
    """What one optimizer step learns from; the loss is normalised over all of it."""

    rows: tuple[int, ...]
    """Indices of its conversations, the longest first."""
    tokens: int
    """Tokens of its conversations, padding left out."""


@dataclass(frozen=True)
class Limits:
    """How much goes into a step and into the whole training."""

    step_tokens: int
    max_tokens: int
    max_epochs: int


def plan_steps(lengths: Sequence[int], seed: int, limits: Limits) -> list[Step]:
    """All steps of a training. No conversation is cut; the plan ends before the one that would pass `max_tokens`."""
    steps: list[Step] = []
    left = limits.max_tokens
    for epoch in range(limits.max_epochs if lengths else 0):
        for step in _epoch(lengths, shuffled(len(lengths), seed, epoch), limits, left):
            steps.append(step)
            left -= step.tokens
        if left < max(lengths):
            break
    return steps


def shuffled(count: int, seed: int, epoch: int) -> list[int]:
    """0 to count - 1 in the order of a hash: the same with every version of every library."""
    keys = [hashlib.blake2b(f"{seed}/{epoch}/{index}".encode(), digest_size=16).digest() for index in range(count)]
    return sorted(range(count), key=keys.__getitem__)


def micro_batches(indices: Sequence[int], lengths: Lengths, max_tokens: int) -> tuple[MicroBatch, ...]:
    """Group rows of like length so that rows times the longest stays within `max_tokens`; longest first."""
    batches: list[list[int]] = []
    for index in sorted(indices, key=lambda index: (-lengths[index], index)):
        # The first row of a batch is its longest.
        if batches and lengths[batches[-1][0]] * (len(batches[-1]) + 1) <= max_tokens:
            batches[-1].append(index)
        else:
            batches.append([index])
    return tuple(tuple(batch) for batch in batches)


def _epoch(lengths: Sequence[int], order: Sequence[int], limits: Limits, left: int) -> list[Step]:
    """One pass in `order`, cut into steps; it stops early when the next conversation would not fit into `left`."""
    filled: list[list[int]] = []
    tokens = 0
    for index in order:
        if lengths[index] > left:
            break
        left -= lengths[index]
        if not filled or tokens + lengths[index] > limits.step_tokens:
            filled.append([])
            tokens = 0
        filled[-1].append(index)
        tokens += lengths[index]
    return [
        Step(tuple(sorted(rows, key=lambda row: (-lengths[row], row))), sum(lengths[row] for row in rows))
        for rows in filled
    ]


@dataclass(frozen=True)
class ConversationFeed:
    """Conversations of any lengths as the steps of a training."""

    rows: Sequence[Row]
    plan: Sequence[Step]
    micro_batch_tokens: int
    """Rows times the longest row that go through the model at once: what the activations' memory follows."""

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self.plan)

    def batches(self, step: int, part: Part = WHOLE) -> list[TokenBatch]:
        """The rows of a step, or a worker's share of them, the longest first."""
        chosen = part.of(self.plan[step].rows)
        lengths = {row: len(self.rows[row].ids) for row in chosen}
        groups = micro_batches(chosen, lengths, self.micro_batch_tokens)
        return [TokenBatch.of([self.rows[row] for row in group]) for group in groups]

    def targets(self, step: int) -> int:
        """Tokens under the loss in the whole step."""
        return target_count([self.rows[row] for row in self.plan[step].rows])

    def tokens(self, step: int) -> int:
        """Tokens of the whole step, padding left out."""
        return self.plan[step].tokens
