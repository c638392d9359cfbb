"""Learn the order of the first fifty passages, and try it on questions that it did not learn.

The listwise softmax (ListNet, Cao et al. 2007) over the measures of danlu.retrieve.ranking.reorder, on the corpus's own calibration
headings, on the build without headings.

It is kept for a language only where it wins: every calibration question is ranked by a model that did not learn it (five folds),
and the gain must be above zero in 97.5 % of the resamples. A language with few questions has none.

Shapes: C candidates of a question, F measures.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.legs.search import Searcher, Weights, fuse
from danlu.retrieve.ranking.fuse import Question
from danlu.retrieve.ranking.reorder import LOOKED_AT, MEASURES, Doubles, Order, measures, places_of
from danlu.text.ranking import reciprocal_rank, utility
from danlu.text.statistics import paired_interval, share_of_resamples_won

FEWEST_QUESTIONS = 40
"""Of a language: with fewer the folds learn from next to nothing."""
_FOLDS = 5
_START = 3.0
"""Of the fused score's weight, all others starting at nothing: thin evidence leaves the order as it was."""
_PULL = 10.0
"""Towards that start: 1 and 10 found alike on four corpora, and 10 is safer on few questions."""
_WON = 0.975


@dataclass(frozen=True)
class Trial:
    """An order with what it was worth, before and after: `order` is None where it did not win."""

    order: Order | None
    questions: int
    gain: tuple[float, float, float]
    """Of half recall and half reciprocal rank at ten: the 95 % interval, the mean in its middle."""

    def facts(self) -> dict[str, Any]:
        """As JSON; `order_of` reads it."""
        found = None if self.order is None else {
            "means": self.order.means, "scales": self.order.scales, "weights": self.order.weights
        }  # fmt: skip
        return {"order": found, "questions": self.questions, "gain": self.gain}


@dataclass(frozen=True)
class _Case:
    """A calibration question with its candidates: their measures, and the sections in which they stand."""

    measures_CF: Doubles
    sections: list[str]
    right: frozenset[str]

    @property
    def answers_C(self) -> NDArray[np.bool_]:
        return np.array([section in self.right for section in self.sections], dtype=bool)

    def utility(self, order: Order | None) -> float:
        """What an order is chosen by (danlu.text.ranking)."""
        ranked = (
            range(len(self.sections)) if order is None else np.argsort(-order.scores(self.measures_CF), kind="stable")
        )
        return float(utility(np.array(reciprocal_rank((self.sections[at] for at in ranked), self.right))))


def learn_order(searcher: Searcher, questions: Sequence[Question], weights: Weights, seed: int) -> Trial:
    """Learn the order for the questions of one language on the blind build, and try it on those that a fold did not learn."""
    cases = [case for question in questions if (case := _case(searcher, question, weights)) is not None]
    if len(cases) < FEWEST_QUESTIONS:
        return Trial(None, len(cases), (0.0, 0.0, 0.0))
    folds = [_learnt([case for at, case in enumerate(cases) if at % _FOLDS != fold]) for fold in range(_FOLDS)]
    gains = np.array([case.utility(folds[at % _FOLDS]) - case.utility(None) for at, case in enumerate(cases)])
    low, mean, high = (round(value, 4) for value in paired_interval(gains, seed))
    won = share_of_resamples_won(gains, seed) >= _WON
    return Trial(_learnt(cases) if won else None, len(cases), (low, mean, high))


def trial_of(
    searcher: Searcher, questions: Sequence[Question], weights: Weights, order: Order
) -> tuple[Doubles, Doubles]:
    """The utility of each question before and after it is put into order: for questions that the order did not learn."""
    cases = [_case(searcher, question, weights) for question in questions]
    both = [(case.utility(None), case.utility(order)) if case else (0.0, 0.0) for case in cases]
    before, after = np.array(both, dtype=np.float64).reshape(-1, 2).T
    return before, after


def _case(searcher: Searcher, question: Question, weights: Weights) -> _Case | None:
    """None for a question that finds nothing: there is nothing to put into order."""
    legs = searcher.legs(question.text)
    near = fuse(legs, weights)[:LOOKED_AT]
    if not near:
        return None
    places = places_of(searcher, [id for id, _ in near])
    sections = [places[id][1] for id, _ in near]
    return _Case(measures(searcher, question.text, legs, near), sections, question.sections)


def _learnt(cases: Sequence[_Case]) -> Order:
    """The weights that give the most to right passages, drawn towards the order by fused score."""
    from scipy.optimize import minimize

    every_CF = np.concatenate([case.measures_CF for case in cases])
    means_F, scales_F = every_CF.mean(axis=0), every_CF.std(axis=0) + 1e-6
    lists = [
        ((case.measures_CF - means_F) / scales_F, answers_C)
        for case in cases if (answers_C := case.answers_C).any()
    ]  # fmt: skip
    start_F = np.zeros(len(MEASURES))
    start_F[0] = _START
    found = minimize(_loss, start_F, args=(start_F, lists), jac=True, method="L-BFGS-B")
    rounded = ([round(float(value), 6) for value in values] for values in (means_F, scales_F, found.x))
    means, scales, weights = (tuple(values) for values in rounded)
    return Order(means, scales, weights)


def _loss(
    weights_F: Doubles, start_F: Doubles, lists: Sequence[tuple[Doubles, NDArray[np.bool_]]]
) -> tuple[float, Doubles]:
    """-ln of the share of the softmax that falls on right passages, and how far the weights are from their start."""
    away_F = weights_F - start_F
    loss, slope_F = _PULL * float(away_F @ away_F) / 2, _PULL * away_F
    for measures_CF, answers_C in lists:
        scores_C = measures_CF @ weights_F
        shares_C = np.exp(scores_C - scores_C.max())
        shares_C /= shares_C.sum()
        right_C = np.where(answers_C, shares_C, 0.0)
        right = max(float(right_C.sum()), 1e-12)
        loss -= math.log(right)
        slope_F = slope_F + measures_CF.T @ (shares_C - right_C / right)
    return loss, slope_F
