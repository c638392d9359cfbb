"""Search an index: three legs, fused by weights that were measured on the corpus itself.

words and bigrams are BM25 over our terms; dense is the exact cosine of the encoder's vectors, less the
average passage's.
Each leg is divided by its best score, so that a weight says how much a leg counts whatever its scale.
"""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.model.encoder import Encoder
from danlu.model.sentence_reader import sentence_reader
from danlu.retrieve.legs.lexical import lexical_scores
from danlu.retrieve.legs.memory import Memory
from danlu.retrieve.legs.other_names import other_names
from danlu.retrieve.tables.postings import count_holders, read_postings
from danlu.retrieve.tables.ranked_anew import stored_vectors
from danlu.retrieve.tables.schema import EVERYONE, read_fact
from danlu.text.bm25 import inverse_frequency
from danlu.text.segment import bigrams, terms

LEGS = ("words", "bigrams", "dense")
DEPTH = 50
"""Passages per leg that enter the fusion."""
Scores = dict[int, float]


@dataclass(frozen=True)
class Weights:
    """How much each leg counts; they add up to one."""

    words: float
    bigrams: float
    dense: float

    def of(self, leg: str) -> float:
        """The weight of a leg by name."""
        return {"words": self.words, "bigrams": self.bigrams, "dense": self.dense}[leg]


@dataclass(frozen=True)
class Hit:
    """One passage that was found."""

    id: int
    score: float
    """1.0 is a passage that is the best of every leg."""
    doc_id: str
    section: str
    headings: str
    language: str
    start: int
    end: int
    text: str


def fuse(legs: Mapping[str, Scores], weights: Weights) -> list[tuple[int, float]]:
    """Passages and their fused scores, best first; equal scores are ordered by position in the corpus."""
    total: Scores = {}
    for leg, scores in legs.items():
        best = max(scores.values(), default=0.0)
        for id, score in scores.items():
            total[id] = total.get(id, 0.0) + weights.of(leg) * score / best
    return sorted((item for item in total.items() if item[1] > 0), key=lambda item: (-item[1], item[0]))


