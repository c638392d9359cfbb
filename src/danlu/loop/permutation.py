"""A shuffled order that is computed, not kept: which of `size` things stands at a position, for any position at once.

A Feistel network permutes the numbers of 2b bits; a result that is `size` or more is put through again until it is one of
ours ("cycle walking", Black and Rogaway 2002, "Ciphers with Arbitrary Finite Domains"). At most three of four numbers are
not ours, so four turns are the mean at worst. Not for secrets: the rounds mix well enough for sampling, no more.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from danlu.core.hashing import hash_facts

VERSION = 1
"""Raised with any change of the order: part of the identity of a training."""
_ROUNDS = 12
"""With 8, orders of five or eight things were seen unevenly often."""
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)

U64 = NDArray[np.uint64]


class Permutation:
    """An order of the numbers 0 to `size` - 1 that follows from `key` alone: integers or texts, such as seed and epoch."""

    def __init__(self, size: int, key: Sequence[int | str]) -> None:
        self._size = np.uint64(size)
        self._half_bits = np.uint64(max(1, -(-(size - 1).bit_length() // 2)))
        self._half_mask = np.uint64((1 << int(self._half_bits)) - 1)
        start = np.uint64(int(hash_facts(["permutation", VERSION, size, *key])[:16], 16))
        self._round_keys = _scramble(start + np.arange(1, _ROUNDS + 1, dtype=np.uint64) * _GOLDEN)

    def at(self, positions_P: NDArray[np.int64]) -> NDArray[np.int64]:
        """What stands at each of these positions, 0 to `size` - 1."""
        values_P = self._network(positions_P.astype(np.uint64))
        outside = np.flatnonzero(values_P >= self._size)
        while len(outside):
            values_P[outside] = self._network(values_P[outside])
            outside = outside[values_P[outside] >= self._size]
        return values_P.astype(np.int64)

    def _network(self, values_P: U64) -> U64:
        left_P, right_P = values_P >> self._half_bits, values_P & self._half_mask
        for key in self._round_keys:
            left_P, right_P = right_P, left_P ^ (_scramble(right_P ^ key) & self._half_mask)
        return (left_P << self._half_bits) | right_P


def _scramble(values_P: U64) -> U64:
    """The finalizer of splitmix64 (Steele et al. 2014): every bit of the result depends on every bit of the value."""
    values_P = (values_P ^ (values_P >> np.uint64(30))) * _FIRST
    values_P = (values_P ^ (values_P >> np.uint64(27))) * _SECOND
    return values_P ^ (values_P >> np.uint64(31))
