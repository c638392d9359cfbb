"""Measure the legs on a corpus's own heading questions, and derive fusion weights from what is measured.

Scored on the blind build: a question that is a heading must not find itself. The weights start from a prior and
move towards the best of a grid as far as a paired bootstrap supports it; a leg whose help is negative beyond noise gets
zero; the lexical legs keep a floor, so that exact identifiers are always found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.legs.search import LEGS, Searcher, Weights, fuse
from danlu.text.statistics import paired_interval, share_of_resamples_won

TOP = 10
DENSE_CEILING = 0.7
"""The lexical floor, from the other side. multilingual-e5 and MiniLM find most at 0.6 to 0.7 (benchmarks/retrieve_quality.py); passages
that differ in one identifier alone have nearly one dense score, so that 0.3 still tells them apart."""
_DENSE = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, DENSE_CEILING)
_BIGRAM_SHARES = {"zh": (0.0, 0.25, 0.5), "en": (0.0,)}
PRIOR = {"zh": Weights(0.55, 0.15, 0.3), "en": Weights(0.7, 0.0, 0.3)}
_ALONE = {leg: Weights(*(1.0 if leg == name else 0.0 for name in LEGS)) for leg in LEGS}


def _grid(language: str) -> list[Weights]:
    pairs = product(_BIGRAM_SHARES[language], _DENSE)
    return [
        Weights(round((1 - dense) * (1 - share), 4), round((1 - dense) * share, 4), dense) for share, dense in pairs
    ]


@dataclass(frozen=True)
class Question:
    """A question and the sections that answer it."""

    text: str
    language: str
    sections: frozenset[str]


@dataclass(frozen=True)
class Quality:
    """Retrieval quality of one ranking over a set of questions."""

    recall_at_10: float
    mrr_at_10: float
    questions: int


class Measured:
    """The legs' scores for a set of questions, kept so that ranking them anew costs no search."""

    def __init__(self, searcher: Searcher, questions: Sequence[Question]) -> None:
        self.questions = questions
        self._legs = [searcher.legs(question.text) for question in questions]
        self._section_of = dict(searcher.rows("SELECT id, section FROM passages"))

    def reciprocal_ranks(self, weights: Weights) -> NDArray[np.float64]:
        """1 / rank of the first right section among ten, per question; 0 when none is there."""
        pairs = zip(self.questions, self._legs, strict=True)
        found = [reciprocal_rank(fuse(legs, weights), self._section_of, question) for question, legs in pairs]
        return np.array(found)

    def utilities(self, weights: Weights) -> NDArray[np.float64]:
        """What weights are chosen by: found among ten at all, and how early, half each."""
        ranks = self.reciprocal_ranks(weights)
        return ((ranks > 0) + ranks) / 2

    def table(self, weights: Weights) -> dict[str, dict[str, Any]]:
        """The quality of each leg alone, and of the fusion; needs a question at least."""
        rows = {leg: _ALONE[leg] for leg in LEGS} | {"fused": weights}
        found = {name: asdict(quality(self.reciprocal_ranks(row))) for name, row in rows.items()}
        return found | {"fused_gain": self.gain(weights)}

    def gain(self, weights: Weights) -> dict[str, Any]:
        """How much better the fusion finds than the best single leg, with a 95 % interval over the questions."""
        best = max(LEGS, key=lambda leg: self.utilities(_ALONE[leg]).mean())
        low, mean, high = paired_interval(self.utilities(weights) - self.utilities(_ALONE[best]), seed=0)
        return {"over": best, "mean": round(mean, 4), "low": round(low, 4), "high": round(high, 4)}


def reciprocal_rank(ranked: Sequence[tuple[int, float]], section_of: Mapping[int, str], question: Question) -> float:
    """1 / rank of the first right section among ten; 0 when none is there."""
    seen: list[str] = []
    for id, _ in ranked:
        section = section_of[id]
        if section not in seen:
            seen.append(section)
            if section in question.sections:
                return 1 / len(seen)
            if len(seen) == TOP:
                break
    return 0.0


def quality(ranks: NDArray[np.float64]) -> Quality:
    """Recall and mean reciprocal rank, at ten sections."""
    count = max(len(ranks), 1)
    return Quality(round(float((ranks > 0).sum() / count), 4), round(float(ranks.sum() / count), 4), len(ranks))


def measure_weights(measured: Measured, language: str, seed: int) -> Weights:
    """Fusion weights for one language, from its calibration questions."""
    prior, grid = PRIOR[language], _grid(language)
    if not measured.questions:
        return prior
    gains = {weights: measured.utilities(weights) for weights in (*grid, prior)}
    best = max(grid, key=lambda weights: (gains[weights].mean(), -weights.dense, -weights.bigrams))
    belief = share_of_resamples_won(gains[best] - gains[prior], seed)
    step = max(2 * belief - 1, 0.0)
    weights = Weights(*(round((1 - step) * prior.of(leg) + step * best.of(leg), 4) for leg in LEGS))
    lexical = _without_dense(weights)
    gain = measured.utilities(weights) - measured.utilities(lexical)
    return lexical if share_of_resamples_won(-gain, seed) >= 0.975 else weights


def _without_dense(weights: Weights) -> Weights:
    lexical = weights.words + weights.bigrams
    return Weights(round(weights.words / lexical, 4), round(weights.bigrams / lexical, 4), 0.0)
