"""The off-domain gate: whether a question is about what these documents are about at all.

A question's support is how much of it the corpus knows, times how much of it one passage holds, times how much more its words
are the corpus's than anybody's:

    support = (known words · known bigrams)^(1/2) · (matched / 20 + covered³) · (product of keyness)^(1/4)

where `known` is the share of the question's idf mass (words; Han bigrams) that stands anywhere in the corpus, `matched` the
idf mass, in nats, that the best passage holds, and `covered` the same as a share of the question. A long question passes by
what it matches, a short one by being covered. Keyness is how much likelier a word is in a passage of the corpus than in twenty
running words of text at large (the ratio of simple maths, Kilgarriff 2009): "package" speaks for a manual of packages though
every passage has it, "country" speaks against. Rare words that the corpus lacks say nothing.

The threshold is set per language: half above what refuses 99 % of the general questions that ship with danlu, but for up to
three that stand out; and never so high that more than a quarter of the corpus's own calibration headings would be refused.
Both exceptions are for a corpus that is about one of the subjects of those questions.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.search import Searcher
from danlu.text.frequency import RAREST
from danlu.text.segment import bigrams, terms

REFUSED_SHARE = 0.99
MOST_OWN_REFUSED = 0.25
_FEWEST_OWN = 8
"""With fewer headings a quarter of them is one heading, and no bound."""
_SMOOTH = 0.3
"""Passages that are thought to hold a word which none holds."""
_PASSAGE_WORDS = 20
"""Of text at large. Fewer than a passage has, since a passage speaks of one thing and repeats its words."""
_MOST_NATS = 4.0
"""One word speaks for or against a question by a factor of e^4 at most: one name must not decide."""
_MARGIN = 1.5
"""Above the highest of sixty questions, since one in sixty others lies higher still; 1.5 lost no question that should pass, 2 lost five of seventy."""
_STANDS_OUT = 4.0
_OWN_SUBJECT = 0.5
"""Support below this is a chance word, such as a number, and says nothing about the subject of a corpus; a corpus's own
headings have 2 and more."""
_MOST_OWN_SUBJECT = 3
LANGUAGES = ("zh", "en")
CALIBRATION = 3
"""Version of the shipped questions, raised with any change of them: they shape the gate, and so the identity of an index."""
_SHIPPED = Path(__file__).parent / "calibration" / "off_domain.jsonl"


@dataclass(frozen=True)
class Gate:
    """Thresholds on support, by language, with what was measured when they were set."""

    thresholds: dict[str, float]
    measured: dict[str, dict[str, float]]

    def refuses(self, support: float, language: str) -> bool:
        """Whether a question with this support is off-domain."""
        return support < self.thresholds[language]


def support(searcher: Searcher, question: str) -> float:
    """How well the corpus can support an answer, 0 upwards; 0 for a question without content words."""
    words, pairs = sorted(set(terms(question))), sorted(set(bigrams(question)))
    if not words:
        return 0.0
    idf = searcher.idf(words + pairs)
    known = searcher.holders(words + pairs)
    known_words = _mass(idf, [word for word in words if word in known]) / _mass(idf, words)
    known_pairs = _mass(idf, [pair for pair in pairs if pair in known]) / _mass(idf, pairs) if pairs else known_words
    matched, covered = _best_passage(searcher, question, words, pairs, idf)
    return math.sqrt(known_words * known_pairs) * (matched / 20 + covered**3) * math.exp(_keyness(searcher, words) / 4)


def _keyness(searcher: Searcher, words: Sequence[str]) -> float:
    """How much more the question's words are the corpus's than anybody's, in nats, over all words."""
    holders, shares = searcher.holders(words), searcher.general(words)
    nats = 0.0
    for word in words:
        here = (holders.get(word, 0) + _SMOOTH) / (searcher.size + 2 * _SMOOTH)
        anywhere = 1 - (1 - shares.get(word, RAREST)) ** _PASSAGE_WORDS
        ratio = max(-_MOST_NATS, min(_MOST_NATS, math.log(here / anywhere)))
        nats += ratio if word in holders else min(ratio, 0.0)
    return nats


def _best_passage(
    searcher: Searcher, question: str, words: list[str], pairs: list[str], idf: dict[str, float]
) -> tuple[float, float]:
    """The largest word mass, and the largest share of words and bigrams together, that one passage holds."""
    ids = set(searcher.leg("words", question)) | set(searcher.leg("bigrams", question))
    matched = covered = 0.0
    for _, heading_words, own_words, heading_pairs, own_pairs in searcher.lexical_rows(ids):
        in_words = set(heading_words.split()) | set(own_words.split())
        in_pairs = set(heading_pairs.split()) | set(own_pairs.split())
        word_mass = _mass(idf, [word for word in words if word in in_words])
        pair_mass = _mass(idf, [pair for pair in pairs if pair in in_pairs])
        matched = max(matched, word_mass)
        covered = max(covered, (word_mass + pair_mass) / (_mass(idf, words) + _mass(idf, pairs)))
    return matched, covered


def _mass(idf: dict[str, float], found: Sequence[str]) -> float:
    return sum(idf[term] for term in found)


def calibrate(searcher: Searcher, own_questions: dict[str, list[str]]) -> Gate:
    """Set the thresholds for an index, from the shipped general questions and the corpus's calibration headings."""
    thresholds: dict[str, float] = {}
    measured: dict[str, dict[str, float]] = {}
    for language in LANGUAGES:
        off = np.array([support(searcher, question) for question in off_domain_questions(language, "calibrate")])
        own = np.array([support(searcher, question) for question in own_questions.get(language, [])])
        others = off[off <= _highest_off_domain(off)]
        threshold = _MARGIN * float(np.quantile(others, REFUSED_SHARE, method="higher")) + 1e-6
        if len(own) >= _FEWEST_OWN:
            threshold = min(threshold, float(np.quantile(own, MOST_OWN_REFUSED)))
        thresholds[language] = round(threshold, 6)
        measured[language] = {
            "off_domain_refused": round(float((off < threshold).mean()), 4),
            "own_refused": round(float((own < threshold).mean()), 4) if len(own) else 0.0,
            "off_domain_questions": len(off),
            "off_domain_set_aside": len(off) - len(others),
            "own_questions": len(own),
        }
    return Gate(thresholds, measured)


def _highest_off_domain(support: NDArray[np.float64]) -> float:
    """The highest support of a general question that does not stand out from those below it.

    A handbook for employees is about one or two of the general questions (leave, expenses). Such a question must not set
    the bar for all others: it stands out by a factor, as nothing off-domain does.
    """
    ranked = np.sort(support)[::-1]
    own = [
        rank
        for rank, (higher, lower) in enumerate(pairwise(ranked[: _MOST_OWN_SUBJECT + 1]), 1)
        if higher >= _OWN_SUBJECT and higher > _STANDS_OUT * lower
    ]
    return float(ranked[max(own, default=0)])


def off_domain_questions(language: str, split: str) -> list[str]:
    """The general questions that ship with danlu: `calibrate` sets the gate, `test` only measures it."""
    rows = [json.loads(line) for line in _SHIPPED.read_text(encoding="utf-8").splitlines()]
    return [row["question"] for row in rows if row["lang"] == language and row["split"] == split]
