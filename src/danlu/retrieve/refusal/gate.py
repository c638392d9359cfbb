"""Support: whether a question is about what these documents are about at all.

A question's support is how much of it the corpus knows, times how much of it one passage holds, times how much more its words
are the corpus's than anybody's:

    support = (known words · known bigrams)^(1/2) · (matched / 20 + covered³) · (product of keyness)^(1/4)

where `known` is the share of the question's idf mass (words; Han bigrams) that stands anywhere in the corpus, `matched` the
idf mass, in nats, that the best passage holds, and `covered` the same as a share of the question. A long question passes by
what it matches, a short one by being covered. Keyness is how much likelier a word is in a passage of the corpus than in twenty
running words of text at large (the ratio of simple maths, Kilgarriff 2009): "package" speaks for a manual of packages though
every passage has it, "country" speaks against. Rare words that the corpus lacks say nothing.

It is the strongest of the signs that the refusal gate (near_gate.py) weighs.
"""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from danlu.retrieve.legs.search import Scores, Searcher
from danlu.text.frequency import RAREST
from danlu.text.segment import bigrams, terms

_SMOOTH = 0.3
"""Passages that are thought to hold a word which none holds."""
_PASSAGE_WORDS = 20
"""Of text at large. Fewer than a passage has, since a passage speaks of one thing and repeats its words."""
_MOST_NATS = 4.0
"""One word speaks for or against a question by a factor of e^4 at most: one name must not decide."""
LANGUAGES = ("zh", "en")
CALIBRATION = 3
"""Version of the shipped questions, raised with any change of them: they shape the gate, and so the identity of an index."""
_SHIPPED = Path(__file__).parent / "calibration" / "off_domain.jsonl"


def support(searcher: Searcher, question: str, legs: Mapping[str, Scores] | None = None) -> float:
    """How well the corpus can support an answer, 0 upwards; 0 for a question without content words.

    `legs`: what was found for it, where that is known already.
    """
    words, pairs = sorted(set(terms(question))), sorted(set(bigrams(question)))
    if not words:
        return 0.0
    idf = searcher.idf(words + pairs)
    known = searcher.holders(words + pairs)
    known_words = _mass(idf, [word for word in words if word in known]) / _mass(idf, words)
    known_pairs = _mass(idf, [pair for pair in pairs if pair in known]) / _mass(idf, pairs) if pairs else known_words
    found = legs or {leg: searcher.leg(leg, question) for leg in ("words", "bigrams")}
    matched, covered = _best_passage(searcher, {*found["words"], *found["bigrams"]}, words, pairs, idf)
    nats = sum(keyness(searcher, words, known))
    return math.sqrt(known_words * known_pairs) * (matched / 20 + covered**3) * math.exp(nats / 4)


def keyness(searcher: Searcher, words: Sequence[str], holders: Mapping[str, int]) -> list[float]:
    """How much more each of a question's words is the corpus's than anybody's, in nats; `holders` as of the searcher."""
    shares = searcher.general(words)
    nats: list[float] = []
    for word in words:
        here = (holders.get(word, 0) + _SMOOTH) / (searcher.size + 2 * _SMOOTH)
        anywhere = 1 - (1 - shares.get(word, RAREST)) ** _PASSAGE_WORDS
        ratio = max(-_MOST_NATS, min(_MOST_NATS, math.log(here / anywhere)))
        nats.append(ratio if word in holders else min(ratio, 0.0))
    return nats


def _best_passage(
    searcher: Searcher, ids: Collection[int], words: list[str], pairs: list[str], idf: dict[str, float]
) -> tuple[float, float]:
    """The largest word mass, and the largest share of words and bigrams together, that one passage holds."""
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


def off_domain_questions(language: str, split: str) -> list[str]:
    """The general questions that ship with danlu: `calibrate` sets the gate, `test` only measures it."""
    rows = [json.loads(line) for line in _SHIPPED.read_text(encoding="utf-8").splitlines()]
    return [row["question"] for row in rows if row["lang"] == language and row["split"] == split]
