"""Modified Kneser-Ney smoothing of 5-grams over token ids: what a language model of counts alone knows of a text.

Chen & Goodman 1998, "An Empirical Study of Smoothing Techniques for Language Modeling", section 3: interpolated, three discounts for each order,
estimated from the counts of counts; lower orders count in how many contexts an n-gram stands. n-grams are 64-bit hashes in sorted
arrays: 10^7 of them collide with a probability below 10^-5.

Letters in shapes: T tokens, G distinct n-grams.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
F64 = NDArray[np.float64]
ORDER = 5
_FACTORS = np.random.default_rng(0).integers(1, 2**63, size=ORDER, dtype=np.uint64) * np.uint64(2) + np.uint64(1)


@dataclass(frozen=True)
class Level:
    """One order: discounted shares of n-grams, and what is left for shorter ones after each context."""

    grams_G: U64
    share_G: F64
    contexts_G: U64
    left_G: F64


class KneserNey:
    """A model of documents that are separate: what stands before a document is `ORDER - 1` times its end token."""

    def __init__(self, documents: list[NDArray[np.int64]], vocabulary_size: int, end_id: int) -> None:
        self._vocabulary_size, self._end_id = vocabulary_size, end_id
        grams_TN, own_T = self._grams(documents)
        self._levels = [Level(*_level(grams_TN, own_T, order)) for order in range(1, ORDER + 1)]

    def nats(self, documents: list[NDArray[np.int64]]) -> F64:
        """-ln p of every token but each document's first."""
        grams_TN, own_T = self._grams(documents)
        firsts = np.cumsum([0] + [len(document) for document in documents[:-1]])
        wanted_TN = np.delete(grams_TN[own_T], firsts, axis=0)
        share_T = np.full(len(wanted_TN), 1.0 / self._vocabulary_size)
        for order, level in enumerate(self._levels, 1):
            of_T = _look(level.grams_G, level.share_G, _hash(wanted_TN[:, -order:]), 0.0)
            left_T = _look(level.contexts_G, level.left_G, _hash(wanted_TN[:, -order:-1]), 1.0)
            share_T = of_T + left_T * share_T
        return -np.log(share_T)

    def _grams(self, documents: list[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The 5-gram that ends at each place, and which places are tokens and not what stands before a document."""
        before = np.full(ORDER - 1, self._end_id)
        stream = np.concatenate([part for document in documents for part in (before, document)])
        own = np.concatenate([np.arange(ORDER - 1 + len(document)) >= ORDER - 1 for document in documents])
        padded = np.concatenate([before, stream])
        return np.lib.stride_tricks.sliding_window_view(padded, ORDER), own


def _hash(grams_TN: NDArray[np.int64]) -> U64:
    """A number for each row; the number of columns is part of it."""
    out = np.full(len(grams_TN), grams_TN.shape[1] + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in range(grams_TN.shape[1]):
            out = (out ^ (grams_TN[:, column].astype(np.uint64) + np.uint64(1))) * _FACTORS[column]
            out ^= out >> np.uint64(29)
    return out


def _level(grams_TN: NDArray[np.int64], own_T: NDArray[np.bool_], order: int) -> tuple[U64, F64, U64, F64]:
    if order == ORDER:
        rows_TN = grams_TN[own_T]
    else:  # one row for each distinct longer n-gram: an n-gram counts in how many contexts it stands
        longer = grams_TN[own_T][:, -(order + 1) :]
        _, first = np.unique(_hash(longer), return_index=True)
        rows_TN = longer[first]
    ends_TN = rows_TN[:, -order:]
    grams_G, first, counts_G = np.unique(_hash(ends_TN), return_index=True, return_counts=True)
    discounts = _discounts(counts_G)
    off_G = discounts[np.minimum(counts_G, 3)]
    contexts, of_G = np.unique(_hash(ends_TN[first][:, :-1]), return_inverse=True)
    totals = np.bincount(of_G, weights=counts_G)
    left = np.bincount(of_G, weights=off_G) / totals
    return grams_G, (counts_G - off_G) / totals[of_G], contexts, left


def _discounts(counts_G: NDArray[np.int64]) -> F64:
    """For counts 0, 1, 2 and 3 or more. Pieces of a vocabulary are never rare: where a count of counts is 0, half a count."""
    n1, n2, n3, n4 = (int((counts_G == count).sum()) for count in (1, 2, 3, 4))
    if not n1 * n2 * n3 * n4:
        return np.array([0.0, 0.5, 1.0, 1.5])
    y = n1 / (n1 + 2 * n2)
    found = np.array([0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
    return np.clip(found, [0.0, 0.1, 0.1, 0.1], [0.0, 1.0, 2.0, 3.0])


def _look(keys_G: U64, values_G: F64, wanted_T: U64, missing: float) -> F64:
    at = np.minimum(np.searchsorted(keys_G, wanted_T), len(keys_G) - 1)
    return np.where(keys_G[at] == wanted_T, values_G[at], missing)
