"""Rows of tokens with labels as tensors: what heads on encoders learn from.

Shapes: B rows, T positions, L labels of a row (one for a class, one for each yes-or-no label, two for the ends of a span).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from danlu.loop.token_batch import IGNORED


@dataclass(frozen=True)
class LabelledRow:
    """Token ids with special tokens, and what must be said of them."""

    ids: tuple[int, ...]
    types: tuple[int, ...]
    """Which of two texts each token is of; empty for a model that is not told."""
    labels: tuple[int, ...]
    """Numbers of labels: L of them, or one for each token; IGNORED where nothing is learnt."""
    group: int = IGNORED
    """The value of a protected attribute that the model must not tell."""

    @property
    def targets(self) -> int:
        """Labels that are learnt."""
        return sum(label != IGNORED for label in self.labels)


@dataclass(frozen=True)
class LabelBatch:
    """Rows padded on the right. Encoders look both ways, so the mask is needed."""

    ids_BT: Any
    mask_BT: Any
    """1 for tokens, 0 for padding."""
    types_BT: Any | None
    labels_BX: Any
    """(B, L), or (B, T) where each token has a label."""
    groups_B: Any
    share_done: float = 0.0
    """Of the training, when this batch's step begins: for losses that change on the way."""

    @classmethod
    def of(cls, rows: Sequence[LabelledRow], pad_id: int, share_done: float = 0.0) -> "LabelBatch":
        """Pad rows to the longest; labels as tokens are, where there is one for each."""
        import torch

        longest = max(len(row.ids) for row in rows)
        width = longest if len(rows[0].labels) == len(rows[0].ids) else len(rows[0].labels)
        return cls(
            torch.tensor([_padded(row.ids, longest, pad_id) for row in rows]),
            torch.tensor([_padded([1] * len(row.ids), longest, 0) for row in rows]),
            torch.tensor([_padded(row.types, longest, 0) for row in rows]) if rows[0].types else None,
            torch.tensor([_padded(row.labels, width, IGNORED) for row in rows]),
            torch.tensor([row.group for row in rows]),
            share_done,
        )

    @property
    def inputs(self) -> dict[str, Any]:
        """What a model of Transformers is called with."""
        types = {} if self.types_BT is None else {"token_type_ids": self.types_BT}
        return {"input_ids": self.ids_BT, "attention_mask": self.mask_BT} | types

    @property
    def padded_tokens(self) -> int:
        """Rows times the longest row."""
        return int(self.ids_BT.numel())

    @property
    def targets(self) -> int:
        """Labels that are learnt."""
        return int((self.labels_BX != IGNORED).sum())

    def to(self, device: Any) -> "LabelBatch":
        """The same rows on a torch device."""
        return replace(self, **{name: tensor.to(device) for name, tensor in self._tensors().items()})

    def halves(self) -> "tuple[LabelBatch, LabelBatch] | None":
        """Two batches of rows; None for a single row."""
        middle = len(self.ids_BT) // 2
        if not middle:
            return None
        first, second = (
            {name: tensor[part] for name, tensor in self._tensors().items()}
            for part in (slice(None, middle), slice(middle, None))
        )
        return replace(self, **first), replace(self, **second)

    def _tensors(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "share_done" and value is not None}


def _padded(values: Sequence[int], length: int, with_value: int) -> list[int]:
    return [*values, *[with_value] * (length - len(values))]
