"""The lexical leg: BM25 over the postings of an index, exactly, over all terms of a question.

Okapi BM25 (danlu.text.bm25), with fields weighted before they saturate (BM25F's simple form): a word of a heading counts one and
a half times. N and the mean length are over the passages that have terms
in the leg, so that Chinese passages alone are what a Chinese bigram is rare among.

One posting's share depends on two bytes, its occurrences and its length, so that all 65,536 of them are worked out once and
looked up: 100,000 passages are scored in about a millisecond, and no common term has to be left out for speed.

Letters in shapes: I ids, from 0 or from the lowest that was found to the highest.
"""

from collections.abc import Collection
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.tables.postings import BODY, LEGS, Rows, count_holders, read_postings
from danlu.text.bm25 import K1, B, inverse_frequency

MOST_TERMS = 256
"""Terms of a question that are looked up, the rarest first. Questions have ten; a pasted page of a thousand must not cost a second."""

Allowed = NDArray[np.bool_]
"""Which passages may be found, by id: a passage whose id is beyond the end may not."""


def lexical_scores(
    rows: Rows, leg: str, query: Collection[str], depth: int, allowed_I: Allowed | None = None
) -> dict[int, float]:
    """The best `depth` passages for the terms of a question in a leg (`words`, `bigrams`), best first, all above zero.

    Equal scores are in the order of ids. `rows` runs a query inside one read transaction; `allowed_I` None is everything.
    """
    passages, mean_length = _size(rows, leg)
    if not passages:
        return {}
    found = read_postings(rows, leg, _rarest(rows, leg, query))
    shares = _shares(mean_length)
    if not found:
        return {}
    first = min(int(ids_P.min()) for ids_P, _ in found.values())
    last = max(int(ids_P.max()) for ids_P, _ in found.values())
    scores_I = np.zeros(last - first + 1, dtype=np.float32)
    for ids_P, codes_P in found.values():
        scores_I[ids_P - first] += shares[codes_P] * np.float32(inverse_frequency(passages, len(ids_P)))
    if allowed_I is not None:
        known_I = allowed_I[first : last + 1]
        scores_I[: len(known_I)] *= known_I
        scores_I[len(known_I) :] = 0.0
    return {first + int(at): float(scores_I[at]) for at in _best(scores_I, depth)}


def _size(rows: Rows, leg: str) -> tuple[int, float]:
    found = rows("SELECT passages, length FROM leg_sizes WHERE leg = ?", (LEGS[leg],))
    passages, length = found[0] if found else (0, 0)
    return passages, length / max(passages, 1)


def _rarest(rows: Rows, leg: str, query: Collection[str]) -> list[str]:
    terms = sorted(set(query))
    if len(terms) <= MOST_TERMS:
        return terms
    holders = count_holders(rows, leg, terms)
    return sorted(holders, key=lambda term: (holders[term], term))[:MOST_TERMS]


@lru_cache(maxsize=8)  # a leg's mean length changes only when a document comes or goes
def _shares(mean_length: float) -> NDArray[np.float32]:
    """What a posting adds for each value of its two low bytes, before the term's weight; shape (65536,)."""
    occurrences = np.arange(256, dtype=np.float64)[:, None] / BODY
    length = 2.0 * np.arange(256, dtype=np.float64)
    shares = occurrences * (K1 + 1) / (occurrences + K1 * (1 - B + B * length / max(mean_length, 1.0)))
    return shares.astype(np.float32).ravel()


def _best(scores_I: NDArray[np.float32], depth: int) -> NDArray[np.int64]:
    """Places of the highest scores above zero, best first; of equal ones the lower first, at the last place too."""
    places = np.flatnonzero(scores_I)
    if 0 < depth < len(places):
        scores = scores_I[places]
        places = places[scores >= np.partition(scores, len(scores) - depth)[len(scores) - depth]]
    order = np.argsort(-scores_I[places], kind="stable")[:depth]
    return places[order]
