"""A second look at what search found: the first fifty passages in a better order, by how a question's words stand in them.

A linear model over a dozen measures (how it is learnt: danlu.retrieve.ranking.learn_order). No heading enters a measure, so that it
reads the served build as it read the blind one.
It has too few numbers to learn a passage by heart, and learns what a legs' sum cannot say: that an answer begins with its
subject, that the first passage of a section is meant, that words of a question stand near to each other.

Shapes: C candidates of a question, F measures.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.legs.search import Scores, Searcher
from danlu.text.segment import bigrams, terms

MEASURES = (
    "fused", "words", "bigrams", "dense", "words covered", "bigrams covered", "near each other", "early", "opening covered",
    "first of its section", "last of its section", "length", "its document", "fused, passage before", "fused, passage after",
)  # fmt: skip
LOOKED_AT = 50
"""Passages of a question that are put into order; what lies below stays there."""
_OPENING_WORDS, _OPENING_BIGRAMS = 20, 40

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Order:
    """What was learnt for one language: measures less `means`, over `scales`, times `weights`."""

    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]

    def scores(self, measures_CF: Doubles) -> Doubles:
        """The higher, the earlier."""
        scores: Doubles = ((measures_CF - np.array(self.means)) / np.array(self.scales)) @ np.array(self.weights)
        return scores


def order_of(facts: Mapping[str, Any] | None) -> Order | None:
    """The order among what `Trial.facts` gave; None where there is none, or no such fact."""
    if not facts or facts["order"] is None:
        return None
    return Order(**{name: tuple(values) for name, values in facts["order"].items()})


def reordered(
    searcher: Searcher, question: str, legs: Mapping[str, Scores], ranked: Sequence[tuple[int, float]], order: Order
) -> list[tuple[int, float]]:
    """`ranked` with its first fifty in the learnt order; scores stay those of the fusion, ties the order that was."""
    near = list(ranked[:LOOKED_AT])
    if not near:
        return []
    scores_C = order.scores(measures(searcher, question, legs, near))
    return [near[at] for at in np.argsort(-scores_C, kind="stable")] + list(ranked[LOOKED_AT:])


def measures(
    searcher: Searcher, question: str, legs: Mapping[str, Scores], near: Sequence[tuple[int, float]]
) -> Doubles:
    """The measures of candidates, in the order of `MEASURES`, shape (C, F)."""
    ids, fused = [id for id, _ in near], dict(near)
    asked_words, asked_pairs = set(terms(question)), set(bigrams(question))
    idf = searcher.idf(sorted(asked_words | asked_pairs))
    word_mass, pair_mass = (max(_mass(idf, asked), 1e-9) for asked in (asked_words, asked_pairs))
    best = {leg: max(scores.values(), default=1.0) for leg, scores in legs.items()}
    texts = {row[0]: (row[2].split(), row[4].split()) for row in searcher.lexical_rows(ids)}
    places = places_of(searcher, ids)
    of_document: defaultdict[str, float] = defaultdict(float)
    for id in ids:
        of_document[places[id][0]] += fused[id]
    total = sum(of_document.values())
    rows = []
    for id in ids:
        words, pairs = texts[id]
        document, section = places[id]
        covered = _mass(idf, asked_words.intersection(words)) / word_mass
        opening = asked_words.intersection(words[:_OPENING_WORDS]) | asked_pairs.intersection(pairs[:_OPENING_BIGRAMS])
        at = [place for place, word in enumerate(words) if word in asked_words]
        rows.append([
            fused[id],
            *(legs[leg].get(id, 0.0) / best[leg] for leg in ("words", "bigrams", "dense")),
            covered,
            _mass(idf, asked_pairs.intersection(pairs)) / pair_mass if asked_pairs else covered,
            _nearness(words, at),
            1 - at[0] / len(words) if at else 0.0,
            _mass(idf, opening) / (word_mass + (pair_mass if asked_pairs else 0.0)),
            float(section != places.get(id - 1, ("", ""))[1]),
            float(section != places.get(id + 1, ("", ""))[1]),
            math.log1p(len(words)),
            of_document[document] / total,
            fused.get(id - 1, 0.0),
            fused.get(id + 1, 0.0),
        ])  # fmt: skip
    return np.array(rows, dtype=np.float64).reshape(len(ids), len(MEASURES))


def _mass(idf: Mapping[str, float], found: "set[str]") -> float:
    return sum(idf[term] for term in sorted(found))


def places_of(searcher: Searcher, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Document and section of passages and of their neighbours."""
    wanted = sorted({id + step for id in ids for step in (-1, 0, 1)})
    marks = ",".join("?" * len(wanted))
    rows = searcher.rows(f"SELECT id, doc_id, section FROM passages WHERE id IN ({marks})", wanted)
    return {id: (document, section) for id, document, section in rows}


def _nearness(words: Sequence[str], at: Sequence[int]) -> float:
    """How many different words of the question stand in the shortest stretch that holds all that the passage has, over its length."""
    wanted = len({words[place] for place in at})
    if wanted < 2:
        return float(wanted)
    last: dict[str, int] = {}
    shortest = len(words)
    for place in at:
        last[words[place]] = place
        if len(last) == wanted:
            shortest = min(shortest, place - min(last.values()) + 1)
    return wanted / shortest
