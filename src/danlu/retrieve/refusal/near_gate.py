"""The refusal gate, in two stages: whether a question is about the documents' subject, and whether what was found holds its answer.

Both are log-odds that are linear in the features of a question (answerable.py), by coefficients of a logistic regression with ridge on
natural questions to five corpora (Debian's manuals, four times, and LibreOffice help; the dev split of benchmarks/near_domain.jsonl and
two files beside it), some answered by them and some not, and on the general questions that ship with danlu for calibration.
`benchmarks/retrieve_refusal.py --split dev --fit` writes them (coefficients.py). Fitted on a corpus's own headings, with and without their sections, they told natural questions
apart worse in each language: headings speak the documents' words, users do not. So a corpus
sets its thresholds only, and the units of cosines (calibrate.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from danlu.retrieve.legs.search import Searcher
from danlu.retrieve.refusal.answerable import FEATURES
from danlu.retrieve.refusal.coefficients import ANSWER, ANSWER_READ, DOMAIN
from danlu.retrieve.refusal.nearness import Nearness, Scale

COEFFICIENTS = 3
"""Version of the refusal gate: of every number and word list of this room. Raised with any change of them, since they shape the gate that
is written into an index, and so its identity; a test holds their hash."""
NOTHING = -20.0
"""Log-odds of a question that says nothing."""
MOST_SPREADS = 3.0
NEAR_ENOUGH = 2.5
"""Spreads by which the nearest sentences may come nearer than general questions: from there on a question is about the documents' subject,
whatever its words, and the second stage decides. Of general questions to five collections 14 of 480 English ones
reach it and 1 of 420 Chinese ones; of 12 English ones that are answered and that words alone took for off-domain, 8."""
Refused = Literal["", "off-domain", "near-domain"]
DENSE = FEATURES.index("dense")


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
    sentences: dict[str, tuple[float, float] | None]
    """Scale of the cosines of single sentences; None for a language that the encoder does not read."""
    measured: dict[str, dict[str, float]]
    """By log-odds alone, whatever nearness lets pass."""

    def scale(self, language: str) -> Scale | None:
        """In what units the cosines of sentences count."""
        found = self.sentences[language]
        return Scale(*found) if found else None

    def judge(self, values: Sequence[float] | None, language: str, near: Nearness | None) -> Judgement:
        """Whether a question with these features is refused, and by which stage; `near` is of the passages that are read."""
        found, units = scaled(values, self.cosines[language]), self.scale(language)
        spreads = units.spreads(near.mean) if units and near else None
        domain, answer = log_odds(found, language, spreads)
        if domain < self.thresholds[language] and (spreads is None or spreads < NEAR_ENOUGH):
            return Judgement(domain, answer, "off-domain")
        return Judgement(domain, answer, "near-domain" if answer < self.answer_thresholds[language] else "")


def gate_of(searcher: Searcher) -> Gate:
    """The gate that was set when an index was built."""
    return Gate(**searcher.fact("gate"))


def scaled(values: Sequence[float] | None, cosines: Sequence[float]) -> list[float] | None:
    """Features with the cosine in spreads of what general questions reach, from -3 to 3."""
    if values is None:
        return None
    mean, spread = cosines
    found = list(values)
    found[DENSE] = max(-MOST_SPREADS, min(MOST_SPREADS, (found[DENSE] - mean) / spread))
    return found


def log_odds(found: Sequence[float] | None, language: str, near: float | None) -> tuple[float, float]:
    """Of scaled features, and of the nearest sentences in spreads where they were read."""
    if found is None:
        return NOTHING, NOTHING
    named = {"": 1.0} | dict(zip(FEATURES, found, strict=True)) | ({} if near is None else {"near": near})
    domain, answer = (
        sum(weight * named[name] for name, weight in coefficients[language].items())
        for coefficients in (DOMAIN, ANSWER if near is None else ANSWER_READ)
    )
    return domain, answer
