"""The losses of heads on encoders, as modules whose forward is the sum of the loss: what the loop trains.

Shapes: B rows, T positions, L labels.
"""

from typing import Any

import torch
from torch.nn import functional

from danlu.loop.label_batch import LabelBatch
from danlu.loop.token_batch import IGNORED


class ClassLearner(torch.nn.Module):
    """One label of several for each row: cross-entropy."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: LabelBatch) -> torch.Tensor:
        """Sum of -ln p of the label over the rows."""
        return class_nats(self.model(**batch.inputs).logits, batch)


class YesNoLearner(torch.nn.Module):
    """Any number of labels for each row: a yes or no for each of L, by binary cross-entropy."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: LabelBatch) -> torch.Tensor:
        """Sum of -ln p of the answers over rows and labels."""
        return yes_no_nats(self.model(**batch.inputs).logits, batch)


class TagLearner(torch.nn.Module):
    """One label for each token: cross-entropy."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: LabelBatch) -> torch.Tensor:
        """Sum of -ln p over the tokens that have a label."""
        logits_BTL = self.model(**batch.inputs).logits.float()
        learnt_BT = batch.labels_BX != IGNORED
        return functional.cross_entropy(logits_BTL[learnt_BT], batch.labels_BX[learnt_BT], reduction="sum")


class SpanLearner(torch.nn.Module):
    """The first and the last token of an answer, each by cross-entropy over the positions (Devlin et al. 2019, section 4.2)."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: LabelBatch) -> torch.Tensor:
        """Sum of -ln p of the two ends. Padding is no place for an answer."""
        found = self.model(**batch.inputs)
        padding_BT = batch.mask_BT == 0
        ends = ((found.start_logits, batch.labels_BX[:, 0]), (found.end_logits, batch.labels_BX[:, 1]))
        shares = [
            functional.cross_entropy(
                logits_BT.float().masked_fill(padding_BT, float("-inf")), labels_B, reduction="sum"
            )
            for logits_BT, labels_B in ends
        ]
        return shares[0] + shares[1]


def class_nats(logits_BL: torch.Tensor, batch: LabelBatch) -> torch.Tensor:
    """Sum of -ln p of each row's label."""
    return functional.cross_entropy(logits_BL.float(), batch.labels_BX[:, 0], reduction="sum")


def yes_no_nats(logits_BL: torch.Tensor, batch: LabelBatch) -> torch.Tensor:
    """Sum of -ln p of each row's answers."""
    return functional.binary_cross_entropy_with_logits(logits_BL.float(), batch.labels_BX.float(), reduction="sum")
