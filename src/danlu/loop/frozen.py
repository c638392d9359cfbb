"""Matrices that are not trained, held in the type that products are computed in.

Autocast casts a weight before every product and remembers only those that are trained. Under an adapter that casts the whole model
for each batch, 106 million numbers of SmolLM2's layers. The bits are the same. The copies take two bytes a number, which
autocast's own took too while a batch was under way.
"""

from typing import Any

import torch


class FrozenCasts:
    """Casts of a model's frozen matrices, made when first asked for and again when a matrix has changed."""

    def __init__(self, model: torch.nn.Module) -> None:
        self._model = model
        self._made: dict[str, tuple[tuple[Any, ...], torch.Tensor]] = {}

    def of(self, device_type: str) -> dict[str, torch.Tensor]:
        """By the parameter's name, for `torch.func.functional_call`; empty without autocast.

        Only plain linear layers count: what else reads a weight may want it whole. Sharded weights are left alone.
        """
        if not torch.is_autocast_enabled(device_type):
            return {}
        kind = torch.get_autocast_dtype(device_type)
        return {name: self._cast(name, weight, kind) for name, weight in _frozen_matrices(self._model).items()}

    def _cast(self, name: str, weight: torch.Tensor, kind: torch.dtype) -> torch.Tensor:
        state = (weight.data_ptr(), weight._version, weight.device, kind)
        if name not in self._made or self._made[name][0] != state:
            self._made[name] = (state, weight.detach().to(kind))
        return self._made[name][1]


def _frozen_matrices(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Weights of linear layers in float32 that do not require gradients and are no embedding's too."""
    tables = {id(module.weight) for module in model.modules() if isinstance(module, torch.nn.Embedding)}
    return {
        f"{name}.weight": module.weight
        for name, module in model.named_modules()
        if type(module) is torch.nn.Linear
        and type(module.weight) is torch.nn.Parameter
        and not module.weight.requires_grad
        and module.weight.dtype == torch.float32
        and id(module.weight) not in tables
    }
