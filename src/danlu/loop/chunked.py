"""Cross-entropy of a plain output head, some rows at a time, so that all logits never exist at once.

The logits of a small model with a large vocabulary take more memory than everything else in its training. Each chunk's
logits are made, turned into the loss and at once into gradients, and forgotten; the way back only scales those.
The idea is that of Liger Kernel (Hsu et al. 2024, arXiv 2410.10989).

Shapes: N positions, D hidden size, V tokens of the vocabulary.
"""

from typing import Any

import torch

_CHUNK_LOGITS = 2**25
"""Logits at a time: 64 MB in bfloat16. A product with the head costs the less a row the more rows it has."""
_WHOLE_LOGITS = {"cpu": 2**20, "cuda": 2**24}
"""Logits of a chunk that become gradients at a time: 4 MB in float32 stay in a processor's cache. With 2**24 of them
4,096 rows of 8,192 logits took .60 CPU-seconds, products and all, and .28 so. A graphics processor wants few launches."""


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
                inputs_ND = hidden_ND[part].to(kind)
                logits_NV = inputs_ND @ head_VD.T
                nats += _to_gradients(logits_NV, targets_N[part, None])
                if grad_hidden_ND is not None:
                    grad_hidden_ND[part] = (logits_NV @ head_VD).to(grad_hidden_ND.dtype)
                if grad_weight_VD is not None:
                    grad_weight_VD += logits_NV.T @ inputs_ND
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


def _to_gradients(logits_NV: torch.Tensor, wanted_N1: torch.Tensor) -> torch.Tensor:
    """The sum of -ln p; `logits_NV` become the gradient of that sum by them, in place. Computed in float32."""
    rows = max(1, _WHOLE_LOGITS.get(logits_NV.device.type, _CHUNK_LOGITS) // logits_NV.shape[1])
    nats = torch.zeros((), dtype=torch.float32, device=logits_NV.device)
    for start in range(0, len(logits_NV), rows):
        piece_NV, wanted_n1 = logits_NV[start : start + rows], wanted_N1[start : start + rows]
        full_NV = piece_NV.float()
        said_n1, most_n1 = full_NV.gather(1, wanted_n1), full_NV.amax(1, keepdim=True)
        full_NV = torch.softmax(full_NV, 1)
        # The largest p is 1 / the sum of all exponentials, and never too small for a logarithm, as the target's own may be.
        nats += (most_n1 - full_NV.amax(1, keepdim=True).log() - said_n1).sum()
        full_NV.scatter_add_(1, wanted_n1, torch.full_like(said_n1, -1))
        piece_NV.copy_(full_NV)
    return nats
