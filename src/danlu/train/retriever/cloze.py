"""Training pairs from text alone: a sentence, and its passage without it (the inverse cloze task, Lee et al. 2019, 1906.00300).

No heading is among them: those of the calibration side choose between encoders and set the weights of the index, and an
encoder that had learnt them would be believed too much. Learning them as well found no more (docs/answers/retriever.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danlu.text.sentences import sentence_spans
from danlu.train.embedding.lexical import Lexical, nearly_equal, shingles_of

_SEARCHED = 10
"""Passages that are looked at for a hard negative: deeper ones share few words with a sentence."""


@dataclass(frozen=True)
class Cloze:
    """Sentences with where they stand, as numbers of passages."""

    passages: NDArray[np.int64]
    sentences: list[str]
    rests: list[str]
    """The passage without the sentence."""


def cloze_pairs(texts: Sequence[str], most: int, rng: np.random.Generator) -> Cloze:
    """The sentences of passages that have more than one, in any order, `most` of them at most."""
    spans = [(at, span) for at, text in enumerate(texts) if len(found := list(sentence_spans(text, 0, len(text)))) > 1
             for span in found]  # fmt: skip
    drawn = [spans[at] for at in rng.permutation(len(spans))[:most].tolist()]
    return Cloze(
        np.array([at for at, _ in drawn], dtype=np.int64),
        [texts[at][start:end] for at, (start, end) in drawn],
        [f"{texts[at][:start]} {texts[at][end:]}" for at, (start, end) in drawn],
    )


def mined(pairs: Cloze, texts: Sequence[str], sections: NDArray[np.int64], count: int) -> list[list[int]]:
    """For each sentence up to `count` passages that share its words, of other sections, and no near copies of its own passage."""
    if not count:
        return [[] for _ in pairs.sentences]
    shingles: dict[int, frozenset[str]] = {}
    found = []
    for own, near in zip(pairs.passages.tolist(), Lexical.of(texts).best(pairs.sentences, _SEARCHED), strict=True):
        chosen: list[int] = []
        for other in (number for number in near if sections[number] != sections[own]):
            if len(chosen) == count:
                break
            for at in (own, other):
                if at not in shingles:
                    shingles[at] = shingles_of(texts[at])
            if not nearly_equal(shingles[own], shingles[other]):
                chosen.append(other)
        found.append(chosen)
    return found
