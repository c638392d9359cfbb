"""Shingles that are looked for in many texts: a small filter in front of a sorted list.

Letters in shapes: U distinct shingles, M places found.
"""

from typing import NamedTuple

import numpy as np

from danlu.text.contamination import overlap_kernels
from danlu.text.shingles import I64, U64, Hashes

_BITS_PER_SHINGLE = 16
"""One run in 16 that is not looked for passes the filter; 2 bytes per shingle, so that the filter of ten thousand fits a core's nearest cache."""
_LEAST_BITS = 10


class Places(NamedTuple):
    """Where shingles of a set stand in a batch of texts, in the order of the batch."""

    at_M: I64
    """The token of the batch at which it begins."""
    which_M: I64
    """Position in the set."""
    text_M: I64


class ShingleSet(NamedTuple):
    """Distinct shingles of one length."""

    length: int
    """Tokens of each."""
    values_U: U64
    """Sorted."""
    filter_W: U64
    """A bit for each value of a shingle's top bits."""

    @classmethod
    def of(cls, values_U: U64, length: int) -> "ShingleSet":
        """The set of some shingles, which are distinct and sorted."""
        bits = max(_LEAST_BITS, (_BITS_PER_SHINGLE * len(values_U) - 1).bit_length())
        slots = values_U >> np.uint64(64 - bits)
        filter_W = np.zeros(1 << (bits - 6), np.uint64)
        np.bitwise_or.at(filter_W, (slots >> np.uint64(6)).astype(np.int64), np.uint64(1) << (slots & np.uint64(63)))
        return cls(length, values_U, filter_W)

    def places_in(self, tokens: Hashes) -> Places:
        """Everywhere one of them stands in the texts, whose tokens are given."""
        found = np.empty((len(Places._fields), len(tokens.values)), np.int64)
        bits = 6 + (len(self.filter_W) - 1).bit_length()
        count = overlap_kernels.find_shingles(
            tokens.values, tokens.starts, self.length, self.values_U, self.filter_W, 64 - bits, *found
        )
        return Places(*found[:, :count])

    def texts_with(self, tokens: Hashes) -> tuple[I64, I64]:
        """Which of them stand in which texts, each pair once; by text."""
        _, which, texts = self.places_in(tokens)
        count = overlap_kernels.keep_firsts(which, texts, np.full(len(self.values_U), -1))
        return which[:count], texts[:count]
