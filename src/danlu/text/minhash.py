"""Sketches of sets of shingles: two sets agree at each place of their sketches with the probability of their Jaccard similarity.

Fast similarity sketching (Dahlgaard, Knudsen & Thorup 2017, arXiv 1704.04370) in place of K independent permutations: in
round i every shingle is thrown into one of K places and the smallest number there stays; rounds go on until no place
is empty. A text of a thousand shingles takes one or two rounds, where MinHash takes K passes; the estimate is as unbiased and
at least as concentrated. Nothing is random: the same shingles give the same sketch everywhere, always.

Places are banded (Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, 3.4): two sets meet in a band when all its
places agree, which happens in one of b bands of r places with probability 1 - (1 - J**r)**b.

Letters in shapes: D texts, S shingles, K places of a sketch, N bands.
"""

from typing import NamedTuple

import numpy as np

from danlu.text import minhash_kernels
from danlu.text.shingles import U64, Hashes


class Banding(NamedTuple):
    """How a sketch is cut: `bands` of `rows` places each."""

    bands: int
    rows: int

    def recall(self, jaccard: float) -> float:
        """The probability that two sets of this similarity meet in some band."""
        return float(1 - (1 - jaccard**self.rows) ** self.bands)


def banding_for(threshold: float) -> Banding:
    """The widest bands of at most 126 places that let 98.9 % of the pairs at `threshold` (0 to 1) meet.

    Wider bands let fewer pairs below the threshold meet, which only cost time: each is compared exactly.
    """
    choices = [Banding(126 // rows, rows) for rows in range(12, 0, -1)]
    return next((cut for cut in choices if cut.recall(threshold) >= 0.989), choices[-1])


def band_keys(shingles: Hashes, banding: Banding) -> U64:
    """A number for each text and band (D, N): equal for two texts where all places of the band agree.

    A text without shingles has zeros, which are no keys.
    """
    keys_DN = np.zeros((len(shingles.starts) - 1, banding.bands), np.uint64)
    minhash_kernels.band_keys(shingles.values, shingles.starts, banding.rows, keys_DN)
    return keys_DN
