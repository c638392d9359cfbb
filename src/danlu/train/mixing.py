"""Several corpora in one pretraining, by weight: how much of each is read, and what the model makes of each.

A weight is a share of the rows, and so of the tokens, since rows are nearly full. The training ends before a corpus would be read more
than `max_epochs` times: the others are then read less than they might be, and the mixture is never another than was asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danlu.loop.mixture import Mixture
from danlu.loop.packed import PackedCorpus
from danlu.loop.token_feed import TokenFeed


@dataclass(frozen=True)
class Mixed:
    """One of several corpora."""

    name: str
    shards: Path
    held_out: Path


@dataclass(frozen=True)
class CorpusUse:
    """What a training read of one corpus."""

    name: str
    weight: float
    rows: int
    rows_read: int
    """Each as often as it was."""
    tokens_read: int
    epochs: float
    held_out: float
    """The score of its own held-out documents."""


@dataclass(frozen=True)
class Shares:
    """Corpora and their weights, in one order."""

    corpora: Sequence[PackedCorpus]
    weights: Sequence[float]

    @classmethod
    def of(cls, corpora: Sequence[PackedCorpus], weights: Mapping[str, float]) -> "Shares":
        """By the corpora's names; one corpus alone has no weight."""
        return cls(corpora, [weights[one.name] for one in corpora] if weights else [1.0])

    def tokens_per_row(self) -> float:
        """On average of the mixture."""
        full = [one.packing.sequence_tokens * (1 - one.packing.padding) for one in self.corpora]
        return sum(w * tokens for w, tokens in zip(self.weights, full, strict=True)) / sum(self.weights)

    def most_rows(self, max_epochs: float) -> int:
        """Rows after which a corpus would be read more than `max_epochs` times."""
        allowed_C = np.array([int(max_epochs * one.packing.rows) for one in self.corpora])
        most = int(min(allowed_C * sum(self.weights) / np.array(self.weights)))
        order = Mixture.of(self.weights, max(1, most))
        while most and (order.counts(most) > allowed_C).any():  # a corpus may be ahead of its share by less than a row
            most -= 1
        return most

    def shortest(self) -> str:
        """The corpus that is used up first; empty for one corpus alone."""
        rows = [one.packing.rows / weight for one, weight in zip(self.corpora, self.weights, strict=True)]
        return self.corpora[int(np.argmin(rows))].name if len(rows) > 1 else ""

    def read(self, feed: TokenFeed, steps: int) -> tuple[list[int], list[int]]:
        """Rows and tokens of each corpus in the first steps of a training."""
        rows, tokens = [0] * len(self.corpora), [0] * len(self.corpora)
        for step in range(steps):
            for corpus, row in feed.rows(step):
                rows[corpus] += 1
                tokens[corpus] += int(self.corpora[corpus].packing.tokens_R[row])
        return rows, tokens

    def uses(self, feed: TokenFeed, steps: int, held_out: Sequence[float]) -> tuple[CorpusUse, ...]:
        """What so many steps read; `held_out` are the corpora's scores."""
        rows, tokens = self.read(feed, steps)
        return tuple(
            CorpusUse(one.name, weight, one.packing.rows, read, of, round(read / one.packing.rows, 3), score)
            for one, weight, read, of, score in zip(self.corpora, self.weights, rows, tokens, held_out, strict=True)
        )
