"""The steps of a training on labelled rows: so many rows a step, shuffled anew in each epoch."""

from collections.abc import Sequence
from functools import lru_cache

from danlu.loop.batches import micro_batches, shuffled
from danlu.loop.feed import WHOLE, Part
from danlu.loop.label_batch import LabelBatch, LabelledRow


class LabelFeed:
    """Every epoch sees each row once; the last step of an epoch holds what is left."""

    def __init__(
        self,
        rows: Sequence[LabelledRow],
        *,
        epochs: int,
        step_rows: int,
        micro_batch_tokens: int,
        pad_id: int,
        seed: int,
    ) -> None:
        self._rows = rows
        self._epochs, self._step_rows = epochs, step_rows
        self._micro_batch_tokens, self._pad_id = micro_batch_tokens, pad_id
        # A pure function of its number, kept because each step of an epoch asks for it again.
        self._order = lru_cache(maxsize=2)(lambda epoch: shuffled(len(rows), seed, epoch))

    @property
    def steps_per_epoch(self) -> int:
        """Steps in which each row is seen once."""
        return -(-len(self._rows) // self._step_rows)

    @property
    def steps(self) -> int:
        """Steps of all epochs."""
        return self._epochs * self.steps_per_epoch

    def batches(self, step: int, part: Part = WHOLE) -> Sequence[LabelBatch]:
        """Rows of like length together, the longest first."""
        lengths = [len(row.ids) for row in self._rows]
        mine = part.of(sorted(self._indices(step), key=lambda index: (-lengths[index], index)))
        cut = micro_batches(mine, lengths, self._micro_batch_tokens)
        done = step / self.steps
        return [LabelBatch.of([self._rows[index] for index in batch], self._pad_id, done) for batch in cut]

    def targets(self, step: int) -> int:
        """Labels that are learnt in the step."""
        return sum(self._rows[index].targets for index in self._indices(step))

    def tokens(self, step: int) -> int:
        """Tokens of the step, padding left out."""
        return sum(len(self._rows[index].ids) for index in self._indices(step))

    def _indices(self, step: int) -> list[int]:
        epoch, within = divmod(step, self.steps_per_epoch)
        order: list[int] = self._order(epoch)
        return order[within * self._step_rows : (within + 1) * self._step_rows]