class Searcher:
    """One consistent view of an index, as some principals may see it: all that it reads is of one generation.

    It lives as long as its transaction (`danlu.retrieve.legs.live.LiveIndex.reading`, or `opened` for an artifact). `principals`
    None is the owner, who sees everything.
    """

    def __init__(
        self, connection: sqlite3.Connection, memory: Memory, encoder: Encoder, principals: frozenset[str] | None
    ) -> None:
        self._connection = connection
        self._encoder = encoder
        self._reader = sentence_reader(encoder)
        self.seen_by = None if principals is None else principals | {EVERYONE}
        """Who may see one of a document's files and is told it; None for the owner."""
        self._snapshot = memory.at(connection)
        self._allowed_I = None if principals is None else memory.allowed(connection, self._snapshot, principals)
        self._vectors = memory.vectors(connection, self._snapshot, principals)
        self._other_names: dict[str, list[str]] = {}
        self._read: dict[str, NDArray[np.float32]] = {}
        self.generation = self._snapshot.generation
        self.size = len(self._vectors)
        """Passages of the index, whoever may see them."""

    @property
    def degraded(self) -> str:
        """Why less was searched than the index holds; empty when all was."""
        return self._vectors.trouble

    @property
    def approximate(self) -> bool:
        """Whether the dense leg may miss some of the best passages, for speed."""
        return self._vectors.approximate

    @property
    def reads(self) -> bool:
        """Whether the encoder tells what single sentences mean (danlu.model.sentence_reader)."""
        return self._reader is not None

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Rows of a read-only query."""
        return self._connection.execute(query, parameters).fetchall()

    def fact(self, name: str) -> Any:
        """A fact that the builder wrote; None when it did not."""
        return read_fact(self._connection, name)

    def other_names(self, question: str) -> list[str]:
        """Other names that are searched for beside the words of a question, as documents that may be seen define them."""
        if question not in self._other_names:
            self._other_names[question] = other_names(self.rows, question, self._allowed_I)
        return self._other_names[question]

    def leg(self, name: str, question: str, depth: int = DEPTH) -> Scores:
        """The best `depth` passages of one leg, with that leg's own scores, all above zero."""
        if name == "dense":
            return self._dense(question, depth, ())
        cut = terms if name == "words" else bigrams
        query = [term for text in (question, *self.other_names(question)) for term in cut(text)]
        return lexical_scores(self.rows, name, query, depth, self._allowed_I)

    def legs(self, question: str) -> dict[str, Scores]:
        """The best passages of every leg. What a lexical leg found has its dense score however low it ranks.

        Otherwise fifty passages that are alike but for one identifier would push out the one that holds it.
        """
        lexical = {leg: self.leg(leg, question) for leg in LEGS if leg != "dense"}
        return lexical | {"dense": self._dense(question, DEPTH, {id for scores in lexical.values() for id in scores})}

    def search(self, question: str, weights: Weights, count: int = 10) -> list[Hit]:
        """The best passages, fused."""
        return self.hits(fuse(self.legs(question), weights)[:count])

    def visible(self) -> list[int]:
        """The ids of all passages that may be seen, ascending."""
        return [id for (id,) in self.rows("SELECT id FROM passages ORDER BY id") if self._may_be_seen(id)]

    def languages(self) -> dict[str, int]:
        """How many passages that may be seen are in each language."""
        found: dict[str, int] = {}
        for language, first, last in self.rows("SELECT language, first_passage, last_passage FROM documents"):
            if self._may_be_seen(first):
                found[language] = found.get(language, 0) + last - first + 1
        return found

    def passages(self, ids: Sequence[int]) -> list[Hit]:
        """Passages by id, in this order, without a score."""
        return self.hits([(id, 0.0) for id in ids])

    def holders(self, found: Collection[str]) -> dict[str, int]:
        """How many passages hold each of the terms; those that none holds are left out."""
        words, pairs = (count_holders(self.rows, leg, found) for leg in LEGS if leg != "dense")
        return words | {pair: max(count, words.get(pair, 0)) for pair, count in pairs.items()}

    def seen(self, found: Collection[str], leg: str = "words") -> dict[str, NDArray[np.int64]]:
        """Of each of the terms of a lexical leg: the ids of the passages that hold it and may be seen; without those that have none."""
        held = {term: ids_P for term, (ids_P, _) in read_postings(self.rows, leg, found).items()}
        if self._allowed_I is not None:
            within = {term: ids_P[ids_P < len(self._allowed_I)] for term, ids_P in held.items()}
            held = {term: ids_P[self._allowed_I[ids_P]] for term, ids_P in within.items()}
        return {term: ids_P for term, ids_P in held.items() if len(ids_P)}

    def idf(self, found: Sequence[str]) -> dict[str, float]:
        """BM25's inverse document frequency of terms; one that the corpus does not hold weighs most."""
        counts = self.holders(set(found))
        return {term: inverse_frequency(self.size, counts.get(term, 0)) for term in found}

    def general(self, found: Collection[str]) -> dict[str, float]:
        """The share of running words that each of the terms has in text at large; those too rare for a share are left out."""
        marks = ",".join("?" * len(found))
        return dict(self.rows(f"SELECT term, share FROM general WHERE term IN ({marks})", list(found)))

    def cosines(self, question: str, texts: Sequence[str]) -> list[float] | None:
        """How near single texts come to a question; None where the encoder knows no more than the corpus's words."""
        if self._reader is None:
            return None
        new = [text for text in dict.fromkeys(texts) if text not in self._read]
        if new:
            self._read.update(zip(new, self._reader.encode(new), strict=True))
        question_D = self._reader.encode_questions([question])[0]
        return [float(self._read[text] @ question_D) for text in texts]

    def lexical_rows(self, ids: Collection[int]) -> list[Any]:
        """Of some passages: id, words of the headings, words, bigrams of the headings, bigrams; space-separated."""
        marks = ",".join("?" * len(ids))
        return self.rows(f"SELECT * FROM lexical WHERE id IN ({marks}) ORDER BY id", list(ids))

    def _may_be_seen(self, id: int) -> bool:
        return self._allowed_I is None or (id < len(self._allowed_I) and bool(self._allowed_I[id]))

    def _dense(self, question: str, depth: int, also: Collection[int]) -> Scores:
        """How much nearer to the question each passage is than the average one.

        Some encoders give every text nearly one direction: all cosines of multilingual-e5 lie between .7 and .9, so that, divided
        by the best, the nearest passage counted hardly more than the farthest (benchmarks/retrieve_quality.py).
        """
        if not self.size:
            return {}
        question_D = self._encoder.encode_questions([question])[0]
        found = self._vectors.search(question_D, depth, stored_vectors(self.rows), self._allowed_I, also)
        average = float(question_D @ self._snapshot.sum_D) / self.size if self.size > 1 else 0.0
        return {id: cosine - average for id, cosine in found.items() if cosine > average}

    def hits(self, ranked: Sequence[tuple[int, float]]) -> list[Hit]:
        """Passages by id, in the order given; one that may not be seen is left out, whoever gave its id."""
        marks = ",".join("?" * len(ranked))
        sql = f'SELECT id, doc_id, section, headings, language, start, "end", text FROM passages WHERE id IN ({marks})'
        rows = {row[0]: row for row in self.rows(sql, [id for id, _ in ranked])}
        return [Hit(id, score, *rows[id][1:]) for id, score in ranked if self._may_be_seen(id)]
