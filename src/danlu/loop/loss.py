"""Negative log-likelihood of the tokens under the loss mask: one definition for training and for evaluation.

Shapes: B rows, T positions, V tokens of the vocabulary.
"""

from collections.abc import Sequence
from typing import Any

from danlu.model.chat import Tokens

_IGNORED = -100


def target_count(rows: Sequence[Tokens]) -> int:
    """Tokens under the loss: those with the mask set, except a first token, which nothing predicts."""
    return sum(sum(row.loss_mask[1:]) for row in rows)


def sum_of_nats(model: Any, rows: Sequence[Tokens]) -> Any:
    """Sum of -ln p over the target tokens of `rows`, a scalar tensor.

    Rows are padded on the right, where causal attention needs no mask. Logits are computed only at positions that
    predict a target in some row: they dominate the memory of small models.
    """
    import torch
    from torch.nn import functional

    ids_BT, targets_BT = _tensors(rows)
    kept = (targets_BT != _IGNORED).any(dim=0).nonzero().squeeze(1)
    logits_BTV = model(input_ids=ids_BT, use_cache=False, logits_to_keep=kept).logits
    flat = logits_BTV.reshape(-1, logits_BTV.shape[-1]).to(torch.float32)
    return functional.cross_entropy(flat, targets_BT[:, kept].reshape(-1), ignore_index=_IGNORED, reduction="sum")


def _tensors(rows: Sequence[Tokens]) -> tuple[Any, Any]:
    """Ids, and at each position the id that must come next (ignored where nothing is learnt)."""
    import torch

    shape = (len(rows), max(len(row.ids) for row in rows))
    ids_BT, targets_BT = torch.zeros(shape, dtype=torch.long), torch.full(shape, _IGNORED)
    for at, row in enumerate(rows):
        ids = torch.tensor(row.ids)
        learn = torch.tensor(row.loss_mask[1:], dtype=torch.bool)
        ids_BT[at, : len(ids)] = ids
        targets_BT[at, : len(ids) - 1] = torch.where(learn, ids[1:], _IGNORED)
    return ids_BT, targets_BT
