"""The kernel of danlu.retrieve.tables.vectors, which says what it is for.

Letters in shapes: N rows, D dimensions.
"""

import numba
import numpy as np


@numba.njit(nogil=True, cache=True, fastmath=True)
def scan(rows_ND, scales_N, question_D, scores_N):
    """The product of a question with every row: 8-bit numbers are read, where BLAS would have to be given floats."""
    for row in range(rows_ND.shape[0]):
        total = np.float32(0)
        for place in range(rows_ND.shape[1]):
            total += np.float32(rows_ND[row, place]) * question_D[place]
        scores_N[row] = total * scales_N[row]
