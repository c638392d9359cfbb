"""Adversarial debiasing: a second head tries to tell a protected attribute from what the classifier says, and fails.

The adversary sees the classifier's outputs, and for equalised odds the true label too, as in Zhang, Lemoine & Mitchell 2018
(arXiv 1801.07593); its gradient is turned round on the way to the classifier, as in Ganin et al. 2016 (arXiv 1505.07818), so
that one optimizer trains both. It sees outputs and not hidden features: what decides about people is what is said.

Shapes: B rows, L labels, G values of the attribute.
"""

import math
from typing import Any

import torch
from torch.nn import functional

from danlu.loop.head_learners import class_nats, yes_no_nats
from danlu.loop.label_batch import LabelBatch

_SPEED = 100.0
"""An encoder's rate of 2e-5 would leave a fresh adversary where it began: its weights count this much more, so it moves so much faster."""
_RAMP = 10.0
"""Ganin's schedule: the strength grows from 0 to 1 along 2 / (1 + exp(-10 p)) - 1 over the share p of the training."""


class _Reversed(torch.autograd.Function):
    """The identity on the way there; the gradient times -strength on the way back."""

    @staticmethod
    def forward(context: Any, values: torch.Tensor, strength: float) -> torch.Tensor:
        """Remember the strength."""
        context.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(context: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Turn the gradient round."""
        return -context.strength * gradients[0], None


class DebiasedLearner(torch.nn.Module):
    """A classifier and its adversary. Only `model` is kept in the end."""

    def __init__(
        self, model: Any, *, labels: int, groups: int, is_multi_label: bool, sees_labels: bool, strength: float
    ) -> None:
        """`sees_labels` aims at equalised odds, otherwise at demographic parity. Weights come from torch's CPU generator."""
        super().__init__()
        self.model = model
        self.adversary = torch.nn.Linear(labels * (2 if sees_labels else 1), groups)
        with torch.no_grad():
            self.adversary.weight.mul_(1 / _SPEED)
            self.adversary.bias.zero_()
        # Without this, clipping would see little but the adversary.
        for weight in self.adversary.parameters():
            weight.register_hook(lambda gradient: gradient / _SPEED)  # type: ignore[no-untyped-call]
        self._is_multi_label, self._sees_labels, self._strength = is_multi_label, sees_labels, strength

    def forward(self, batch: LabelBatch) -> torch.Tensor:
        """Sum of the classifier's loss, plus that of the adversary over the rows whose attribute is known."""
        logits_BL = self.model(**batch.inputs).logits.float()
        loss = (yes_no_nats if self._is_multi_label else class_nats)(logits_BL, batch)
        strength = self._strength * (2 / (1 + math.exp(-_RAMP * batch.share_done)) - 1)
        reversed_BL: torch.Tensor = _Reversed.apply(logits_BL, strength)  # type: ignore[no-untyped-call]
        guesses_BG = _SPEED * self.adversary(self._seen(reversed_BL, batch))
        return loss + functional.cross_entropy(guesses_BG, batch.groups_B, reduction="sum")

    def _seen(self, logits_BL: torch.Tensor, batch: LabelBatch) -> torch.Tensor:
        """What the classifier says of each label, 0 to 1, and the same where the label is true."""
        said_BL = torch.sigmoid(logits_BL) if self._is_multi_label else torch.softmax(logits_BL, dim=1)
        if not self._sees_labels:
            return said_BL
        truth_BL = (
            batch.labels_BX.float()
            if self._is_multi_label
            else functional.one_hot(batch.labels_BX[:, 0], said_BL.shape[1]).float()
        )
        return torch.cat([said_BL, said_BL * truth_BL], dim=1)
