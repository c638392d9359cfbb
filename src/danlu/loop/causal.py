"""The loss of a causal language model, as a module whose forward is the loss: what the loop trains.

One definition of -ln p of the tokens under the loss mask, for training and for evaluation. Logits are computed only at
positions that predict a target.

Shapes: B rows, T positions, N positions with a target, D hidden size, V tokens of the vocabulary.
"""

from typing import Any

import torch
from torch.nn import functional

from danlu.loop.chunked import chunked_nats
from danlu.loop.segment import Segment, hidden_states
from danlu.loop.token_batch import IGNORED, TokenBatch

_CHANGES_LOGITS = ("final_logit_softcapping", "logit_scale", "logits_scaling")
"""Settings of Gemma, Cohere and Granite that bend logits: where those are small, as at random weights, no trial shows it."""
_PROBE_IDS = (0, 1, 2, 3)
_PROBE_TOLERANCE = 1e-3
"""Relative to the largest logit. What a head does beside its product (soft-capping, scaling, a bias) is far above."""


class CausalLearner(torch.nn.Module):
    """A model of Transformers, or PEFT's wrapping of one, with its negative log-likelihood."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self._inner = (_transformer(model),)  # in a tuple, or its weights would have two names
        self.is_chunked = has_plain_head(model)
        self.segment: Segment | None = None
        """Which layers are here, when other processes have the others."""

    @property
    def inner(self) -> Any:
        """The model of Transformers, without PEFT's wrapping."""
        return self._inner[0]

    @property
    def stream(self) -> tuple[int, torch.dtype]:
        """The width of what goes from layer to layer, and its type."""
        return self.inner.config.hidden_size, self.inner.dtype

    def forward(self, batch: TokenBatch | torch.Tensor, targets_BT: torch.Tensor | None = None) -> torch.Tensor:
        """Sum of -ln p over the targets of the batch, float32. Padding is on the right, so attention needs no mask.

        A segment of a pipeline is given ids, or the hidden states of the segment before, and their targets; all but the
        last make hidden states. Given a batch, all segments do their part of it, for evaluation, and have its sum.
        """
        if isinstance(batch, torch.Tensor):
            assert targets_BT is not None and self.segment is not None, "only a segment is given tensors"
            hidden_BTD = hidden_states(self.inner, batch)
            return self._nats(hidden_BTD, targets_BT) if self.segment.is_last else hidden_BTD.to(self.stream[1])
        if self.segment is not None:
            return self._through(self.segment, batch)
        if self.is_chunked:
            return self._nats(hidden_states(self.inner, batch.ids_BT), batch.targets_BT)
        learnt_BT = batch.targets_BT != IGNORED
        logits_BTV = self.model(input_ids=batch.ids_BT, use_cache=False).logits
        return functional.cross_entropy(logits_BTV[learnt_BT].float(), batch.targets_BT[learnt_BT], reduction="sum")

    def _nats(self, hidden_BTD: torch.Tensor, targets_BT: torch.Tensor) -> torch.Tensor:
        learnt_BT = targets_BT != IGNORED
        return chunked_nats(hidden_BTD[learnt_BT], self.inner.get_output_embeddings().weight, targets_BT[learnt_BT])

    def _through(self, segment: Segment, batch: TokenBatch) -> torch.Tensor:
        """One segment after the other; the sum is the same in each."""
        assert not torch.is_grad_enabled(), "the way back through a pipeline is danlu.loop.pipeline's"
        given = batch.ids_BT
        if not segment.is_first:
            width, kind = self.stream
            given = segment.received((*batch.ids_BT.shape, width), torch.empty(0, dtype=kind, device=given.device))
        hidden_BTD = hidden_states(self.inner, given)
        if segment.is_last:
            return segment.total(self._nats(hidden_BTD, batch.targets_BT))
        segment.send_on(hidden_BTD.to(self.stream[1]))
        return segment.total(torch.zeros((), dtype=torch.float32, device=given.device))


def has_plain_head(model: Any) -> bool:
    """Whether the logits are the last hidden states times the head's weights and nothing else: tried on four tokens."""
    if _changes_inputs(model):
        return False
    inner = _transformer(model)
    head = inner.get_output_embeddings()
    if any(getattr(inner.config, name, None) for name in _CHANGES_LOGITS):
        return False
    if type(head) is not torch.nn.Linear or head.bias is not None or inner.base_model is inner:
        return False
    device = head.weight.device
    if device.type == "meta":
        return False
    ids = torch.tensor([_PROBE_IDS], device=device) % len(head.weight)
    was_training = model.training
    model.eval()
    with torch.no_grad():
        logits_TV = inner(input_ids=ids, use_cache=False).logits[0].float()
        hidden_TD = inner.base_model(input_ids=ids, use_cache=False).last_hidden_state[0]
        ours_TV = (hidden_TD.to(head.weight.dtype) @ head.weight.T).float()
    model.train(was_training)
    return bool((ours_TV - logits_TV).abs().max() <= _PROBE_TOLERANCE * logits_TV.abs().max())


def _transformer(model: Any) -> Any:
    """The model of Transformers inside PEFT's wrapping, with its adapters in place."""
    return model.get_base_model() if _is_wrapped(model) else model


def _changes_inputs(model: Any) -> bool:
    """Prefix and prompt tuning put vectors before the tokens, in the wrapping's own forward."""
    return _is_wrapped(model) and bool(model.active_peft_config.is_prompt_learning)


def _is_wrapped(model: Any) -> bool:
    """Told by the name of its package: importing PEFT takes a second, and most trainings do without."""
    return type(model).__module__.partition(".")[0] == "peft"
