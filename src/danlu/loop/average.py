"""Weights other than the current ones: their moving average (Polyak & Juditsky 1992), and those of the best evaluation."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

Tensors = dict[str, torch.Tensor]


class Average:
    """Follows the trained weights. Without a decay it is the weights themselves and costs nothing."""

    def __init__(self, weights: Tensors, decay: float, keeps_best: bool) -> None:
        self._weights, self._decay = weights, decay
        self._average = _copied(weights) if decay else {}
        self._best = _copied(weights) if keeps_best else {}

    @classmethod
    def of(cls, learner: torch.nn.Module, decay: float, *, keeps_best: bool) -> "Average":
        """Over the parameters that require gradients."""
        trained: Tensors = {name: weight for name, weight in learner.named_parameters() if weight.requires_grad}
        return cls(trained, decay, keeps_best)

    def follow(self, step: int) -> None:
        """Move the average towards the weights after step number `step`, from 0; fast at first, or the random start would weigh on."""
        decay = min(self._decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, mean in self._average.items():
                mean.lerp_(self._weights[name].detach(), 1 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The average instead of the weights, for as long as something is measured."""
        if not self._average:
            yield
            return
        current = _copied(self._weights)
        self.take()
        try:
            yield
        finally:
            self._put(current)

    def keep_best(self) -> None:
        """Remember the weights that are in place."""
        with torch.no_grad():
            for name, best in self._best.items():
                best.copy_(self._weights[name])

    def take(self) -> None:
        """Put the average in place of the weights."""
        self._put(self._average)

    def take_best(self) -> None:
        """Put the remembered weights in place."""
        self._put(self._best)

    def tensors(self) -> dict[str, Any]:
        """What a checkpoint must hold of it; loading one writes into these very tensors."""
        return ({"average": self._average} if self._average else {}) | ({"best": self._best} if self._best else {})

    def _put(self, weights: Tensors) -> None:
        with torch.no_grad():
            for name, weight in weights.items():
                self._weights[name].copy_(weight)


def _copied(weights: Tensors) -> Tensors:
    return {name: weight.detach().clone() for name, weight in weights.items()}
