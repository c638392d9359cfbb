"""How well a ranking finds what is right, as everything here measures it: at ten, by reciprocal rank, and by both at once.

Reciprocal rank is 1 / the place of the first right one among ten (Voorhees 1999, TREC-8); 0 when none is there.
"""

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOP = 10
"""Places that count: what a user reads, and what an answer is made of."""


def reciprocal_rank(ranked: Iterable[Any], right: Collection[Any]) -> float:
    """1 / the place of the first right one among the first ten different ones; 0 when none is there."""
    seen: set[Any] = set()
    for one in ranked:
        if one not in seen:
            seen.add(one)
            if one in right:
                return 1 / len(seen)
            if len(seen) == TOP:
                break
    return 0.0


def utility(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Found among ten at all, and how early, half each: what weights, orders and encoders are chosen by; any shape."""
    return ((ranks > 0) + ranks) / 2
