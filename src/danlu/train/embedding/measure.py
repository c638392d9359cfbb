"""How well passages are ranked for queries whose answers are known, and whether a change is beyond chance.

recall@k: share of a query's answers among the first k. MRR: 1 / rank of the first answer. nDCG@k with binary gain
(Järvelin & Kekäläinen 2002): sum over answers of 1 / log2(1 + rank), over the most that is possible.
"""

from collections.abc import Collection, Sequence
from math import log2

import numpy as np
from numpy.typing import NDArray

from danlu.text.ranking import TOP
from danlu.text.statistics import paired_interval


def ranked_scores(ranking: Sequence[int], answers: Collection[int]) -> tuple[float, float, float]:
    """recall@10, reciprocal rank and nDCG@10 of one ranking of passages, which may be shorter than the corpus."""
    hits = [rank for rank, number in enumerate(ranking, 1) if number in answers]
    near = [rank for rank in hits if rank <= TOP]
    most = sum(1 / log2(1 + rank) for rank in range(1, min(len(answers), TOP) + 1))
    return len(near) / len(answers), 1 / hits[0] if hits else 0.0, sum(1 / log2(1 + rank) for rank in near) / most


def scores_of(rankings: Sequence[Sequence[int]], answers: Sequence[Collection[int]]) -> NDArray[np.float64]:
    """The three scores of each query, shape (Q, 3)."""
    rows = [ranked_scores(ranking, right) for ranking, right in zip(rankings, answers, strict=True)]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


NAMES = ("recall@10", "mrr", "ndcg@10")


def compared(before_Q3: NDArray[np.float64], after_Q3: NDArray[np.float64], seed: int) -> dict[str, dict[str, float]]:
    """For each score its mean before and after, and the 95 % interval of the gain by a paired bootstrap over queries."""
    found = {}
    for at, name in enumerate(NAMES):
        low, gain, high = paired_interval(after_Q3[:, at] - before_Q3[:, at], seed)
        found[name] = {
            "before": float(before_Q3[:, at].mean()), "after": float(after_Q3[:, at].mean()),
            "gain": gain, "gain_low": low, "gain_high": high,
        }  # fmt: skip
    return found
