"""What the comparison of candidates reads and fills (danlu.data.deduplicate.overlap_kernels).

Letters in shapes: M texts that have a pair, S shingles, H places of the table.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danlu.text.shingles import I64, U64


class Sets(NamedTuple):
    """The shingles of M texts; the set of text m is that of `shingles[starts[m] : ends[m]]`."""

    shingles: U64
    starts: I64
    ends: I64
    sizes: I64
    """Members of each set, known from when the text was read."""


class Table(NamedTuple):
    """Room for the set of one text: 16 bytes a place, two to four places for each shingle of the longest text."""

    keys: U64
    owners: NDArray[np.uint32]
    looks: NDArray[np.uint32]

    @classmethod
    def room_for(cls, most_shingles: int) -> "Table":
        """A table that holds as many shingles."""
        places = 1 << max(2 * most_shingles, 8).bit_length()
        return cls(np.zeros(places, np.uint64), np.zeros(places, np.uint32), np.zeros(places, np.uint32))


class Fates(NamedTuple):
    """What became of M texts."""

    kept: I64
    """Itself, or the text that stays in its place."""
    jaccard: NDArray[np.float64]
    bands: I64
    """In how many bands the two met; where a copy led from one to the other, in how many the copy was met."""

    @classmethod
    def of_all_kept(cls, texts: int) -> "Fates":
        """Before anything is compared."""
        return cls(np.arange(texts), np.ones(texts), np.zeros(texts, np.int64))
