"""What tells whether the documents hold the answer to a question, measured on the passages that were found for it.

Support (gate.py) says whether a question is about the documents' subject at all. Here the best passages are read as an answer: how
much of the question one passage holds, the weightiest word that it lacks, whether the whole corpus lacks it. A word weighs the
geometric mean of its idf and of its surprisal in text at large: "get" and "colleague" say little even where a manual avoids them,
"Bluetooth" says much. Chinese words that no list knows are mostly a segmenter's slips and weigh next to nothing; there the share of
the question's characters that one passage holds bridges the difference between spoken and written words (装 and 安装).
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from danlu.retrieve.legs.search import Scores, Searcher, Weights, fuse
from danlu.retrieve.refusal.gate import keyness, support
from danlu.text.frequency import RAREST
from danlu.text.segment import bigrams, han_characters, terms

FEATURES = (
    "support", "keyness", "mean keyness", "known", "known pairs", "unknown", "missing", "covered", "heading", "matched", "dense",
    "characters",
)  # fmt: skip
"""support      logarithm of gate.support, e^-7 at least
keyness      how much more the words are the corpus's than anybody's, in nats, summed; and on average
known        share of the words' surprisal that the corpus holds anywhere; of the idf of Chinese pairs
unknown      share of the surprisal of real words that the corpus lacks
missing      the weightiest word that a passage lacks, below zero; the best of four passages
covered      share of the question's weight that a passage holds; the best of four
heading      share of the question's weight in a passage's headings; the best of four
matched      surprisal that a passage holds, over 20 nats; the mean of four
dense        highest cosine of a passage
characters   share of a Chinese question's characters and Latin words in one passage; the best of eight"""

READ = 4
_READ_CHARACTERS = 8
_FAINTEST_SUPPORT = 1e-3
_EVERYDAY_NATS = 5.0
"""A word of which every 150th running word is one carries no surprise beyond the least."""
_SURPRISE = (0.3, 8.0)
_LATIN_CHARACTERS = 3
"""A Latin word of a Chinese question counts as so many characters: it is a name or a command, and rarely another way to say something.
With 1, 2 and 3 the mean AUROC of five corpora was .819, .832 and .845, without Latin words .784."""
_SLIP = 0.5
"""What a Chinese word weighs that neither the corpus nor the list of words knows."""


@dataclass(frozen=True)
class _Words:
    """The question's words with what the corpus and text at large know of them."""

    words: Sequence[str]
    pairs: Sequence[str]
    held: Mapping[str, int]
    idf: Mapping[str, float]
    surprisal: Mapping[str, float]
    weight: Mapping[str, float]
    slips: frozenset[str]


def features(searcher: Searcher, question: str, legs: Mapping[str, Scores], weights: Weights) -> list[float] | None:
    """The values of FEATURES, for what `legs` found; None for a question that says nothing, or for which nothing was found."""
    ranked = [id for id, _ in fuse(legs, weights)[:_READ_CHARACTERS]]
    known = _known(searcher, question)
    if not known.words or not ranked:
        return None
    rows = {row[0]: row[1:] for row in searcher.lexical_rows(ranked)}
    passages = [tuple(frozenset(column.split()) for column in rows[id]) for id in ranked]
    keys = keyness(searcher, known.words, known.held)
    return [
        math.log(max(support(searcher, question, legs), _FAINTEST_SUPPORT)),
        sum(keys) / 4,
        sum(keys) / len(keys),
        *_of_corpus(known),
        *_of_passages(known, passages[:READ]),
        max(legs["dense"].values(), default=0.0),
        _characters(question, known.words, passages),
    ]


def _known(searcher: Searcher, question: str) -> _Words:
    words, pairs = list(dict.fromkeys(terms(question))), sorted(set(bigrams(question)))
    held, shares = searcher.holders(words + pairs), searcher.general(words)
    idf = searcher.idf(words + pairs)
    surprisal = {word: _surprisal(shares.get(word, RAREST)) for word in words}
    slips = frozenset(word for word in words if not (word in held or word in shares or word.isascii()))
    weight = {word: _SLIP if word in slips else math.sqrt(surprisal[word] * idf[word]) for word in words}
    return _Words(words, pairs, held, idf, surprisal, weight, slips)


def _surprisal(share: float) -> float:
    least, most = _SURPRISE
    return min(max(-math.log(share) - _EVERYDAY_NATS, least), most)


def _of_corpus(known: _Words) -> tuple[float, float, float]:
    """known, known pairs, unknown."""
    whole = _mass(known.surprisal, known.words)
    words = _mass(known.surprisal, [word for word in known.words if word in known.held]) / whole
    pairs = _share(known.idf, known.pairs, known.held) if known.pairs else _share(known.idf, known.words, known.held)
    lacking = [word for word in known.words if word not in known.held and word not in known.slips]
    return words, pairs, _mass(known.surprisal, lacking) / whole


def _of_passages(known: _Words, passages: Sequence[tuple[frozenset[str], ...]]) -> tuple[float, float, float, float]:
    """missing, covered, heading, matched."""
    held = [heading | own for heading, own, _, _ in passages]
    missing = [max((known.weight[word] for word in known.words if word not in all), default=0.0) for all in held]
    matched = [_mass(known.surprisal, [word for word in known.words if word in all]) for all in held]
    return (
        -min(missing),
        max(_share(known.weight, known.words, all) for all in held),
        max(_share(known.weight, known.words, heading) for heading, _, _, _ in passages),
        sum(matched) / len(matched) / 20,
    )


def _characters(question: str, words: Sequence[str], passages: Sequence[tuple[frozenset[str], ...]]) -> float:
    """1 for a question without Han characters."""
    wanted, latin = han_characters(question), {word for word in words if word.isascii()}
    if not wanted:
        return 1.0
    whole = len(wanted) + _LATIN_CHARACTERS * len(latin)
    held = [frozenset(chain(*columns)) for columns in passages]
    return max(
        (len(wanted & set(chain.from_iterable(all))) + _LATIN_CHARACTERS * len(latin & all)) / whole for all in held
    )


def _mass(weight: Mapping[str, float], found: Sequence[str]) -> float:
    return sum(weight[term] for term in found)


def _share(weight: Mapping[str, float], wanted: Sequence[str], held: Collection[str]) -> float:
    return _mass(weight, [term for term in wanted if term in held]) / _mass(weight, wanted)
