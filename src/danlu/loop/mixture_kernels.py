"""The kernel of danlu.loop.mixture. Letters in shapes: C corpora, K sequences."""

import numba
import numpy as np


@numba.njit(nogil=True, cache=True)
def take_turns(shares_C, turns_K):
    """Fill `turns_K` with the corpus of each sequence, by Tijdeman's order, in whole numbers.

    A corpus may take the turn when what it is owed by then is 1 / (2C - 2) or more; among those it is the one that would
    be owed too much first. All terms are multiplied by the sum of the shares and by 2C - 2.
    """
    corpora, total = len(shares_C), shares_C.sum()
    if corpora == 1:
        turns_K[:] = 0
        return
    scale = 2 * corpora - 2
    owed_C = np.zeros(corpora, np.int64)
    for at in range(len(turns_K)):
        chosen, least = -1, np.inf
        for corpus in range(corpora):
            owed_C[corpus] += shares_C[corpus] * scale
            if owed_C[corpus] >= total:
                until = (total * (scale - 1) - owed_C[corpus]) / shares_C[corpus]
                if until < least:
                    chosen, least = corpus, until
        turns_K[at] = chosen
        owed_C[chosen] -= total * scale
