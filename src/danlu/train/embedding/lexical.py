"""Lexical search over passages by BM25 (Robertson & Zaragoza 2009), in memory: where hard negatives come from.

A hard negative is a passage that shares the query's words and does not answer it (DPR, Karpukhin et al. 2020, 2004.04906).
Passages nearly equal to an answer are none: a learner that is told they are wrong unlearns what is right.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.text.bm25 import K1, B, inverse_frequency
from danlu.text.segment import bigrams, fold, terms

_SHINGLE = 5
NEAR_COPY = 0.5
"""Jaccard of 5-character shingles from which two passages say the same: as `make_questions` groups sections."""
_CHUNK = 256


@dataclass(frozen=True)
class Lexical:
    """Weights of `V` terms in `N` passages, as a sparse matrix."""

    vocabulary: dict[str, int]
    weights_VN: Any

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Lexical":
        """Index texts. Raises nothing for texts without a word: nothing finds them."""
        from scipy.sparse import csr_matrix

        counts = [Counter(_features(text)) for text in texts]
        vocabulary = {term: at for at, term in enumerate(sorted({term for found in counts for term in found}))}
        frequency_V = np.zeros(len(vocabulary))
        for found in counts:
            frequency_V[[vocabulary[term] for term in found]] += 1
        idf_V = np.array([inverse_frequency(len(texts), int(count)) for count in frequency_V])
        mean = max(sum(map(Counter.total, counts)) / max(len(texts), 1), 1e-9)
        rows, columns, values = [], [], []
        for at, found in enumerate(counts):
            damping = K1 * (1 - B + B * found.total() / mean)
            for term, times in found.items():
                row = vocabulary[term]
                rows.append(row)
                columns.append(at)
                values.append(idf_V[row] * times * (K1 + 1) / (times + damping))
        return cls(vocabulary, csr_matrix((values, (rows, columns)), shape=(len(vocabulary), len(texts))))

    def best(self, queries: Sequence[str], count: int) -> list[list[int]]:
        """For each query up to `count` passages that share a term with it, the best first, ties in the order of the passages."""
        found: list[list[int]] = []
        for start in range(0, len(queries), _CHUNK):
            for scores_N in self.scores(queries[start : start + _CHUNK]):
                order = np.argsort(-scores_N, kind="stable")[:count]
                found.append([int(at) for at in order if scores_N[at] > 0])
        return found

    def scores(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """The scores of every passage, shape (len(queries), N): for few queries at a time."""
        scores_QN: NDArray[np.float64] = (self._asked(queries) @ self.weights_VN).toarray()
        return scores_QN

    def _asked(self, queries: Sequence[str]) -> Any:
        from scipy.sparse import csr_matrix

        known = [sorted({self.vocabulary[t] for t in _features(query) if t in self.vocabulary}) for query in queries]
        starts = np.cumsum([0, *map(len, known)])
        columns = np.array([column for row in known for column in row], dtype=np.int64)
        return csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(queries), len(self.vocabulary)))


def _features(text: str) -> list[str]:
    return terms(text) + bigrams(text)


def shingles_of(text: str) -> frozenset[str]:
    """The runs of five characters of a text, white space and case folded away."""
    folded = "".join(fold(text).split())
    return frozenset(folded[at : at + _SHINGLE] for at in range(max(len(folded) - _SHINGLE + 1, 1)))


def nearly_equal(a: Collection[str], b: Collection[str]) -> bool:
    """Whether two sets of shingles share half of what they hold together."""
    shared = len(frozenset(a) & frozenset(b))
    return shared >= NEAR_COPY * (len(a) + len(b) - shared)
