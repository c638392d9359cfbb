"""Sorted hashes of many files, merged range by range, so that memory holds a few million of them however many there are."""

from collections.abc import Iterator, Sequence

import numpy as np

from danlu.text.shingles import U64

MERGED_AT_ONCE = 1 << 22


def hash_ranges(files: Sequence[U64]) -> Iterator[list[slice]]:
    """Where the hashes of each range lie in each file, range after range.

    Hashes are evenly spread over 64 bits, and a range of them holds about `MERGED_AT_ONCE`.
    """
    ranges = sum(map(len, files)) // MERGED_AT_ONCE + 1
    bounds = np.array([2**64 * number // ranges for number in range(1, ranges)], np.uint64)
    cuts = [[0, *np.searchsorted(file, bounds).tolist(), len(file)] for file in files]
    for number in range(ranges):
        yield [slice(cut[number], cut[number + 1]) for cut in cuts]
