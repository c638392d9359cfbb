"""Topics of a sample of documents: tf-idf, latent semantic analysis (Deerwester et al. 1990), k-means; each named by its terms.

The sample bounds the memory: 3,000 documents with 400 terms of each, 40 MB, whatever the size of the corpus.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSION = 1
_DIMENSIONS = 50
_MOST_TOPICS = 12
_TERMS_SHOWN = 6
_MOST_TERMS = 30_000


@dataclass(frozen=True)
class Topic:
    """A cluster of documents: how many of the sample, and the terms that set it apart."""

    documents: int
    terms: tuple[str, ...]


def topics_of(documents: Sequence[Sequence[str]], seed: int) -> list[Topic]:
    """The topics of some documents, given as terms, the largest first; none with fewer than eight documents."""
    counts = [Counter(terms) for terms in documents]
    seen = Counter(term for count in counts for term in count)
    kept = [term for term, n in seen.most_common(_MOST_TERMS) if 2 <= n <= 0.5 * len(documents) and len(term) > 1]
    if len(documents) < 8 or len(kept) < 8:
        return []
    names = sorted(kept)
    weights_DV = _tf_idf(counts, names, seen)
    topics = min(_MOST_TOPICS, max(2, round(math.sqrt(len(documents) / 2))))
    clusters_D = _clusters(weights_DV, topics, seed)
    return _named(weights_DV, clusters_D, names)


def _tf_idf(counts: Sequence[Counter[str]], names: Sequence[str], seen: Counter[str]) -> Any:
    from scipy.sparse import csr_matrix

    column = {name: at for at, name in enumerate(names)}
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for row, count in enumerate(counts):
        own = {
            column[term]: (1 + math.log(n)) * math.log(len(counts) / seen[term])
            for term, n in count.items()
            if term in column
        }
        norm = math.sqrt(sum(value * value for value in own.values())) or 1.0
        rows += [row] * len(own)
        columns += own
        values += [value / norm for value in own.values()]
    return csr_matrix((values, (rows, columns)), shape=(len(counts), len(names)), dtype=np.float64)


def _clusters(weights_DV: Any, topics: int, seed: int) -> NDArray[np.int64]:
    from scipy.cluster.vq import kmeans2

    places_DK = _places(weights_DV, np.random.default_rng(seed))
    topics = min(topics, len(np.unique(places_DK, axis=0)))
    _, found = kmeans2(places_DK, topics, iter=30, minit="++", rng=np.random.default_rng(seed), missing="warn")
    clusters: NDArray[np.int64] = found.astype(np.int64)
    return clusters


def _places(weights_DV: Any, random: np.random.Generator) -> NDArray[np.float64]:
    """Documents in the space of the strongest directions, by randomised projection (Halko et al. 2011, arXiv:0909.4061).

    Directions without weight are left out and the rest is rounded, so that the last bits decide nothing: ARPACK's do.
    """
    rank = min(_DIMENSIONS, min(weights_DV.shape) - 1)
    basis_DK = weights_DV @ random.standard_normal((weights_DV.shape[1], rank))
    for _ in range(4):
        basis_DK = weights_DV @ (weights_DV.T @ np.linalg.qr(basis_DK)[0])
    basis_DK = np.linalg.qr(basis_DK)[0]
    left_KK, scale_K, _ = np.linalg.svd((weights_DV.T @ basis_DK).T, full_matrices=False)
    kept = scale_K > 1e-6 * scale_K[0]
    places_DK = (basis_DK @ left_KK)[:, kept] * scale_K[kept]
    norms_D1 = np.maximum(np.linalg.norm(places_DK, axis=1, keepdims=True), 1e-12)
    return np.asarray(np.round(places_DK / norms_D1, 6), dtype=np.float64)


def _named(weights_DV: Any, clusters_D: NDArray[np.int64], names: Sequence[str]) -> list[Topic]:
    """Terms with the largest mean weight in the cluster over the mean of all."""
    everywhere = np.asarray(weights_DV.mean(axis=0)).ravel()
    found = []
    for cluster in np.unique(clusters_D):
        inside = clusters_D == cluster
        lift = np.asarray(weights_DV[inside].mean(axis=0)).ravel() - everywhere
        best = np.lexsort((np.arange(len(lift)), -lift))[:_TERMS_SHOWN]
        found.append(Topic(int(inside.sum()), tuple(names[at] for at in best if lift[at] > 0)))
    return sorted(found, key=lambda topic: (-topic.documents, topic.terms))
