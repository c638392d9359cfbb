"""Candidates ranked anew by their stored vectors: what a rounded or approximate search finds gets the order of an exact one.

Letters in shapes: D dimensions, K candidates.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.tables.postings import Rows

_LEAST_CANDIDATES = 100
"""Rows that are ranked anew, at least; twice the depth where that is more. On 100,000 passages the right ten were always among them."""
Stored = Callable[[Sequence[int]], NDArray[np.float32]]
"""Gives the stored vectors of some ids, in their order, shape (K, D)."""


def candidates(depth: int) -> int:
    """How many are ranked anew for the best `depth`."""
    return max(2 * depth, _LEAST_CANDIDATES)


def ranked(
    question_D: NDArray[np.float32],
    depth: int,
    stored: Stored,
    near: NDArray[np.int64],
    also: NDArray[np.int64],
) -> dict[int, float]:
    """Candidates by the cosine of their stored vectors: the best `depth` and those of `also`, best first, all above zero."""
    candidates_K = np.union1d(near, also)
    if not len(candidates_K):
        return {}
    exact_K = stored(candidates_K.tolist()) @ question_D
    order = np.argsort(-exact_K, kind="stable")
    kept = order[(np.arange(len(order)) < depth) | np.isin(candidates_K[order], also)]
    return {int(candidates_K[at]): float(exact_K[at]) for at in kept.tolist() if exact_K[at] > 0}


def stored_vectors(rows: Rows) -> Stored:
    """Reads vectors of an index, by `rows`, which runs a query inside a read transaction."""

    def read(ids: Sequence[int]) -> NDArray[np.float32]:
        marks = ",".join("?" * len(ids))
        found = dict(rows(f"SELECT id, vector FROM vectors WHERE id IN ({marks})", ids))
        return np.stack([np.frombuffer(found[id], dtype=np.float16) for id in ids]).astype(np.float32)

    return read
