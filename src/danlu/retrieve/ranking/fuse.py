"""Measure the legs on a corpus's own heading questions, and derive fusion weights from what is measured.

Scored on the blind build: a question that is a heading must not find itself. In each of many resamples of the questions the
best of a grid is sought, less a fine for its distance from a prior; the weights are the average of what the resamples chose
(bagging, Breiman 1996). So thin evidence stays near the prior, and a near tie is not decided by a few questions. A leg whose
help is negative beyond noise gets zero; the lexical legs keep a floor, so that exact identifiers are always found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.legs.search import LEGS, Searcher, Weights, fuse
from danlu.text.ranking import reciprocal_rank, utility
from danlu.text.statistics import paired_interval, share_of_resamples_won

DENSE_CEILING = 0.7
"""The lexical floor, from the other side. multilingual-e5 and MiniLM find most at 0.6 to 0.7 (benchmarks/retrieve_quality.py); passages
that differ in one identifier alone have nearly one dense score, so that 0.3 still tells them apart."""
_DENSE = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, DENSE_CEILING)
_BIGRAM_SHARES = {"zh": (0.0, 0.25, 0.5), "en": (0.0,)}
PRIOR = {"zh": Weights(0.55, 0.15, 0.3), "en": Weights(0.7, 0.0, 0.3)}
STATIC = {"zh": Weights(0.64, 0.16, 0.2), "en": Weights(0.8, 0.0, 0.2)}
"""Prior of an encoder that learnt from the documents alone: on eight manuals all weights up to .5 found nearly the same."""
BOTH = {"zh": Weights(0.36, 0.09, 0.55), "en": Weights(0.45, 0.0, 0.55)}
"""Prior of one that reads Chinese and English: most was found at .5 to .7 in nine of nine cases (docs/decisions/0008)."""
FOREIGN = Weights(0.15, 0.0, 0.85)
"""The same for questions in a language that the documents are not in, above the ceiling: words find names and commands alone.
66 Chinese questions to an English manual found .682 among ten at .7, .773 at .85 and .788 without words."""
_FOREIGN_SHARE = 0.05
"""A language that fewer passages are in is not the documents'."""
_PULL = 2.5
"""Of the prior, in questions times the squared distance of the weights: chosen on halves of six manuals for the other halves."""
_RESAMPLES = 1000
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
        found = [section_rank(fuse(legs, weights), self._section_of, question) for question, legs in pairs]
        return np.array(found)

    def utilities(self, weights: Weights) -> NDArray[np.float64]:
        """What weights are chosen by (danlu.text.ranking), per question."""
        return utility(self.reciprocal_ranks(weights))

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


def section_rank(ranked: Sequence[tuple[int, float]], section_of: Mapping[int, str], question: Question) -> float:
    """1 / rank of the first right section among ten; 0 when none is there."""
    return reciprocal_rank((section_of[id] for id, _ in ranked), question.sections)


def quality(ranks: NDArray[np.float64]) -> Quality:
    """Recall and mean reciprocal rank, at ten sections."""
    count = max(len(ranks), 1)
    return Quality(round(float((ranks > 0).sum() / count), 4), round(float(ranks.sum() / count), 4), len(ranks))


def prior_of(searcher: Searcher, language: str, *, static: bool, reads_both: bool) -> Weights:
    """What weights of a language start from.

    `static`: the encoder learnt from the documents alone; `reads_both`: it understands Chinese and English.
    """
    if not reads_both:
        return (STATIC if static else PRIOR)[language]
    counts: dict[str, int] = dict(searcher.rows("SELECT language, count(*) FROM passages GROUP BY 1"))
    whole = sum(counts.values())
    (other,) = BOTH.keys() - {language}
    # A third language is asked about in its own words, so there the words keep their weight.
    foreign = counts.get(language, 0) < _FOREIGN_SHARE * whole and counts.get(other, 0) > whole / 2
    return FOREIGN if foreign else BOTH[language]


def measure_weights(measured: Measured, language: str, seed: int, prior: Weights) -> Weights:
    """Fusion weights for one language, from its calibration questions."""
    if not measured.questions:
        return prior
    weights = _bagged(measured, [*_grid(language), prior], prior, seed)
    # Tried at the prior's weight: at a chosen one that is next to nothing, a loss of next to nothing would look certain.
    loss = measured.utilities(_without_dense(prior)) - measured.utilities(prior)
    return _without_dense(weights) if share_of_resamples_won(loss, seed) >= 0.975 else weights


def _bagged(measured: Measured, grid: Sequence[Weights], prior: Weights, seed: int) -> Weights:
    """The average of the best of the grid in each resample, the prior being the best of equals."""
    utilities_GQ = np.array([measured.utilities(weights) for weights in grid])
    legs_GL = np.array([[weights.of(leg) for leg in LEGS] for weights in grid])
    fine_G = _PULL * ((legs_GL - legs_GL[-1]) ** 2).sum(axis=1)
    count = utilities_GQ.shape[1]
    drawn_RQ = np.random.default_rng(seed).integers(count, size=(_RESAMPLES, count))
    times_RQ = np.array([np.bincount(row, minlength=count) for row in drawn_RQ])
    scores_RG = np.round(times_RQ @ utilities_GQ.T - fine_G, 9)
    chosen_R = scores_RG.shape[1] - 1 - scores_RG[:, ::-1].argmax(axis=1)
    return Weights(*(round(float(share), 4) for share in legs_GL[chosen_R].mean(axis=0)))


def _without_dense(weights: Weights) -> Weights:
    lexical = weights.words + weights.bigrams
    return Weights(round(weights.words / lexical, 4), round(weights.bigrams / lexical, 4), 0.0)
