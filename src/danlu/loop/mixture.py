"""Several corpora by weight: which of them the k-th sequence of a training comes from, and which of its rows it is.

The order is Tijdeman's ("The chairman assignment problem", 1980): after any number of sequences each of C corpora has had
its exact share to within 1 - 1 / (2C - 2) of a sequence. No chance is involved, so a short run has the mixture of a long one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import gcd, lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.core.errors import UserError
from danlu.loop.mixture_kernels import take_turns

VERSION = 1
"""Raised with any change of the order: part of the identity of a training."""
_BLOCK = 4096
"""Sequences between two places where the counts are written down: counting goes on from the nearest."""
_FINEST = 10**9
"""Shares are kept to one part in this many: exact for any run, and the sums of the order stay whole numbers of 64 bits."""

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Mixture:
    """The order in which C corpora take turns; it repeats after `period` sequences."""

    shares_C: I64
    """Of each corpus, in `shares_C.sum()` parts."""
    turns_K: NDArray[Any]
    """The corpus of each sequence of a period."""
    counts_BC: I64
    """Sequences of each corpus before each block of the period, and in all of it."""

    @classmethod
    def of(cls, weights: Sequence[float], sequences: int) -> "Mixture":
        """The order of at least `sequences` sequences. Raises UserError for a weight that is not more than 0."""
        shares_C = _whole(weights)
        period = max(1, min(int(shares_C.sum()), sequences))
        turns_K: NDArray[Any] = np.empty(period, np.uint8 if len(shares_C) <= 256 else np.uint16)
        take_turns(shares_C, turns_K)
        blocks = [np.bincount(turns_K[at : at + _BLOCK], minlength=len(shares_C)) for at in range(0, period, _BLOCK)]
        counts_BC = np.cumsum([np.zeros(len(shares_C), np.int64), *blocks], axis=0)
        return cls(shares_C, turns_K, counts_BC)

    def counts(self, sequences: int) -> I64:
        """How many of the first so many sequences each corpus has had."""
        periods, rest = divmod(sequences, len(self.turns_K))
        block = rest // _BLOCK
        since = np.bincount(self.turns_K[block * _BLOCK : rest], minlength=len(self.shares_C))
        counts_C: I64 = periods * self.counts_BC[-1] + self.counts_BC[block] + since
        return counts_C

    def sequences(self, first: int, count: int) -> tuple[I64, I64]:
        """The corpus of each of `count` sequences from number `first` on, and which of that corpus's sequences it is."""
        corpora_K = self.turns_K[np.arange(first, first + count) % len(self.turns_K)].astype(np.int64)
        taken_C, numbers_K = self.counts(first), np.empty(count, np.int64)
        for corpus in np.unique(corpora_K):
            at = np.flatnonzero(corpora_K == corpus)
            numbers_K[at] = taken_C[corpus] + np.arange(len(at))
        return corpora_K, numbers_K


def _whole(weights: Sequence[float]) -> I64:
    """The weights as whole numbers without a common divisor, 0.7 and 0.3 as 7 and 3."""
    for weight in weights:
        if not 0 < weight < float("inf"):
            raise UserError(
                "A corpus has the weight {weight}",
                "Expected a number above 0: leave a corpus out instead.",
                weight=weight,
            )
    exact = [Fraction(str(weight)) for weight in weights]
    total = sum(exact)
    shares = [(weight / total).limit_denominator(_FINEST) for weight in exact]
    denominator = reduce(lcm, (share.denominator for share in shares))
    if sum(shares) != 1 or 0 in shares or denominator > _FINEST:
        shares = [Fraction(max(1, round(weight / total * _FINEST)), _FINEST) for weight in exact]
        denominator = _FINEST
    parts = [int(share * denominator) for share in shares]
    return np.array([part // gcd(*parts) for part in parts], np.int64)
