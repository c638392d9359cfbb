"""The masked language model's task: some tokens are hidden and must be told from those around them.

BERT, Devlin et al. 2019 (arXiv 1810.04805): 15 % of the tokens, of which 80 % become the mask, 10 % a random token and
10 % stay. Masks are drawn anew for every step (RoBERTa, Liu et al. 2019, 1907.11692), as a pure function of
(seed, step, row).

Shapes: B rows, T positions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from danlu.core.errors import Phrase, UserError
from danlu.loop.feed import WHOLE, Part
from danlu.loop.row_source import RowSource
from danlu.loop.token_batch import IGNORED

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Masking:
    """What is hidden, and what stands in its place."""

    mask_id: int
    pad_id: int
    vocabulary_size: int
    special_ids: frozenset[int]
    """Ids that are never hidden, and never stand in for another: the mask, padding, the separators."""
    share: float = 0.15
    """Of a row's ordinary tokens, 0 to 1."""
    masked_share: float = 0.8
    """Of the hidden ones: those that become the mask; what is left over both shares stays as it was."""
    random_share: float = 0.1
    """Of the hidden ones: those that become another token."""

    @classmethod
    def of_tokenizer(cls, tokenizer: Any, share: float = 0.15) -> "Masking":
        """By the special tokens of a tokenizer of Transformers. Raises UserError when it has no mask, or nothing to pad with."""
        if tokenizer.mask_token_id is None or tokenizer.pad_token_id is None:
            raise UserError(
                "The tokenizer has no {token}, which a masked language model needs",
                "Train it with the special tokens [MASK] and [PAD].",
                token=Phrase("mask token") if tokenizer.mask_token_id is None else Phrase("padding token"),
            )
        special = frozenset(tokenizer.all_special_ids)
        return cls(tokenizer.mask_token_id, tokenizer.pad_token_id, len(tokenizer), special, share)


@dataclass(frozen=True)
class MaskedRow:
    """Ids with some hidden, and at those places what they were (IGNORED elsewhere)."""

    ids_T: I64
    targets_T: I64

    @classmethod
    def of(cls, ids: Sequence[int], masking: Masking, key: Sequence[int]) -> "MaskedRow":
        """Hide tokens of a row; `key` is what chance follows from. One token at least, if any is ordinary."""
        ids_T: I64 = np.array(ids, dtype=np.int64)
        targets_T = np.full(len(ids_T), IGNORED, dtype=np.int64)
        ordinary = np.flatnonzero(~np.isin(ids_T, list(masking.special_ids)))
        if not len(ordinary):
            return cls(ids_T, targets_T)
        draw = np.random.default_rng(list(key))
        count = max(1, round(masking.share * len(ordinary)))
        hidden = ordinary[np.argsort(draw.random(len(ordinary)), kind="stable")[:count]]
        targets_T[hidden] = ids_T[hidden]
        fates = draw.random(count)
        ids_T[hidden[fates < masking.masked_share]] = masking.mask_id
        replaced = hidden[(fates >= masking.masked_share) & (fates < masking.masked_share + masking.random_share)]
        ids_T[replaced] = _ordinary_ids(masking)[(draw.random(len(replaced)) * _ordinary_count(masking)).astype(int)]
        return cls(ids_T, targets_T)

    @property
    def targets(self) -> int:
        """Hidden tokens."""
        return int((self.targets_T != IGNORED).sum())


def _ordinary_count(masking: Masking) -> int:
    return len(_ordinary_ids(masking))


@lru_cache(maxsize=4)
def _ordinary_ids(masking: Masking) -> I64:
    return np.array([id for id in range(masking.vocabulary_size) if id not in masking.special_ids], dtype=np.int64)


@dataclass(frozen=True)
class MaskedBatch:
    """Rows padded on the right."""

    ids_BT: torch.Tensor
    mask_BT: torch.Tensor
    """1 where there is text, 0 on padding."""
    targets_BT: torch.Tensor

    @classmethod
    def of(cls, rows: Sequence[MaskedRow], pad_id: int) -> "MaskedBatch":
        """Pad rows to the longest."""
        shape = (len(rows), max(len(row.ids_T) for row in rows))
        ids_BT, mask_BT = torch.full(shape, pad_id), torch.zeros(shape, dtype=torch.long)
        targets_BT = torch.full(shape, IGNORED)
        for at, row in enumerate(rows):
            ids_BT[at, : len(row.ids_T)] = torch.from_numpy(row.ids_T)
            mask_BT[at, : len(row.ids_T)] = 1
            targets_BT[at, : len(row.ids_T)] = torch.from_numpy(row.targets_T)
        return cls(ids_BT, mask_BT, targets_BT)

    @property
    def padded_tokens(self) -> int:
        """Rows times the longest row."""
        return self.ids_BT.numel()

    @property
    def targets(self) -> int:
        """Hidden tokens."""
        return int((self.targets_BT != IGNORED).sum())

    def to(self, device: Any) -> "MaskedBatch":
        """The same rows on a torch device."""
        return MaskedBatch(self.ids_BT.to(device), self.mask_BT.to(device), self.targets_BT.to(device))

    def halves(self) -> "tuple[MaskedBatch, MaskedBatch] | None":
        """Two batches of rows; None for a single row."""
        middle = len(self.ids_BT) // 2
        return (self._rows(slice(middle)), self._rows(slice(middle, None))) if middle else None

    def _rows(self, rows: slice) -> "MaskedBatch":
        return MaskedBatch(self.ids_BT[rows], self.mask_BT[rows], self.targets_BT[rows])


class MaskedFeed:
    """Turns rows of ids into the masked language model's steps."""

    def __init__(self, source: RowSource, masking: Masking, *, micro_batch_rows: int, seed: int) -> None:
        self._source, self._pad_id, self._micro_batch_rows = source, masking.pad_id, micro_batch_rows
        # A pure function of the step, kept because the loop asks for the same step three times.
        self._rows = lru_cache(maxsize=2)(
            lambda step: sorted(
                (MaskedRow.of(ids, masking, (seed, step, at)) for at, ids in enumerate(source.token_rows(step))),
                key=lambda row: -len(row.ids_T),
            )
        )

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return self._source.steps

    def batches(self, step: int, part: Part = WHOLE) -> list[MaskedBatch]:
        """A worker's rows of a step, the longest first."""
        mine, size = part.of(self._rows(step)), self._micro_batch_rows
        return [MaskedBatch.of(mine[at : at + size], self._pad_id) for at in range(0, len(mine), size)]

    def targets(self, step: int) -> int:
        """Hidden tokens of the whole step."""
        return sum(row.targets for row in self._rows(step))

    def tokens(self, step: int) -> int:
        """Tokens of the whole step, padding left out."""
        return sum(len(row.ids_T) for row in self._rows(step))
