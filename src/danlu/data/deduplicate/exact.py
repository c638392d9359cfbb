"""Exact duplicates: texts that are equal when white space makes no difference, by 128 bits of their bytes.

Two of 10**9 different texts have equal hashes with a probability below 10**-20, so that nothing is compared again.
Letters in shapes: D texts.
"""

from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danlu.data.deduplicate import exact_kernels
from danlu.text.arrow import offsets_and_bytes
from danlu.text.shingles import I64, U64

Positions = NDArray[np.int32]
"""Places of documents in a corpus: at most 2**31, about two thousand million."""


def text_hashes(texts: pa.Array | pa.ChunkedArray) -> U64:
    """128 bits of every text (D, 2): runs of white space are one blank, and none is left at the ends."""
    return hash_spans(*offsets_and_bytes(texts))


def hash_spans(text_B: NDArray[np.uint8], starts_D: I64, ends_D: I64) -> U64:
    """The same for stretches of a buffer."""
    hashes_D2 = np.zeros((len(starts_D), 2), np.uint64)
    given_B = text_B.view()
    given_B.flags.writeable = False  # as Arrow's are: for writable bytes numba would compile the kernel once more
    exact_kernels.hash_texts(given_B, starts_D, ends_D, _spaces(), hashes_D2)
    return hashes_D2


def first_equal(hashes_D2: U64) -> Positions:
    """For each text the first one with its hash, or itself (D,). Holds 12 to 20 bytes for each text."""
    table_H = np.full(1 << (max(len(hashes_D2), 4) * 3 // 2).bit_length(), -1, np.int32)
    firsts_D = np.zeros(len(hashes_D2), np.int32)
    exact_kernels.first_equal(hashes_D2, table_H, firsts_D)
    return firsts_D


@cache
def _spaces() -> NDArray[np.uint8]:
    """Which bytes are white space (1), and with which some begins (2)."""
    spaces = np.zeros(256, np.uint8)
    spaces[[character for character in range(128) if chr(character).isspace()]] = 1
    spaces[[0xC2, 0xE1, 0xE2, 0xE3]] = 2
    return spaces
