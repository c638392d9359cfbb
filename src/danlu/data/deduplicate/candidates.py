"""Candidate pairs: texts that meet in a band, found by sorting the band's keys.

A bucket of m texts has m * (m - 1) / 2 pairs, and a corpus of one page copied a million times would never end. So each text
is paired with the first of its bucket and with the nearest three before it: linear, and complete in buckets of up to five. What that leaves out is made up for where pairs are judged: an earlier text that was itself a copy stands for
the one it copies (danlu.data.deduplicate.groups).

Letters in shapes: D texts, P pairs.
"""

from collections.abc import Sequence

import numpy as np

from danlu.data.deduplicate import candidate_kernels
from danlu.text.shingles import I64, U64

_U64 = np.uint64


def pairs_of_band(keys_D: U64) -> U64:
    """The pairs that meet in one band, sorted, each as later position * 2**32 + earlier position.

    Zero is no key. Keys are cut to the bits that their positions leave free, so that one number holds both and the sort
    needs 8 bytes for each text: with a hundred million texts 37 bits are left, and about one text in 1,500 meets a stranger.
    """
    bits = max(int(len(keys_D) - 1).bit_length(), 1)
    packed_D = (keys_D << _U64(bits)) | np.arange(len(keys_D), dtype=np.uint64)
    packed_D = np.sort(packed_D[keys_D != 0])
    pairs_P = np.empty(candidate_kernels.count_pairs(packed_D, bits), np.uint64)
    candidate_kernels.fill_pairs(packed_D, bits, pairs_P)
    pairs_P.sort()
    return pairs_P


def join_bands(pairs: Sequence[U64]) -> tuple[U64, I64]:
    """The pairs of all bands, each once (P,), and in how many bands it met (P,)."""
    joined = np.sort(np.concatenate(pairs)) if pairs else np.empty(0, np.uint64)
    first = np.flatnonzero(np.diff(joined, prepend=~joined[:1]))
    return joined[first], np.diff(np.append(first, len(joined)))
