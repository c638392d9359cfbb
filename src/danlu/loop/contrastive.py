"""Contrastive learning of embeddings: InfoNCE over a group of queries and all passages of the group.

InfoNCE: van den Oord et al. 2018 (arXiv 1807.03748); for sentences SimCSE, Gao et al. 2021 (2104.08821), temperature 0.05; with
in-batch and hard negatives as E5 (2212.03533) and GTE (2308.03281). The vector is the mean over a text's tokens, of length 1.

Shapes: Q queries, P passages, T positions, D dimensions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Texts:
    """Token ids padded on the right, and which positions are text."""

    ids_BT: torch.Tensor
    mask_BT: torch.Tensor

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], pad_id: int) -> "Texts":
        """Pad rows to the longest."""
        shape = (len(rows), max(len(row) for row in rows))
        ids_BT, mask_BT = torch.full(shape, pad_id), torch.zeros(shape, dtype=torch.long)
        for at, row in enumerate(rows):
            ids_BT[at, : len(row)] = torch.tensor(row)
            mask_BT[at, : len(row)] = 1
        return cls(ids_BT, mask_BT)

    def to(self, device: Any) -> "Texts":
        """The same rows on a torch device."""
        return Texts(self.ids_BT.to(device), self.mask_BT.to(device))


@dataclass(frozen=True)
class ContrastiveBatch:
    """One contrastive group: every passage is a negative of every query, but for its own and for those that are ruled out."""

    queries: Texts
    passages: Texts
    positive_Q: torch.Tensor
    """Which passage answers each query."""
    ruled_out_QP: torch.Tensor
    """True where a passage is neither: another answer to the query, or a near copy of its answer."""

    @property
    def padded_tokens(self) -> int:
        """Rows times the longest row, queries and passages."""
        return self.queries.ids_BT.numel() + self.passages.ids_BT.numel()

    @property
    def targets(self) -> int:
        """Queries."""
        return len(self.positive_Q)

    def to(self, device: Any) -> "ContrastiveBatch":
        """The same group on a torch device."""
        return ContrastiveBatch(
            self.queries.to(device), self.passages.to(device), self.positive_Q.to(device), self.ruled_out_QP.to(device)
        )

    def halves(self) -> None:
        """None: with half of the passages the loss would be another one."""


def unit_vectors(encoder: Any, texts: Texts) -> torch.Tensor:
    """Vectors of length 1, float32, shape (B, D): the mean of the last layer over the positions that are text."""
    states_BTD = encoder(input_ids=texts.ids_BT, attention_mask=texts.mask_BT).last_hidden_state.float()
    mask_BT1 = texts.mask_BT.unsqueeze(-1).to(states_BTD.dtype)
    return functional.normalize((states_BTD * mask_BT1).sum(1) / mask_BT1.sum(1), dim=-1)


class ContrastiveLearner(torch.nn.Module):
    """Sum over the queries of -ln softmax(cos(query, passage) / temperature) at the passage that answers."""

    def __init__(self, encoder: torch.nn.Module, temperature: float) -> None:
        super().__init__()
        self.encoder = encoder
        self._temperature = temperature

    def forward(self, batch: ContrastiveBatch) -> torch.Tensor:
        """The sum in nats, float32."""
        queries_QD = unit_vectors(self.encoder, batch.queries)
        passages_PD = unit_vectors(self.encoder, batch.passages)
        with torch.autocast(queries_QD.device.type, enabled=False):  # cosines over .05 need more than 8 bits
            scores_QP = (queries_QD @ passages_PD.T) / self._temperature
        scores_QP = scores_QP.masked_fill(batch.ruled_out_QP, float("-inf"))
        return functional.cross_entropy(scores_QP, batch.positive_Q, reduction="sum")
