"""The loss of a masked language model: -ln p of each hidden token.

Shapes: B rows, T positions, N hidden places, V tokens of the vocabulary.
"""

from typing import Any

import torch
from torch.nn import functional

from danlu.loop.masked_batch import MaskedBatch
from danlu.loop.token_batch import IGNORED


class MaskedLearner(torch.nn.Module):
    """A model of Transformers' AutoModelForMaskedLM.

    Logits are computed at every position, though one in seven is learnt from: where a model's head begins is named
    differently in each architecture. The price is memory, B·T·V floats.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: MaskedBatch) -> torch.Tensor:
        """Sum over the hidden tokens, float32."""
        hidden_BT = batch.targets_BT != IGNORED
        logits_BTV = self.model(input_ids=batch.ids_BT, attention_mask=batch.mask_BT).logits
        logits_NV = logits_BTV[hidden_BT].float()
        return functional.cross_entropy(logits_NV, batch.targets_BT[hidden_BT], reduction="sum")
