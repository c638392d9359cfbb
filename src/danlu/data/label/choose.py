"""Which documents to label next: those whose label is least sure, and unlike one another.

Uncertainty alone asks about near copies of one hard text; diversity alone asks about easy ones. The documents with the
greatest uncertainty (1 minus the probability of the best label; that of an even guess without a label) are candidates, some for each
document wanted. Among them documents are drawn one after the other, each with a chance that grows with its squared
distance from what is chosen already, times its uncertainty: k-means++ seeding (Arthur & Vassilvitskii 2007), as BADGE
draws its batches (Ash et al. 2020, arXiv 1906.03671). Distance is that of hashed token counts (a count sketch of
256 numbers, rows of length one).
"""

import hashlib
import heapq
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danlu.text.shingles import hash_tokens

CANDIDATES_FOR_EACH = 10
"""The pool, for each document wanted; it bounds memory: 2 KB for each candidate and its id."""
_DIMENSIONS = 256
_READ_CHARACTERS = 20_000


class Candidate(NamedTuple):
    """A document that may be asked about."""

    uncertainty: float
    tie: str
    """A hash by seed: among equally uncertain documents chance decides, the same at each run."""
    doc_id: str


def most_uncertain(uncertainties: Iterable[tuple[str, float]], wanted: int, seed: int) -> list[Candidate]:
    """The pool: the most uncertain documents of a stream of (doc_id, uncertainty)."""
    ranked = (Candidate(uncertainty, _tie(doc_id, seed), doc_id) for doc_id, uncertainty in uncertainties)
    return heapq.nlargest(wanted * CANDIDATES_FOR_EACH, ranked)


def spread(texts: Sequence[str], uncertainty: Sequence[float], wanted: int, seed: int) -> list[int]:
    """Places of `wanted` texts, in the order in which they were drawn."""
    points = _sketch(texts)
    weights = np.maximum(np.asarray(uncertainty, np.float64), 1e-6)
    random = np.random.default_rng(seed)
    chosen = [int(weights.argmax())]
    distance = _squared_distance(points, points[chosen[0]])
    while len(chosen) < min(wanted, len(texts)):
        mass = distance * weights
        mass[chosen] = 0
        if mass.sum() <= 1e-12:  # what is left are copies of what is chosen
            mass = np.ones(len(texts))
            mass[chosen] = 0
        place = int(np.searchsorted(np.cumsum(mass), random.random() * mass.sum(), side="right"))
        chosen.append(min(place, len(texts) - 1))
        distance = np.minimum(distance, _squared_distance(points, points[chosen[-1]]))
    return chosen


def _sketch(texts: Sequence[str]) -> NDArray[np.float64]:
    """Token counts folded into few numbers with random signs, which keeps inner products on average."""
    tokens = hash_tokens([text[:_READ_CHARACTERS] for text in texts])
    places = (tokens.values % np.uint64(_DIMENSIONS)).astype(np.int64)
    signs = np.where(tokens.values >> np.uint64(63), 1.0, -1.0)
    points = np.zeros((len(texts), _DIMENSIONS))
    np.add.at(points, (tokens.owners(), places), signs)
    lengths = np.sqrt((points**2).sum(axis=1, keepdims=True))
    return np.asarray(points / np.maximum(lengths, 1e-12))


def _squared_distance(points: NDArray[np.float64], point: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.maximum(((points - point) ** 2).sum(axis=1), 0))


def _tie(doc_id: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}\n{doc_id}".encode()).hexdigest()[:16]
