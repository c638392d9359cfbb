"""Search an index: three legs, fused by weights that were measured on the corpus itself.

words and bigrams are BM25 (FTS5; k1 1.2, b 0.75) over our terms; dense is the exact cosine of the encoder's vectors.
Each leg is divided by its best score, so that a weight says how much a leg counts whatever its scale.
"""

import json
import math
import sqlite3
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.core.databases import using
from danlu.core.errors import Phrase
from danlu.model.encoder import Encoder
from danlu.text.segment import bigrams, terms

LEGS = ("words", "bigrams", "dense")
DEPTH = 50
"""Passages per leg that enter the fusion."""
_COLUMNS = {"words": ("heading_words", "words"), "bigrams": ("heading_bigrams", "bigrams")}
_BM25 = {"words": "bm25(lexical, 1.5, 1.0, 0.0, 0.0)", "bigrams": "bm25(lexical, 0.0, 0.0, 1.5, 1.0)"}
"""A word of a heading counts one and a half times: headings are short and chosen."""

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
    """An open index. Safe to use from several threads: SQLite reads go through one connection under a lock."""

    def __init__(self, database: Path, encoder: Encoder) -> None:
        self._lock = threading.Lock()
        self._encoder = encoder
        with using(database, Phrase("Delete the folder that it lies in, then `danlu run` again.")):
            uri = f"{database.resolve().as_uri()}?mode=ro&immutable=1"
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
            rows = self.rows("SELECT id, vector FROM vectors ORDER BY id")
        self._ids: NDArray[np.int64] = np.array([row[0] for row in rows], dtype=np.int64)
        stacked = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float16)
        self._vectors_ND = stacked.reshape(len(rows), -1).astype(np.float32)
        self.size = len(rows)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Rows of a read-only query."""
        with self._lock:
            return self._connection.execute(query, parameters).fetchall()

    def fact(self, name: str) -> Any:
        """A fact that the builder wrote; None when it did not."""
        rows = self.rows("SELECT value FROM facts WHERE name = ?", (name,))
        return json.loads(rows[0][0]) if rows else None

    def leg(self, name: str, question: str, depth: int = DEPTH) -> Scores:
        """The best `depth` passages of one leg, with that leg's own scores, all above zero."""
        if name == "dense":
            return self._dense(question, depth, ())
        query = terms(question) if name == "words" else bigrams(question)
        return self._lexical(name, sorted(set(query)), depth)

    def legs(self, question: str) -> dict[str, Scores]:
        """The best passages of every leg. What a lexical leg found has its dense score however low it ranks.

        Otherwise fifty passages that are alike but for one identifier would push out the one that holds it.
        """
        lexical = {leg: self.leg(leg, question) for leg in LEGS if leg != "dense"}
        return lexical | {"dense": self._dense(question, DEPTH, {id for scores in lexical.values() for id in scores})}

    def search(self, question: str, weights: Weights, count: int = 10) -> list[Hit]:
        """The best passages, fused."""
        return self.fused(self.legs(question), weights, count)

    def fused(self, legs: Mapping[str, Scores], weights: Weights, count: int) -> list[Hit]:
        """The best passages of some legs' scores."""
        return self._hits(fuse(legs, weights)[:count])

    def holders(self, found: Collection[str]) -> dict[str, int]:
        """How many passages hold each of the terms; those that none holds are left out."""
        marks = ",".join("?" * len(found))
        return dict(self.rows(f"SELECT term, passages FROM terms WHERE term IN ({marks})", list(found)))

    def idf(self, found: Sequence[str]) -> dict[str, float]:
        """BM25's inverse document frequency of terms; one that the corpus does not hold weighs most."""
        counts = self.holders(set(found))
        return {
            term: math.log(1 + (self.size - counts.get(term, 0) + 0.5) / (counts.get(term, 0) + 0.5)) for term in found
        }

    def general(self, found: Collection[str]) -> dict[str, float]:
        """The share of running words that each of the terms has in text at large; those too rare for a share are left out."""
        marks = ",".join("?" * len(found))
        return dict(self.rows(f"SELECT term, share FROM general WHERE term IN ({marks})", list(found)))

    def lexical_rows(self, ids: Collection[int]) -> list[Any]:
        """Of some passages: id, words of the headings, words, bigrams of the headings, bigrams; space-separated."""
        marks = ",".join("?" * len(ids))
        columns = "rowid, heading_words, words, heading_bigrams, bigrams"
        return self.rows(f"SELECT {columns} FROM lexical WHERE rowid IN ({marks})", list(ids))

    def _lexical(self, name: str, query: Sequence[str], depth: int) -> Scores:
        if not query:
            return {}
        wanted = " OR ".join('"' + term.replace('"', '""') + '"' for term in query)
        match = "{" + " ".join(_COLUMNS[name]) + "} : (" + wanted + ")"
        sql = f"SELECT rowid, -{_BM25[name]} AS score FROM lexical WHERE lexical MATCH ? ORDER BY score DESC, rowid LIMIT ?"
        return {row[0]: row[1] for row in self.rows(sql, (match, depth)) if row[1] > 0}

    def _dense(self, question: str, depth: int, also: Collection[int]) -> Scores:
        if not self.size:
            return {}
        scores = self._vectors_ND @ self._encoder.encode_questions([question])[0]
        best = np.argsort(-scores, kind="stable")[:depth]
        places = np.concatenate([best, np.searchsorted(self._ids, np.array(sorted(also), dtype=np.int64))])
        return {int(self._ids[at]): float(scores[at]) for at in places if scores[at] > 0}

    def _hits(self, ranked: Sequence[tuple[int, float]]) -> list[Hit]:
        marks = ",".join("?" * len(ranked))
        sql = f'SELECT id, doc_id, section, headings, language, start, "end", text FROM passages WHERE id IN ({marks})'
        rows = {row[0]: row for row in self.rows(sql, [id for id, _ in ranked])}
        return [Hit(id, score, *rows[id][1:]) for id, score in ranked]
