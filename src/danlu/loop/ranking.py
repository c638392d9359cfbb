"""A cross-encoder reranker: query and passage go through the model together, and the right passage must score highest.

Listwise softmax cross-entropy (ListNet's top one, Cao et al. 2007) over one positive and its hard negatives, as in LCE,
Gao et al. 2021 (arXiv 2101.08751). Shapes: G groups, K passages of each, T positions.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional


@dataclass(frozen=True)
class RankBatch:
    """Pairs of `groups` queries with `K` passages each, the positive first: rows g·K to g·K + K - 1 are of group g."""

    ids_BT: torch.Tensor
    mask_BT: torch.Tensor
    kinds_BT: torch.Tensor
    """Token types: 0 for the query, 1 for the passage."""
    groups: int

    @property
    def padded_tokens(self) -> int:
        """Rows times the longest row."""
        return self.ids_BT.numel()

    @property
    def targets(self) -> int:
        """Queries."""
        return self.groups

    def to(self, device: Any) -> "RankBatch":
        """The same pairs on a torch device."""
        return RankBatch(self.ids_BT.to(device), self.mask_BT.to(device), self.kinds_BT.to(device), self.groups)

    def halves(self) -> "tuple[RankBatch, RankBatch] | None":
        """Its groups in two batches; None for a single group."""
        middle = self.groups // 2
        if not middle:
            return None
        row = middle * (len(self.ids_BT) // self.groups)
        return (
            RankBatch(self.ids_BT[:row], self.mask_BT[:row], self.kinds_BT[:row], middle),
            RankBatch(self.ids_BT[row:], self.mask_BT[row:], self.kinds_BT[row:], self.groups - middle),
        )


def pair_scores(model: Any, batch: RankBatch) -> torch.Tensor:
    """One score for each row, float32. Models without token types are not given any."""
    kinds = {"token_type_ids": batch.kinds_BT} if getattr(model.config, "type_vocab_size", 0) > 1 else {}
    scores_B: torch.Tensor = model(input_ids=batch.ids_BT, attention_mask=batch.mask_BT, **kinds).logits[:, 0].float()
    return scores_B


class RankLearner(torch.nn.Module):
    """Sum over the queries of -ln softmax(score) at the positive. `model` is a sequence classifier with one output."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: RankBatch) -> torch.Tensor:
        """The sum in nats, float32."""
        scores_GK = pair_scores(self.model, batch).view(batch.groups, -1)
        first_G = torch.zeros(batch.groups, dtype=torch.long, device=scores_GK.device)
        return functional.cross_entropy(scores_GK, first_G, reduction="sum")
