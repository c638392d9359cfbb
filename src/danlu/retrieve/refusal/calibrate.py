"""Set the refusal gate of an index.

The coefficients are the same for every corpus (near_gate.py). A corpus sets:

- how high a cosine is, for its encoder: in units of what general questions reach;
- the threshold of the first stage: a margin above all general questions but three, which may be the corpus's own subject;
- for both, a bound: no more than a quarter of the corpus's own calibration headings is refused.
- where its encoder reads: how near single sentences come, in units of what general questions reach (nearness.py).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.legs.search import Hit, Searcher, Weights, fuse
from danlu.retrieve.refusal.answerable import features
from danlu.retrieve.refusal.coefficients import LEAST_ANSWER, LEAST_ANSWER_READ
from danlu.retrieve.refusal.gate import LANGUAGES, off_domain_questions
from danlu.retrieve.refusal.near_gate import DENSE, Gate, log_odds, scaled
from danlu.retrieve.refusal.nearness import READ_PASSAGES, READ_QUESTIONS, Nearness, Scale, nearness, scale

OWN_SUBJECT = 3
MARGIN = 0.3
"""Above the general questions. The second stage refuses general questions too: with 0, 0.3 and 0.65 five corpora refused .980, .983 and .987 of
the test split's in Chinese (.997, .997 and 1.000 in English), and of answered questions .071, .071 and .081 (.075, .075 and .100)."""
LEAST_DOMAIN = -0.3
"""What the five corpora of the fit came to at least. Four files have too few words to tell: there 7 of 60 Chinese questions passed."""
MOST_OWN_REFUSED = 0.25
FEWEST_OWN = 8
"""With fewer headings a quarter of them is one heading, and no bound."""
MOST_OWN = 100
"""Headings asked per language, spread over all: a quarter of them is known well enough, and more would only cost time. Where sentences are
read, READ_QUESTIONS are, which each cost a second."""
LEAST_SPREAD = 0.01
"""Of cosines, over general questions."""

Odds = NDArray[np.float64]


@dataclass(frozen=True)
class _Asked:
    """A question, its features in the corpus's own units, and the passages that are read for it."""

    text: str
    values: list[float] | None
    hits: list[Hit]

    def near(self, searcher: Searcher) -> Nearness | None:
        return nearness(searcher, self.text, self.hits) if self.hits else None


def calibrate(
    searcher: Searcher, own_questions: Mapping[str, Sequence[str]], weights: Mapping[str, Weights], reads_both: bool
) -> Gate:
    """Set the gate of an index, from the shipped general questions and the corpus's calibration headings by language.

    `reads_both` says whether the encoder is known to read Chinese and English.
    """
    gate = Gate({}, {}, {}, {}, {})
    for language in LANGUAGES:
        _set(gate, searcher, language, own_questions.get(language, []), weights[language], reads_both)
    return gate


def _set(
    gate: Gate, searcher: Searcher, language: str, headings: Sequence[str], weights: Weights, reads_both: bool
) -> None:
    most = READ_QUESTIONS if searcher.reads else MOST_OWN
    asked = off_domain_questions(language, "calibrate"), _spread(headings, most)
    general, own = ([_ask(searcher, question, weights) for question in questions] for questions in asked)
    cosines, nears = _cosines([one.values for one in general]), [one.near(searcher) for one in own]
    units = _units(searcher, general, nears, reads_both)
    off = [log_odds(scaled(one.values, cosines), language, None) for one in general]
    odds = [
        log_odds(scaled(one.values, cosines), language, units.spreads(near.mean) if units and near else None)
        for one, near in zip(own, nears, strict=True)
    ]
    least = (LEAST_ANSWER_READ if units else LEAST_ANSWER)[language]
    off_G, own_N2 = np.array(off)[:, 0], np.array(odds).reshape(-1, 2)
    domain, answer = _thresholds(off_G, own_N2, least)
    gate.thresholds[language], gate.answer_thresholds[language] = domain, answer
    gate.cosines[language], gate.sentences[language] = cosines, (units.mean, units.spread) if units else None
    gate.measured[language] = {
        "off_domain_refused": round(float((off_G < domain).mean()), 4),
        "own_refused": round(float((own_N2 < (domain, answer)).any(axis=1).mean()), 4) if own else 0.0,
        "off_domain_questions": len(off),
        "own_questions": len(own),
    }


def _spread(questions: Sequence[str], most: int) -> Sequence[str]:
    """At most so many, from all places."""
    return questions[:: math.ceil(len(questions) / most) or 1]


def _ask(searcher: Searcher, question: str, weights: Weights) -> _Asked:
    legs = searcher.legs(question)
    return _Asked(
        question, features(searcher, question, legs, weights), searcher.hits(fuse(legs, weights)[:READ_PASSAGES])
    )


def _units(
    searcher: Searcher, general: Sequence[_Asked], own: Sequence[Nearness | None], reads_both: bool
) -> Scale | None:
    if not searcher.reads:
        return None
    step = math.ceil(len(general) / READ_QUESTIONS)
    far = [near.mean for asked in general[::step] if (near := asked.near(searcher))]
    return scale(far, [near.mean for near in own if near], reads_both)


def _thresholds(off_G: Odds, own_N2: Odds, least: float) -> tuple[float, float]:
    """Of both stages, from the log-odds of the general questions in the first and of the corpus's own in both."""
    domain, answer = max(float(np.sort(off_G)[-1 - OWN_SUBJECT]) + MARGIN, LEAST_DOMAIN), least
    if len(own_N2) >= FEWEST_OWN:
        bounds = np.quantile(own_N2, MOST_OWN_REFUSED, axis=0)
        domain, answer = min(domain, float(bounds[0])), min(answer, float(bounds[1]))
    return round(domain, 4), round(answer, 4)


def _cosines(general: Sequence[Sequence[float] | None]) -> tuple[float, float]:
    """Of questions for which nothing was found nothing is known; where that is all of them, any cosine is high."""
    found = np.array([values[DENSE] for values in general if values is not None])
    if not len(found):
        return 0.0, 1.0
    return round(float(found.mean()), 6), round(max(float(found.std()), LEAST_SPREAD), 6)
