"""The refusal gate, in two stages: whether a question is about the documents' subject, and whether what was found holds its answer.

Both are log-odds that are linear in the features of a question (answerable.py), by coefficients of a logistic regression with ridge on
natural questions to five corpora (Debian's manuals, four times, and LibreOffice help; the dev split of benchmarks/near_domain.jsonl and
two files beside it), some answered by them and some not, and on the general questions that ship with danlu for calibration.
`benchmarks/retrieve_refusal.py --split dev --fit` writes them (coefficients.py). Fitted on a corpus's own headings, with and without their sections, they told natural questions
apart worse in each language: headings speak the documents' words, users do not. So a corpus sets three things only:

- how high a cosine is, for its encoder: in units of what general questions reach;
- the threshold of the first stage: a margin above all general questions but three, which may be the corpus's own subject;
- for both, a bound: no more than a quarter of the corpus's own calibration headings is refused.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.legs.search import Scores, Searcher, Weights
from danlu.retrieve.refusal.answerable import FEATURES, features
from danlu.retrieve.refusal.coefficients import ANSWER, DOMAIN, LEAST_ANSWER
from danlu.retrieve.refusal.gate import LANGUAGES, off_domain_questions

COEFFICIENTS = 2
"""Version of the refusal gate: of every number and word list of this room. Raised with any change of them, since they shape the gate that
is written into an index, and so its identity; a test holds their hash."""
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
"""Headings asked per language, spread over all: a quarter of them is known well enough, and more would only cost time."""
NOTHING = -20.0
"""Log-odds of a question that says nothing."""
MOST_SPREADS = 3.0
LEAST_SPREAD = 0.01
"""Of cosines, over general questions."""

Refused = Literal["", "off-domain", "near-domain"]
Odds = NDArray[np.float64]
_DENSE = FEATURES.index("dense")


@dataclass(frozen=True)
class Judgement:
    """What the gate found: log-odds that the question is about the documents' subject, and that they answer it."""

    domain: float
    answer: float
    refused: Refused


@dataclass(frozen=True)
class Gate:
    """Thresholds on log-odds by language, with what was measured when they were set."""

    thresholds: dict[str, float]
    """Of the first stage: below it a question is off-domain."""
    answer_thresholds: dict[str, float]
    """Of the second stage: below it the documents are taken not to hold the answer."""
    cosines: dict[str, tuple[float, float]]
    """Mean and spread of the highest cosine of general questions."""
    measured: dict[str, dict[str, float]]

    def judge(self, values: Sequence[float] | None, language: str) -> Judgement:
        """Whether a question with these features is refused, and by which stage."""
        domain, answer = _log_odds(values, language, self.cosines[language])
        if domain < self.thresholds[language]:
            return Judgement(domain, answer, "off-domain")
        return Judgement(domain, answer, "near-domain" if answer < self.answer_thresholds[language] else "")


def judge(searcher: Searcher, question: str, language: str, legs: Mapping[str, Scores], weights: Weights) -> Judgement:
    """Judge a question by an index's own gate, from what `legs` found."""
    return Gate(**searcher.fact("gate")).judge(features(searcher, question, legs, weights), language)


def scaled(values: Sequence[float] | None, cosines: Sequence[float]) -> list[float] | None:
    """Features with the cosine in spreads of what general questions reach, from -3 to 3."""
    if values is None:
        return None
    mean, spread = cosines
    found = list(values)
    found[_DENSE] = max(-MOST_SPREADS, min(MOST_SPREADS, (found[_DENSE] - mean) / spread))
    return found


def _log_odds(values: Sequence[float] | None, language: str, cosines: Sequence[float]) -> tuple[float, float]:
    found = scaled(values, cosines)
    if found is None:
        return NOTHING, NOTHING
    named = {"": 1.0} | dict(zip(FEATURES, found, strict=True))
    domain, answer = (
        sum(weight * named[name] for name, weight in coefficients[language].items())
        for coefficients in (DOMAIN, ANSWER)
    )
    return domain, answer


def calibrate(searcher: Searcher, own_questions: Mapping[str, Sequence[str]], weights: Mapping[str, Weights]) -> Gate:
    """Set the gate of an index, from the shipped general questions and the corpus's calibration headings by language."""
    thresholds, answers, cosines, measured = {}, {}, {}, {}
    for language in LANGUAGES:
        headings = own_questions.get(language, [])
        asked = off_domain_questions(language, "calibrate"), headings[:: math.ceil(len(headings) / MOST_OWN) or 1]
        general, own = (
            [features(searcher, question, searcher.legs(question), weights[language]) for question in questions]
            for questions in asked
        )
        cosines[language] = _cosines(general)
        off, odds = (
            np.array([_log_odds(values, language, cosines[language]) for values in found]).reshape(-1, 2)
            for found in (general, own)
        )
        thresholds[language], answers[language] = _thresholds(off[:, 0], odds, language)
        refused = (odds < (thresholds[language], answers[language])).any(axis=1)
        measured[language] = {
            "off_domain_refused": round(float((off[:, 0] < thresholds[language]).mean()), 4),
            "own_refused": round(float(refused.mean()), 4) if len(own) else 0.0,
            "off_domain_questions": len(off),
            "own_questions": len(own),
        }
    return Gate(thresholds, answers, cosines, measured)


def _thresholds(off_G: Odds, own_N2: Odds, language: str) -> tuple[float, float]:
    """Of both stages, from the log-odds of the general questions in the first and of the corpus's own in both."""
    domain = max(float(np.sort(off_G)[-1 - OWN_SUBJECT]) + MARGIN, LEAST_DOMAIN)
    answer = LEAST_ANSWER[language]
    if len(own_N2) >= FEWEST_OWN:
        bounds = np.quantile(own_N2, MOST_OWN_REFUSED, axis=0)
        domain, answer = min(domain, float(bounds[0])), min(answer, float(bounds[1]))
    return round(domain, 4), round(answer, 4)


def _cosines(general: Sequence[Sequence[float] | None]) -> tuple[float, float]:
    """Of questions for which nothing was found nothing is known; where that is all of them, any cosine is high."""
    found = np.array([values[_DENSE] for values in general if values is not None])
    if not len(found):
        return 0.0, 1.0
    return round(float(found.mean()), 6), round(max(float(found.std()), LEAST_SPREAD), 6)
