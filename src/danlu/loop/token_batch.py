"""Rows of tokens as tensors for a causal language model.

Shapes: B rows, T positions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

IGNORED = -100
"""The target of a position that nothing is learnt from; torch's cross-entropy leaves it out."""


class Row(Protocol):
    """Token ids and, for each, whether the model must learn to say it: lists, or numpy arrays."""

    @property
    def ids(self) -> Sequence[int]:
        """Token ids."""

    @property
    def loss_mask(self) -> Sequence[bool]:
        """Which of them are learnt."""


def target_count(rows: Sequence[Row]) -> int:
    """Tokens under the loss: those with the mask set, except a first token, which nothing predicts."""
    return int(sum(sum(row.loss_mask[1:]) for row in rows))


@dataclass(frozen=True)
class TokenBatch:
    """Rows padded on the right, where causal attention needs no mask."""

    ids_BT: Any
    targets_BT: Any
    """The id that must come next at each position; IGNORED where nothing is learnt."""

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "TokenBatch":
        """Pad rows to the longest."""
        import torch

        shape = (len(rows), max(len(row.ids) for row in rows))
        ids_BT, targets_BT = torch.zeros(shape, dtype=torch.long), torch.full(shape, IGNORED)
        for at, row in enumerate(rows):
            ids = torch.as_tensor(row.ids, dtype=torch.long)
            learn = torch.as_tensor(row.loss_mask[1:], dtype=torch.bool)
            ids_BT[at, : len(ids)] = ids
            targets_BT[at, : len(ids) - 1] = torch.where(learn, ids[1:], IGNORED)
        return cls(ids_BT, targets_BT)

    @property
    def padded_tokens(self) -> int:
        """Rows times the longest row."""
        return int(self.ids_BT.numel())

    @property
    def targets(self) -> int:
        """Tokens under the loss."""
        return int((self.targets_BT != IGNORED).sum())

    def to(self, device: Any) -> "TokenBatch":
        """The same rows on a torch device."""
        return TokenBatch(self.ids_BT.to(device), self.targets_BT.to(device))

    def halves(self) -> "tuple[TokenBatch, TokenBatch] | None":
        """Two batches of rows; None for a single row."""
        middle = len(self.ids_BT) // 2
        if not middle:
            return None
        first = TokenBatch(self.ids_BT[:middle], self.targets_BT[:middle])
        return first, TokenBatch(self.ids_BT[middle:], self.targets_BT[middle:])
