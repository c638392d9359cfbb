"""Rows of token ids by step, for objectives that make their own inputs and targets of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from danlu.loop.packed import PackedCorpus
from danlu.loop.token_feed import TokenFeed


class RowSource(Protocol):
    """The rows that each step learns from, a pure function of its number."""

    @property
    def steps(self) -> int:
        """How many steps there are."""

    def token_rows(self, step: int) -> Sequence[Sequence[int]]:
        """Token ids of each row of a step, over all workers."""


@dataclass(frozen=True)
class CorpusRows:
    """The rows that a pretraining's feed draws, without its targets."""

    feed: TokenFeed
    corpora: Sequence[PackedCorpus]
    """Those of the feed, in its order."""

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return self.feed.steps

    def token_rows(self, step: int) -> list[Sequence[int]]:
        """Ids as the shards hold them: documents one behind the other, with their end tokens."""
        return [self.corpora[corpus].row(number).ids.tolist() for corpus, number in self.feed.rows(step)]


@dataclass(frozen=True)
class ListedRows:
    """Rows that are all in memory, with a plan of which numbers learn in which step."""

    rows: Sequence[Sequence[int]]
    plan: Sequence[Sequence[int]]

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self.plan)

    def token_rows(self, step: int) -> list[Sequence[int]]:
        """The rows of a step."""
        return [self.rows[number] for number in self.plan[step]]
