"""Span corruption: runs of tokens are cut out, a sentinel in the place of each, and the decoder says what stood there.

T5, Raffel et al. 2020 (arXiv 1910.10683): 15 % of the tokens, in runs of three on the mean. As in the authors' code a row
begins with kept tokens and ends with a run that was cut out, so the target needs no sentinel at its end. Spans are drawn anew
for every step, as a pure function of (seed, step, row).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from danlu.core.errors import UserError
from danlu.loop.feed import WHOLE, Part
from danlu.loop.row_source import RowSource
from danlu.loop.seq2seq_batch import Seq2seqBatch, TokenPair


@dataclass(frozen=True)
class Corruption:
    """What is cut out, and what stands in its place."""

    sentinel_ids: tuple[int, ...]
    """In the order of their use: `<extra_id_0>` first."""
    end_id: int
    pad_id: int
    share: float = 0.15
    """Of a row's tokens, 0 to 1."""
    mean_span: float = 3.0
    """Tokens."""

    @classmethod
    def of_tokenizer(cls, tokenizer: Any, share: float = 0.15, mean_span: float = 3.0) -> "Corruption":
        """By the tokens `<extra_id_0>`, `<extra_id_1>`, ... of a tokenizer of Transformers. Raises UserError when it has none."""
        known: dict[str, int] = tokenizer.get_vocab()
        sentinels = tuple(known[name] for at in range(len(known)) if (name := f"<extra_id_{at}>") in known)
        if not sentinels or tokenizer.eos_token_id is None or tokenizer.pad_token_id is None:
            raise UserError(
                "The tokenizer has {sentinels} sentinels, end token {end}, padding token {pad}: span corruption needs all three",
                "Train it with the special tokens <pad>, </s> and <extra_id_0> to <extra_id_99>.",
                sentinels=len(sentinels),
                end=tokenizer.eos_token,
                pad=tokenizer.pad_token,
            )
        return cls(sentinels, tokenizer.eos_token_id, tokenizer.pad_token_id, share, mean_span)


def corrupted(ids: Sequence[int], corruption: Corruption, key: Sequence[int]) -> TokenPair:
    """What the encoder reads and what the decoder must say; `key` is what chance follows from.

    A row has at least two tokens. With fewer sentinels than runs the runs become longer, and none is lost.
    """
    assert len(ids) >= 2, "a row of one token has nothing to tell the cut token from"
    draw = np.random.default_rng(list(key))
    cut = min(max(round(corruption.share * len(ids)), 1), len(ids) - 1)
    kept = len(ids) - cut
    runs = min(max(round(cut / corruption.mean_span), 1), cut, kept, len(corruption.sentinel_ids))
    source: list[int] = []
    target: list[int] = []
    at = 0
    for sentinel, stays, goes in zip(
        corruption.sentinel_ids, _parts(kept, runs, draw), _parts(cut, runs, draw), strict=False
    ):
        source += [*ids[at : at + stays], sentinel]
        target += [sentinel, *ids[at + stays : at + stays + goes]]
        at += stays + goes
    return TokenPair([*source, corruption.end_id], [*target, corruption.end_id])


def _parts(total: int, count: int, draw: np.random.Generator) -> list[int]:
    """`total` in `count` parts of at least one, all ways to part it equally likely."""
    cuts = np.sort(np.argsort(draw.random(total - 1), kind="stable")[: count - 1]) + 1
    return [int(part) for part in np.diff([0, *cuts.tolist(), total])]


class SpanFeed:
    """Turns rows of ids into span corruption's steps, for a Seq2seqLearner. Rows of a single token are left out."""

    def __init__(self, source: RowSource, corruption: Corruption, *, micro_batch_rows: int, seed: int) -> None:
        self._source, self._pad_id, self._micro_batch_rows = source, corruption.pad_id, micro_batch_rows
        # A pure function of the step, kept because the loop asks for the same step three times.
        self._pairs = lru_cache(maxsize=2)(
            lambda step: sorted(
                (
                    corrupted(ids, corruption, (seed, step, at))
                    for at, ids in enumerate(source.token_rows(step))
                    if len(ids) > 1
                ),
                key=lambda pair: -len(pair.source),
            )
        )

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return self._source.steps

    def batches(self, step: int, part: Part = WHOLE) -> list[Seq2seqBatch]:
        """A worker's rows of a step, the longest first."""
        mine, size = part.of(self._pairs(step)), self._micro_batch_rows
        return [Seq2seqBatch.of(mine[at : at + size], self._pad_id) for at in range(0, len(mine), size)]

    def targets(self, step: int) -> int:
        """Tokens to say in the whole step, sentinels and ends included."""
        return sum(len(pair.target) for pair in self._pairs(step))

    def tokens(self, step: int) -> int:
        """Tokens that are read and said in the whole step, padding left out."""
        return sum(len(pair.source) + len(pair.target) for pair in self._pairs(step))
