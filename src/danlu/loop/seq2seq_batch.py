"""Pairs of token rows as tensors for an encoder-decoder model.

Shapes: B rows, S source positions, T target positions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from danlu.loop.token_batch import IGNORED


class Pair(Protocol):
    """Token ids of a source and of the target that must be said for it, each with its end token."""

    @property
    def source(self) -> Sequence[int]:
        """Ids that the encoder reads."""

    @property
    def target(self) -> Sequence[int]:
        """Ids that the decoder learns to say, all of them."""


@dataclass(frozen=True)
class TokenPair:
    """A pair as lists or arrays."""

    source: Sequence[int]
    target: Sequence[int]


@dataclass(frozen=True)
class Seq2seqBatch:
    """Pairs padded on the right."""

    source_BS: torch.Tensor
    source_mask_BS: torch.Tensor
    targets_BT: torch.Tensor
    """Ids to say; IGNORED on padding."""

    @classmethod
    def of(cls, pairs: Sequence[Pair], pad_id: int) -> "Seq2seqBatch":
        """Pad sources and targets to their longest."""
        rows, longest = len(pairs), max(len(pair.source) for pair in pairs)
        source_BS = torch.full((rows, longest), pad_id)
        mask_BS = torch.zeros((rows, longest), dtype=torch.long)
        targets_BT = torch.full((rows, max(len(pair.target) for pair in pairs)), IGNORED)
        for at, pair in enumerate(pairs):
            source_BS[at, : len(pair.source)] = torch.as_tensor(pair.source)
            mask_BS[at, : len(pair.source)] = 1
            targets_BT[at, : len(pair.target)] = torch.as_tensor(pair.target)
        return cls(source_BS, mask_BS, targets_BT)

    @property
    def padded_tokens(self) -> int:
        """Rows times the longest row, of sources and of targets."""
        return self.source_BS.numel() + self.targets_BT.numel()

    @property
    def targets(self) -> int:
        """Tokens to say."""
        return int((self.targets_BT != IGNORED).sum())

    def to(self, device: Any) -> "Seq2seqBatch":
        """The same pairs on a torch device."""
        return Seq2seqBatch(self.source_BS.to(device), self.source_mask_BS.to(device), self.targets_BT.to(device))

    def halves(self) -> "tuple[Seq2seqBatch, Seq2seqBatch] | None":
        """Two batches of rows; None for a single row."""
        middle = len(self.source_BS) // 2
        return (self._rows(slice(middle)), self._rows(slice(middle, None))) if middle else None

    def _rows(self, rows: slice) -> "Seq2seqBatch":
        return Seq2seqBatch(self.source_BS[rows], self.source_mask_BS[rows], self.targets_BT[rows])
