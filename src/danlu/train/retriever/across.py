"""Does an encoder understand both languages? Measured on 64 sentences that danlu brings, each in English and in Chinese.

They are our own, from offices, workshops and computers, and no document of anybody's is among them. A question in one language
should find its counterpart among the 64 of the other first.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danlu.model.encoder import Encoder, Vectors
from danlu.model.joined_encoder import moved
from danlu.text.language import answer_language

LANGUAGES = ("en", "zh")
SENTENCES = 1
"""Version of the sentences, raised with any change of them: they move vectors."""
_SHIPPED = Path(__file__).parent / "parallel.jsonl"
_FOREIGN_SHARE = 0.05
"""A language that fewer passages are in than this is not the documents': quotations and code are in every manual."""
_DECIMALS = 6


@dataclass(frozen=True)
class Across:
    """How often the counterpart was first, both ways together, with moved questions; and the moves, by the question's language."""

    share: float
    moves: Mapping[str, Vectors]


def sentences() -> list[dict[str, str]]:
    """The sentences, each by language."""
    return [json.loads(line) for line in _SHIPPED.read_text(encoding="utf-8").splitlines()]


def across(encoder: Encoder) -> Across:
    """Measure an encoder. Each half of the sentences is moved by what the other half says."""
    rows = sentences()
    texts = {language: [row[language] for row in rows] for language in LANGUAGES}
    asked = {language: encoder.encode_questions(found) for language, found in texts.items()}
    passages = {language: encoder.encode(found) for language, found in texts.items()}
    right = []
    for half in (0, 1):
        own = np.arange(len(rows)) % 2 == half
        moves = _moves({language: vectors[~own] for language, vectors in asked.items()})
        for language in LANGUAGES:
            words = [text for text, mine in zip(texts[language], own, strict=True) if mine]
            cosines = moved(asked[language][own], words, moves) @ passages[_other(language)].T
            right.append((cosines.argmax(axis=1) == np.flatnonzero(own)) & (cosines.max(axis=1) > 0))
    return Across(round(float(np.concatenate(right).mean()), 4), _moves(asked))


def foreign_languages(texts: Sequence[str]) -> Collection[str]:
    """The languages of questions that nearly no passage is in; none where there is no passage."""
    found = [answer_language(text) for text in texts]
    return [language for language in LANGUAGES if found and found.count(language) < _FOREIGN_SHARE * len(found)]


def _moves(asked: Mapping[str, Vectors]) -> dict[str, Vectors]:
    means = {language: vectors.mean(axis=0, dtype=np.float64) for language, vectors in asked.items()}
    return {
        language: np.round(means[_other(language)] - means[language], _DECIMALS).astype(np.float32)
        for language in LANGUAGES
    }


def _other(language: str) -> str:
    return LANGUAGES[1 - LANGUAGES.index(language)]
