"""A corpus as rows of token ids: the packing of its documents, read from its shards a row at a time.

Letters in shapes: R rows, P pieces, T tokens.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danlu.loop.packing import Packing, pack
from danlu.loop.shards import Shards


@dataclass(frozen=True)
class TokenRow:
    """Token ids of a row and, for each, whether the model must learn to say it."""

    ids: NDArray[np.int64]
    loss_mask: NDArray[np.bool_]


@dataclass(frozen=True)
class PackedCorpus:
    """Token shards in rows of at most `packing.sequence_tokens`. Any row at once, by its number."""

    name: str
    """For people: what messages call it."""
    shards: Shards
    packing: Packing

    @classmethod
    def open(cls, folder: Path, sequence_tokens: int, name: str = "") -> "PackedCorpus":
        """Open the shards of a folder and pack them. Raises UserError when there are none."""
        shards = Shards.open(folder)
        return cls(name or folder.name, shards, pack(shards.lengths(), sequence_tokens))

    def row(self, number: int) -> TokenRow:
        """The row's pieces one behind the other. The first token of each is never learnt: what stands before it is another text.

        A document that is cut loses the lesson of one token for each cut; its tokens are all there.
        """
        packing = self.packing
        first, end = packing.bounds_R1[number], packing.bounds_R1[number + 1]
        pieces = [
            (int(packing.documents_P[at]), int(packing.starts_P[at]), int(packing.lengths_P[at])) for at in range(first, end)
        ]  # fmt: skip
        masks = [self.shards.loss_mask(*piece) for piece in pieces]
        for mask in masks:
            mask[0] = False
        return TokenRow(np.concatenate([self.shards.ids(*piece) for piece in pieces]), np.concatenate(masks))

    @cached_property
    def targets_R(self) -> NDArray[np.int64]:
        """Tokens under the loss of each row."""
        packing = self.packing
        if not self.shards.encoding.has_loss_mask:
            return packing.tokens_R - np.diff(packing.bounds_R1)
        starts_P = self.shards.starts(packing.documents_P) + packing.starts_P
        learnt_P = self.shards.learnt(starts_P + 1, starts_P + packing.lengths_P)
        return np.add.reduceat(learnt_P, packing.bounds_R1[:-1])
