"""The kernels of danlu.data.deduplicate.candidates; one file, since numba does not see changes elsewhere.

`packed_D` is sorted: the key of a band above, the position of the text in the lowest `bits`.
"""

import numba
import numpy as np

NEAREST = 3
"""Texts before it in its bucket that a text is paired with, beside the first."""
U64 = np.uint64
_32 = U64(32)


@numba.njit(nogil=True, cache=True)
def count_pairs(packed_D, bits):
    """How many pairs `fill_pairs` writes."""
    count, first = 0, 0
    for at in range(1, len(packed_D)):
        if packed_D[at] >> U64(bits) != packed_D[first] >> U64(bits):
            first = at
        count += min(at - first, NEAREST + 1)
    return count


@numba.njit(nogil=True, cache=True)
def fill_pairs(packed_D, bits, pairs_P):
    """Write each pair as later position * 2**32 + earlier position."""
    mask = (U64(1) << U64(bits)) - U64(1)
    count, first = 0, 0
    for at in range(1, len(packed_D)):
        if packed_D[at] >> U64(bits) != packed_D[first] >> U64(bits):
            first = at
        later = (packed_D[at] & mask) << _32
        for before in range(max(first, at - NEAREST), at):
            pairs_P[count] = later | (packed_D[before] & mask)
            count += 1
        if at - first > NEAREST:
            pairs_P[count] = later | (packed_D[first] & mask)
            count += 1
