"""Bottleneck adapters (Houlsby et al. 2019, arXiv 1902.00751): a small two-layer net after attention and after the MLP.

As in the paper each stands behind its sub-layer, before the residual connection, and starts as the identity. Unlike there
layer norms stay as they are: LLaMA-like models normalise before the sub-layers. The net is not linear, so it cannot be
merged into weights.

Shapes: D hidden size, R bottleneck; leading dimensions are free.
"""

from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from danlu.core.errors import UserError

WEIGHTS = "adapter_model.safetensors"
_SUB_LAYERS = (("self_attn", "attn", "attention"), ("mlp", "feed_forward", "ffn"))
"""Names of attention and of the MLP in the decoder layers of Transformers."""


class Bottleneck(torch.nn.Module):
    """h + up(gelu(down(h))); `up` starts at zero."""

    def __init__(self, hidden_size: int, bottleneck: int) -> None:
        super().__init__()
        self.down = torch.nn.Linear(hidden_size, bottleneck)
        self.up = torch.nn.Linear(bottleneck, hidden_size)
        torch.nn.init.zeros_(self.up.weight)
        torch.nn.init.zeros_(self.up.bias)

    def forward(self, hidden_D: torch.Tensor) -> torch.Tensor:
        """The same shape as it was given."""
        change_D: torch.Tensor = self.up(functional.gelu(self.down(hidden_D)))
        return hidden_D + change_D


class _Adapted(torch.nn.Module):
    """A sub-layer and its adapter; attention returns its output first among others."""

    def __init__(self, sub_layer: torch.nn.Module, adapter: Bottleneck) -> None:
        super().__init__()
        self.sub_layer = sub_layer
        self.adapter = adapter

    def forward(self, *given: Any, **named: Any) -> Any:
        out = self.sub_layer(*given, **named)
        return (self.adapter(out[0]), *out[1:]) if isinstance(out, tuple) else self.adapter(out)


class BottleneckModel(torch.nn.Module):
    """A causal language model with bottleneck adapters; called as the model itself is.

    It is no model of Transformers on purpose: `save_pretrained` would write weights that load without the adapters.
    """

    def __init__(self, model: Any, bottleneck: int) -> None:
        """Freezes `model` and changes its layers in place; initial weights come from torch's CPU generator."""
        super().__init__()
        self.model = model.requires_grad_(False)
        for layer in _decoder_layers(model):
            for name in _sub_layers(layer):
                adapter = Bottleneck(model.config.hidden_size, bottleneck)
                setattr(layer, name, _Adapted(getattr(layer, name), adapter))

    @property
    def config(self) -> Any:
        """The base model's configuration."""
        return self.model.config

    @property
    def base_model(self) -> Any:
        """The layers without the output head, adapters in place."""
        return self.model.base_model

    def get_output_embeddings(self) -> Any:
        """The output head."""
        return self.model.get_output_embeddings()

    def forward(self, **named: Any) -> Any:
        """As the base model's."""
        return self.model(**named)

    def adapter_state(self) -> dict[str, torch.Tensor]:
        """The adapters' weights, named by the place of each in the base model."""
        return {
            f"{name.replace('.adapter', '')}.{key}": value.detach().cpu().contiguous()
            for name, module in self.model.named_modules()
            if isinstance(module, Bottleneck)
            for key, value in module.state_dict().items()
        }


def save_bottlenecks(model: BottleneckModel, folder: Path) -> None:
    """Write the adapters' weights."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file(model.adapter_state(), folder / WEIGHTS)


def load_bottlenecks(model: Any, folder: Path, bottleneck: int) -> BottleneckModel:
    """Put saved adapters on `model`. Raises UserError when they are of a model of another shape."""
    from safetensors.torch import load_file

    adapted, saved = BottleneckModel(model, bottleneck), load_file(folder / WEIGHTS)
    own = adapted.adapter_state()
    if {name: value.shape for name, value in own.items()} != {name: value.shape for name, value in saved.items()}:
        raise UserError(
            "{folder} is an adapter of another base model: its weights do not fit this one",
            "name the model that it was trained on after --base",
            folder=folder,
        )
    with torch.no_grad():
        for name, module in adapted.model.named_modules():
            if isinstance(module, Bottleneck):
                place = name.replace(".adapter", "")
                module.load_state_dict({key: saved[f"{place}.{key}"] for key in module.state_dict()})
    return adapted


def _sub_layers(module: Any) -> list[str]:
    """What attention and the MLP are called in a module; fewer than two in one that is no decoder layer."""
    own = {name for name, _ in module.named_children()}
    return [name for names in _SUB_LAYERS for name in [known for known in names if known in own][:1]]


def _decoder_layers(model: Any) -> list[Any]:
    """The layers that have attention and an MLP under names that we know. Raises UserError when there are none."""
    layers = [module for module in model.modules() if len(_sub_layers(module)) == len(_SUB_LAYERS)]
    if not layers:
        raise UserError(
            "method houlsby does not know the layers of {architecture}",
            "models built like LLaMA are known; tune this one with method=lora",
            architecture=type(model).__name__,
        )
    return layers
