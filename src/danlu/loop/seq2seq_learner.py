"""The loss of an encoder-decoder model: -ln p of each target token, given the source and the target tokens before it.

Shapes: B rows, T target positions, V tokens of the vocabulary.
"""

from typing import Any

import torch
from torch.nn import functional

from danlu.core.errors import UserError
from danlu.loop.seq2seq_batch import Seq2seqBatch
from danlu.loop.token_batch import IGNORED


class Seq2seqLearner(torch.nn.Module):
    """A model of Transformers' AutoModelForSeq2SeqLM, taught by force: the decoder reads the targets one place late.

    Label smoothing (Szegedy et al. 2016) gives every token a share of the weight; Marian's and Vaswani's is 0.1. With it the
    sum is no longer a likelihood.
    """

    def __init__(self, model: Any, label_smoothing: float = 0.0) -> None:
        """Raises UserError when the model does not say which token its decoder starts from."""
        super().__init__()
        self.model = model
        self._label_smoothing = label_smoothing
        self._start_id, self._pad_id = start_id(model), model.config.pad_token_id

    def forward(self, batch: Seq2seqBatch) -> torch.Tensor:
        """Sum over the target tokens, float32. The targets are padded on the right, where causal attention needs no mask."""
        logits_BTV = self.model(
            input_ids=batch.source_BS,
            attention_mask=batch.source_mask_BS,
            decoder_input_ids=shifted(batch.targets_BT, self._start_id, self._pad_id),
            use_cache=False,
        ).logits
        return functional.cross_entropy(
            logits_BTV.flatten(0, 1).float(),
            batch.targets_BT.flatten(),
            ignore_index=IGNORED,
            reduction="sum",
            label_smoothing=self._label_smoothing,
        )


def shifted(targets_BT: torch.Tensor, start_id: int, pad_id: int) -> torch.Tensor:
    """What the decoder reads: the start token, then each target but the last."""
    read_BT = targets_BT.roll(1, dims=1)
    read_BT[:, 0] = start_id
    return read_BT.masked_fill(read_BT == IGNORED, pad_id)


def start_id(model: Any) -> int:
    """The token that the decoder starts from."""
    for config in (model.config, model.generation_config):
        found = getattr(config, "decoder_start_token_id", None)
        if found is not None:
            return int(found)
    raise UserError(
        "The model {kind} does not say which token its decoder starts from",
        "Set decoder_start_token_id in its config.json.",
        kind=model.config.model_type,
    )
