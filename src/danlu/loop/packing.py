"""Documents packed into rows of equal size: best fit, whole where they fit.

Follows "Fewer Truncations Improve Language Modeling" (Ding et al. 2024, arXiv:2404.10830): a document longer than a row
is cut into full rows and a remainder; remainders and short documents go, the longest first, each into the row that it
fills best. Concatenating everything instead cuts a document at almost every row's end. The price is padding where
nothing fits: well below 1 % of real corpora, and much where most documents are a little longer than half a row.

Letters in shapes: N documents, P pieces (a document, or a part of one), R rows.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from danlu.core.errors import UserError
from danlu.loop.packing_kernels import by_row, cut, pack_window

VERSION = 1
"""Raised with any change of what row a document is in: part of the identity of a training."""
WINDOW_PIECES = 1 << 17
"""Pieces that are packed together. The pieces of a row lie near each other on disk, rows that were packed stay when
documents are added behind them, and a row left open at a window's end costs one part in 10^4."""

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Packing:
    """Which pieces make each row. Row r consists of the pieces `bounds_R1[r]` to `bounds_R1[r + 1]`, in the documents' order."""

    sequence_tokens: int
    documents: int
    documents_P: NDArray[np.int32]
    starts_P: I64
    """Where in its document a piece begins."""
    lengths_P: NDArray[np.int32]
    bounds_R1: I64

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.bounds_R1) - 1

    @cached_property
    def tokens_R(self) -> I64:
        """Tokens of each row, 1 to `sequence_tokens`."""
        return np.add.reduceat(self.lengths_P, self.bounds_R1[:-1], dtype=np.int64)

    @property
    def padding(self) -> float:
        """The share of all places that stays empty, 0 to 1."""
        return 1 - int(self.lengths_P.sum(dtype=np.int64)) / (self.rows * self.sequence_tokens)

    @property
    def cut_documents(self) -> int:
        """Documents that are longer than a row, and so in several."""
        return int(np.count_nonzero(np.bincount(self.documents_P, minlength=self.documents) > 1))


def pack(lengths_N: I64, sequence_tokens: int) -> Packing:
    """Pack documents by their lengths in tokens, each 1 or more. Pure: equal lengths, equal rows; every token in one row.

    10^7 documents take some seconds: each process packs anew and nothing is kept. Raises UserError without documents.
    """
    if not len(lengths_N):
        raise UserError("There is no document to pack", "Token shards with at least one document are expected.")
    if int(lengths_N.min()) < 1:
        raise UserError("A document without tokens cannot be packed", "`danlu tokenize` rejects empty documents.")
    pieces = int((-(-lengths_N // sequence_tokens)).sum())
    documents_P, starts_P, lengths_P = cut(lengths_N, sequence_tokens, pieces)
    rows_P, rows = np.empty(pieces, np.int64), 0
    for start in range(0, pieces, WINDOW_PIECES):
        window = slice(start, start + WINDOW_PIECES)
        of_window = pack_window(lengths_P[window], sequence_tokens, rows_P[window])
        rows_P[window] += rows
        rows += of_window
    order_P, bounds_R1 = by_row(rows_P, rows)
    return Packing(
        sequence_tokens, len(lengths_N), documents_P[order_P], starts_P[order_P], lengths_P[order_P], bounds_R1
    )
