"""How near each sentence of the passages that are read is to the question, by an encoder that knows more words than the documents'.

Words tell a passage that answers from one that only speaks of the same things badly where people ask in words of their own: of English
questions to two manuals that nothing was fitted to, the words told .66 and .71 (AUROC), with the sentences' cosines .75 and .73 (docs/log.md). A sentence is read
with the heading above it. Encoders differ in what cosine is near (unlike texts have .1 in one and .75 in another), so a cosine counts in
spreads of what general questions reach on the same index; a language is read where the corpus's own headings come nearer than these.

The price is some thirty sentences to encode for each question: .3 CPU seconds with a model of six layers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from danlu.retrieve.legs.search import Hit, Searcher
from danlu.text.sentences import sentence_spans

READ_PASSAGES = 4
"""Passages whose sentences are read to set a gate. An answer reads up to three more, the best of the lexical legs; that moved the mean of
the nearest by .01 spreads on average, by .16 at most."""
NEAREST = 3
"""Sentences whose mean cosine says how near the passages come: one alone may only repeat the question."""
MOST_CHARACTERS = 1200
"""Of a sentence that are read: a row of a wide table, a listing."""
LEAST_SPREADS, MOST_SPREADS = -3.0, 8.0
LEAST_SPREAD = 0.005
READ_QUESTIONS = 30
"""General questions, and headings, that a language is measured by."""
FEWEST_HEADINGS = 8
"""With fewer, what separates them from general questions may be chance."""
LEAST_AUROC = 0.9
"""Between headings and general questions, of an encoder that knows a language. all-MiniLM, which was taught English only, has about .78
in Chinese."""


@dataclass(frozen=True)
class Nearness:
    """The cosine of each sentence of some passages, in the order of `sentence_spans`."""

    cosines: Mapping[int, Sequence[float]]
    """By passage."""

    @property
    def mean(self) -> float:
        """Of the nearest sentences; 0 where there is no sentence."""
        found = sorted((cosine for cosines in self.cosines.values() for cosine in cosines), reverse=True)
        return float(np.mean(found[:NEAREST])) if found else 0.0


@dataclass(frozen=True)
class Scale:
    """What general questions reach on an index: the mean and the spread of `Nearness.mean`."""

    mean: float
    spread: float

    def spreads(self, cosine: float) -> float:
        """How far above what general questions reach, between LEAST_SPREADS and MOST_SPREADS."""
        return max(LEAST_SPREADS, min(MOST_SPREADS, (cosine - self.mean) / self.spread))


def nearness(searcher: Searcher, question: str, hits: Sequence[Hit]) -> Nearness | None:
    """Read the sentences of these passages; None where the index's encoder does not read."""
    texts = {hit.id: [_with_heading(hit, start, end) for start, end in sentence_spans(hit.text)] for hit in hits}
    found = searcher.cosines(question, [text for of in texts.values() for text in of])
    if found is None:
        return None
    each = iter(found)
    return Nearness({id: [next(each) for _ in of] for id, of in texts.items()})


def _with_heading(hit: Hit, start: int, end: int) -> str:
    return f"{hit.headings.split(' › ')[-1]}: {hit.text[start:end]}"[:MOST_CHARACTERS]


def scale(general: Sequence[float], own: Sequence[float], known: bool) -> Scale | None:
    """The scale of a language from what general questions and own headings reach; None where the encoder does not read that language.

    With too few headings to see it, `known` says whether the encoder is known to read both languages.
    """
    reads = known if len(own) < FEWEST_HEADINGS else _auroc(own, general) >= LEAST_AUROC
    if not general or not reads:
        return None
    return Scale(round(float(np.mean(general)), 6), round(max(float(np.std(general)), LEAST_SPREAD), 6))


def _auroc(positives: Sequence[float], negatives: Sequence[float]) -> float:
    """The chance that a positive scores above a negative; ties count half."""
    difference = np.subtract.outer(positives, negatives)
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())
