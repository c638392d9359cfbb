"""The gradient of one step: its batches one after the other, summed, clipped; smaller batches when memory is short."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.distributed.tensor import DTensor
from torch.func import functional_call

from danlu.loop.checkpoint import State
from danlu.loop.faults import CannotLearn, MemoryShort
from danlu.loop.feed import Batch, Feed
from danlu.loop.frozen import FrozenCasts
from danlu.loop.head_norms import sum_over, weights_of_heads
from danlu.loop.layout import Layout
from danlu.loop.memory import fitting, is_out_of_memory
from danlu.loop.optimizers import Optimization, by_mesh
from danlu.loop.precision import autocast

_FIRST_SCALE = 2.0**16
_MOST_RESCALES = 24
"""Halvings of a float16 loss's scale before a step counts as not finite: from 2^16 to below 2^-7."""
_GROWN_EVERY_STEPS = 200
"""The scale is tried twice as high again: what made it fall has passed."""


class Gradients:
    """Puts the gradient of a step into the weights' `grad`."""

    def __init__(
        self,
        learner: torch.nn.Module,
        weights: list[torch.nn.Parameter],
        feed: Feed,
        optimization: Optimization,
        layout: Layout,
    ) -> None:
        self._learner, self._weights, self._feed = learner, weights, feed
        self._optimization, self._layout = optimization, layout
        self._forward = torch.compile(learner) if optimization.is_compiled else learner
        self._frozen = FrozenCasts(learner)
        self._is_scaled = optimization.precision == "float16"
        self._of_heads = weights_of_heads(learner) if layout.tensor_group else []
        self._is_recomputing = False
        self.loss_scale: float | None = None

    def of(self, number: int, state: State, seed: int) -> tuple[float, float]:
        """The loss of a step, a mean over its targets, and the norm of its gradient before clipping.

        Lowers `state.max_padded_tokens` when memory runs out. Raises WorkFailed when a single row does not fit, and
        MemoryShort when a batch does not, of one of several processes.
        """
        while True:
            batches = self._batches(number, state.max_padded_tokens)
            try:
                return self._summed(number, batches, seed)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            finally:
                self._recompute(False)
            self.clear()
            state.max_padded_tokens = self._smaller(batches or [self._idle(number)])
            if self._layout.group is not None:
                raise MemoryShort("memory was short in one of the processes: all start again with smaller batches")

    def clear(self) -> None:
        """Forget the gradient."""
        for weight in self._weights:
            weight.grad = None

    def _batches(self, number: int, max_padded_tokens: int | None) -> list[Batch]:
        batches = list(self._feed.batches(number, self._layout.part))
        return batches if max_padded_tokens is None else fitting(batches, max_padded_tokens)

    def _idle(self, number: int) -> Batch:
        """A row of the step, or a few that stay together: for a process that has no more of its own, and memory for no more."""
        return fitting(self._feed.batches(number)[-1:], 0)[-1]

    def _smaller(self, batches: Sequence[Batch]) -> int:
        """Half of the largest batch that can be halved."""
        halved = [batch.padded_tokens for batch in batches if batch.halves() is not None]
        if not halved:
            raise too_much(max(batch.padded_tokens for batch in batches))
        if self._layout.device.type == "cuda":
            torch.cuda.empty_cache()
        return max(halved) // 2

    def _summed(self, number: int, batches: list[Batch], seed: int) -> tuple[float, float]:
        """In float16 the loss is scaled up, and less so where the gradients' range was left."""
        if not self._is_scaled:
            return self._backward(number, batches, seed, 1.0), self._clipped(1.0)
        scale = self.loss_scale or _FIRST_SCALE
        for _ in range(_MOST_RESCALES):
            loss, norm = self._backward(number, batches, seed, scale), self._clipped(scale)
            if not math.isfinite(loss):  # no scale mends that, and the next step needs this one
                return loss, norm
            if math.isfinite(norm):
                break
            self.clear()
            scale /= 2
        is_grown = number % _GROWN_EVERY_STEPS == _GROWN_EVERY_STEPS - 1
        self.loss_scale = min(scale * 2, _FIRST_SCALE) if is_grown else scale
        return loss, norm

    def _backward(self, number: int, batches: list[Batch], seed: int, scale: float) -> float:
        torch.manual_seed(seed)
        targets, part = self._feed.targets(number), self._layout.part
        total = torch.zeros((), dtype=torch.float64, device=self._layout.device)
        turns = self._layout.most(len(batches))
        for turn, batch in enumerate(batches, 1):
            # Sharded layouts take the mean of the processes' gradients, and we want their sum.
            share = self._share(batch, targets)
            self._add_gradient(share * part.count * scale, is_last=turn == turns)
            total += share.detach()
        for turn in range(len(batches) + 1, turns + 1):
            # All processes must go through the model equally often, or they wait for one another for ever.
            self._add_gradient(self._share(self._idle(number), targets) * 0, is_last=turn == turns)
        sum_over(self._of_heads, self._layout.tensor_group)
        return self._layout.total(float(total))

    def _add_gradient(self, loss: torch.Tensor, *, is_last: bool) -> None:
        """Go back through the model; `is_last` says that no more of the step follows."""
        torch.autograd.backward(loss)

    def _share(self, batch: Batch, targets: int) -> torch.Tensor:
        with self._context(batch.padded_tokens):
            return self._nats(batch.to(self._layout.device)) / targets

    def _nats(self, batch: Batch) -> torch.Tensor:
        """What is compiled casts frozen weights itself, under other names."""
        casts = {} if self._optimization.is_compiled else self._frozen.of(self._layout.device.type)
        nats: torch.Tensor = functional_call(self._learner, casts, (batch,)) if casts else self._forward(batch)
        return nats

    @contextmanager
    def _context(self, padded_tokens: int) -> Iterator[None]:
        """In what a loss is computed: its precision, and whether activations are kept."""
        is_long, precision = padded_tokens > self._optimization.recompute_above_tokens, self._optimization.precision
        self._recompute(is_long)
        with autocast(self._layout.device.type, precision):
            yield

    def _recompute(self, is_needed: bool) -> None:
        """Have layers keep only their inputs. It lasts until the way back is done: T5's layers look at it again there."""
        if is_needed == self._is_recomputing:
            return
        for model in _transformers_in(self._learner):
            switch = model.activation_checkpointing_enable if is_needed else model.activation_checkpointing_disable
            switch()
        self._is_recomputing = is_needed

    def _clipped(self, scale: float) -> float:
        if scale != 1.0:
            for weight in self._weights:
                if weight.grad is not None:
                    weight.grad /= scale
        groups = by_mesh([weight for weight in self._weights if weight.grad is not None])
        norm = self._norm(groups)
        for group in groups:
            torch.nn.utils.clip_grads_with_norm_(group, self._optimization.max_gradient_norm, norm)
        return float(norm)

    def _norm(self, groups: Sequence[Sequence[torch.nn.Parameter]]) -> torch.Tensor:
        """Of the gradient of all weights, whatever processes they are spread over."""
        norms = [_whole(torch.nn.utils.get_total_norm(_gradients_of(group))) for group in groups]
        return torch.stack(norms).norm() if norms else torch.zeros((), device=self._layout.device)


def too_much(tokens: int) -> CannotLearn:
    """What ends a training for which a single row is too much."""
    return CannotLearn(
        "memory is short for a batch of {tokens} tokens",
        "Shorten sequence_tokens or the micro-batch, take a smaller model, or train an adapter (method=lora).",
        tokens=tokens,
    )


def _gradients_of(weights: Sequence[torch.nn.Parameter]) -> list[torch.Tensor]:
    return [weight.grad for weight in weights if weight.grad is not None]


def _whole(value: torch.Tensor) -> torch.Tensor:
    """A number that each process may hold a part of, as a plain tensor."""
    return value.full_tensor() if isinstance(value, DTensor) else value


def _transformers_in(learner: torch.nn.Module) -> list[Any]:
    """The outermost models of Transformers that can recompute their layers."""
    from transformers import PreTrainedModel

    found: list[Any] = [module for module in learner.modules() if isinstance(module, PreTrainedModel)]
    return [model for model in found[:1] if model.supports_gradient_checkpointing]
