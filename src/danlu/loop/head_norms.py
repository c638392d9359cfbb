"""Norms of single heads, under tensor parallel: every process has the weights, and the gradient of its own heads alone.

Qwen3 and Gemma 3 norm queries and keys head by head, with the same weights for all heads. Where processes share the heads, the whole
gradient is the sum of theirs (Shoeybi et al. 2019, arXiv 1909.08053, section 3: an all-reduce goes with each weight that all
have). It is made once for a step, for all norms together.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.tensor import DTensor

NAMES = ("q_norm", "k_norm")


def weights_of_heads(learner: torch.nn.Module) -> list[torch.nn.Parameter]:
    """The weights of those norms that are trained."""
    return [
        weight
        for name, module in learner.named_modules()
        if name.rpartition(".")[2] in NAMES
        for weight in module.parameters()
        if weight.requires_grad
    ]


def sum_over(weights: Sequence[torch.nn.Parameter], group: Any) -> None:
    """Put the sum of the processes' gradients into each one's."""
    grads = [weight.grad for weight in weights if weight.grad is not None]
    if not grads:
        return
    held = [grad.to_local() if isinstance(grad, DTensor) else grad for grad in grads]
    together = torch.cat([grad.flatten() for grad in held])
    dist.all_reduce(together, group=group)
    at = 0
    for grad in held:
        grad.copy_(together[at : at + grad.numel()].view_as(grad))
        at += grad.numel()
