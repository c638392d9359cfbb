"""Cross-entropy of a plain output head, some rows at a time, so that all logits never exist at once.

The logits of a small model with a large vocabulary take more memory than everything else in its training. Each chunk's
logits are made, turned into the loss and at once into gradients, and forgotten; the way back only scales those.
The idea is that of Liger Kernel (Hsu et al. 2024, arXiv 2410.10989).

Shapes: N positions, D hidden size, V tokens of the vocabulary.
"""

from typing import Any

import torch

_CHUNK_LOGITS = 2**24
"""Logits at a time: 64 MB in float32. Larger chunks were not faster on a CPU, smaller ones were."""


def chunked_nats(hidden_ND: torch.Tensor, weight_VD: torch.Tensor, targets_N: torch.Tensor) -> torch.Tensor:
    """Sum of -ln p of the targets, float32. Inputs may be of any float type; sums are float32."""
    if not torch.is_grad_enabled():  # else the gradients would be computed for nothing
        hidden_ND, weight_VD = hidden_ND.detach(), weight_VD.detach()
    result: torch.Tensor = _ChunkedNats.apply(  # type: ignore[no-untyped-call]
        hidden_ND, weight_VD, targets_N
    )
    return result


class _ChunkedNats(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden_ND: torch.Tensor, weight_VD: torch.Tensor, targets_N: torch.Tensor) -> torch.Tensor:
        autocast = torch.is_autocast_enabled(hidden_ND.device.type)
        kind = torch.get_autocast_dtype(hidden_ND.device.type) if autocast else hidden_ND.dtype
        head_VD = weight_VD.to(kind)
        needs_hidden, needs_weight = ctx.needs_input_grad[0], ctx.needs_input_grad[1]
        grad_hidden_ND = torch.empty_like(hidden_ND) if needs_hidden else None
        grad_weight_VD = torch.zeros_like(weight_VD, dtype=torch.float32) if needs_weight else None
        nats = torch.zeros((), dtype=torch.float32, device=hidden_ND.device)
        rows = max(1, _CHUNK_LOGITS // len(weight_VD))
        with torch.autocast(hidden_ND.device.type, enabled=False):
            for start in range(0, len(targets_N), rows):
                part = slice(start, start + rows)
                inputs_ND, wanted_N = hidden_ND[part].to(kind), targets_N[part, None]
                logits_NV = (inputs_ND @ head_VD.T).float()
                normaliser_N1 = torch.logsumexp(logits_NV, dim=1, keepdim=True)
                nats += (normaliser_N1 - logits_NV.gather(1, wanted_N)).sum()
                if not (needs_hidden or needs_weight):
                    continue
                grad_NV = logits_NV.sub_(normaliser_N1).exp_()
                grad_NV.scatter_add_(1, wanted_N, torch.full_like(wanted_N, -1, dtype=torch.float32))
                grad_NV = grad_NV.to(kind)
                if grad_hidden_ND is not None:
                    grad_hidden_ND[part] = (grad_NV @ head_VD).to(grad_hidden_ND.dtype)
                if grad_weight_VD is not None:
                    grad_weight_VD += grad_NV.T @ inputs_ND
        ctx.weight_kind = weight_VD.dtype
        ctx.save_for_backward(grad_hidden_ND, grad_weight_VD)
        return nats

    @staticmethod
    def backward(ctx: Any, *scales: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None, None]:
        [scale] = scales
        grad_hidden_ND, grad_weight_VD = ctx.saved_tensors
        hidden = None if grad_hidden_ND is None else grad_hidden_ND * scale
        weight = None if grad_weight_VD is None else (grad_weight_VD * scale).to(ctx.weight_kind)
        return hidden, weight, None
