"""Okapi BM25 (Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework"): its constants, and what a term weighs.

The inverse document frequency is the one that is never negative, log(1 + (N - n + ½) / (n + ½)), as Lucene has it.
"""

import math

K1, B = 1.2, 0.75
"""How soon more occurrences stop to count, and how much a long passage is held against it: the usual values."""


def inverse_frequency(passages: int, holders: int) -> float:
    """How much a term weighs that `holders` of the passages hold."""
    return math.log1p((passages - holders + 0.5) / (holders + 0.5))
