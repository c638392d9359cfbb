"""Which rows each optimizer step learns from: all epochs in one list, written out before anything is trained.

TRL's trainer gets this list and reads it from front to back, in one epoch of its own. A resume then skips as many rows
as were learnt and nothing else: there is no shuffling whose state could be lost (transformers #40691).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from danlu.loop.batches import shuffled
from danlu.train.align.config import AlignConfig


@dataclass(frozen=True)
class Order:
    """`indices` of the rows, `rows_per_step` of them for each of `steps`."""

    indices: list[int]
    steps: int


def order_rows(rows: int, config: AlignConfig, seed: int) -> Order:
    """Shuffle each epoch anew. The last step is filled up from the next epoch, so that no row is left out for not filling a step."""
    steps = -(-rows * config.max_epochs // config.rows_per_step)
    steps = min(steps, config.max_steps or steps)
    return Order(list(islice(_epochs(rows, seed), steps * config.rows_per_step)), steps)


def _epochs(rows: int, seed: int) -> Iterator[int]:
    epoch = 0
    while True:
        yield from shuffled(rows, seed, epoch)
        epoch += 1
