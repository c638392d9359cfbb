"""How weights follow gradients: AdamW (Loshchilov & Hutter 2019), or Muon for matrices and AdamW for the rest.

Muon (Jordan 2024) orthogonalises the momentum of each weight matrix; torch's own is used, with the scaling of Moonlight (Liu et
al. 2025, arXiv 2502.16982), under which the rate and the decay of AdamW hold for it too. Embeddings, output heads, norms
and biases stay with AdamW, as the authors say.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch.distributed.tensor import DTensor

from danlu.loop.schedule import Shape

Weights = list[torch.nn.Parameter]


@dataclass(frozen=True)
class Optimization:
    """All that turns gradients into weights."""

    learning_rate: float
    """Peak of the schedule."""
    warmup_fraction: float
    weight_decay: float
    """Per unit of rate, on matrices alone: norms and biases have no direction to hold back."""
    max_gradient_norm: float
    recompute_above_tokens: int
    """A micro-batch with more padded tokens keeps no activations and computes them twice: slower, the same bits."""
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    """What products are computed in; weights and sums stay float32."""
    optimizer: Literal["adamw", "muon"] = "adamw"
    betas: tuple[float, float] = (0.9, 0.999)
    schedule: Shape = "cosine"
    average_decay: float = 0.0
    """Of the moving average of the weights that replaces them at the end; 0 leaves it out."""
    mends_spikes: bool = False
    """Go back from a spike: for long trainings with large steps. Where steps are small, or the loss near zero, a hard row is no damage."""
    is_compiled: bool = False
    """By torch.compile: minutes of waiting for nothing on two cores; on a GPU for the caller to measure."""


def make_optimizers(learner: torch.nn.Module, optimization: Optimization) -> list[torch.optim.Optimizer]:
    """Optimizers over the parameters that require gradients; their rates are set before each step."""
    trained = {name: weight for name, weight in learner.named_parameters() if weight.requires_grad}
    matrices = _hidden_matrices(learner, trained) if optimization.optimizer == "muon" else set()
    adamw = [weight for name, weight in trained.items() if name not in matrices]
    decay = optimization.weight_decay
    groups: list[dict[str, Any]] = [
        {"params": together, "weight_decay": decay if is_matrix else 0.0}
        for is_matrix in (True, False)
        for together in by_mesh([weight for weight in adamw if (weight.ndim >= 2) == is_matrix])
    ]
    # One pass over each weight and its moments instead of ten: 8 ms instead of 34 for 14 million weights on a processor.
    made: list[torch.optim.Optimizer] = (
        [torch.optim.AdamW(groups, betas=optimization.betas, fused=True)] if groups else []
    )
    if matrices:
        muon = by_mesh([trained[name] for name in trained if name in matrices])
        hidden: list[dict[str, Any]] = [{"params": together} for together in muon]
        made.append(torch.optim.Muon(hidden, weight_decay=decay, adjust_lr_fn="match_rms_adamw"))
    return made


def by_mesh(weights: Weights) -> list[Weights]:
    """Weights that are spread over the same processes together: torch's operations on many tensors take no others."""
    groups: dict[Any, Weights] = {}
    for weight in weights:
        groups.setdefault(weight.device_mesh if isinstance(weight, DTensor) else None, []).append(weight)
    return list(groups.values())


def trained_weights(optimizers: list[torch.optim.Optimizer]) -> Iterator[torch.nn.Parameter]:
    """All weights that some optimizers move."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            yield from group["params"]


def _hidden_matrices(learner: torch.nn.Module, trained: dict[str, torch.nn.Parameter]) -> set[str]:
    """Names of the matrices between embedding and head. Those two are known by a row for each token of the vocabulary."""
    tables = [module.num_embeddings for module in learner.modules() if isinstance(module, torch.nn.Embedding)]
    small = {
        id(weight)
        for module in learner.modules()
        if isinstance(module, torch.nn.Embedding)
        for weight in module.parameters(recurse=False)
    }
    return {
        name
        for name, weight in trained.items()
        if weight.ndim == 2 and id(weight) not in small and len(weight) != max(tables, default=0)
    }
