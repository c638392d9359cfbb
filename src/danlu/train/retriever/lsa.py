"""Latent semantic analysis (Deerwester et al. 1990) on the passages of a corpus: the encoder that every project can have."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from danlu.model.encoder import LsaEncoder, Vectors, features
from danlu.text.records import Document
from danlu.text.sections import passages
from danlu.train.retriever.config import RetrieverConfig

_LONGEST_SECTION = 20_000
"""Characters of a section that is trained on whole: an endless one took a gigabyte for its words."""
_NOISE = 1e-6
"""A direction this much weaker than the strongest is rounding noise: copies of a passage add rows and no rank."""
DECIMALS = 5
"""Of the projection: the last bits of a decomposition differ from process to process, and are worth nothing."""


def training_texts(document: Document) -> Iterator[str]:
    """Passages, and whole sections where they have several: words relate over both distances, and hardly over a book's.

    Headings are left out: they are the questions on which a retriever is measured.
    """
    for _, group in groupby(passages(document), key=lambda passage: passage.section.id):
        found = list(group)
        yield from (document.text[passage.start : passage.end] for passage in found)
        if len(found) > 1 and found[-1].end - found[0].start <= _LONGEST_SECTION:
            yield document.text[found[0].start : found[-1].end]


def fit_lsa(texts: Sequence[str], config: RetrieverConfig, seed: int) -> LsaEncoder:
    """Fit the encoder on texts; with fewer than three terms or texts it knows no term and gives zero vectors."""
    counts = Counter(term for text in texts for term in set(features(text)))
    common = sorted(
        (term for term, count in counts.items() if count >= config.min_passages_per_term), key=lambda t: (-counts[t], t)
    )
    vocabulary = {term: number for number, term in enumerate(sorted(common[: config.max_terms]))}
    idf_V = np.array([np.log((1 + len(texts)) / (1 + counts[term])) + 1 for term in vocabulary], dtype=np.float32)
    unprojected = LsaEncoder(vocabulary, idf_V, np.zeros((len(vocabulary), 1), dtype=np.float32))
    dimensions = min(config.dimensions, len(texts) - 1, len(vocabulary) - 1)
    if dimensions < 2:
        return LsaEncoder({}, np.zeros(0, dtype=np.float32), np.zeros((0, 2), dtype=np.float32))
    return LsaEncoder(vocabulary, idf_V, _leading_directions(unprojected, texts, dimensions, seed))


def term_rows(encoder: LsaEncoder, texts: Sequence[str]) -> Any:
    """The weighted terms of texts as a sparse matrix, float64, shape (len(texts), V)."""
    from scipy.sparse import csr_matrix

    rows = [encoder.weigh(text) for text in texts]
    starts = np.cumsum([0] + [len(columns) for columns, _ in rows])
    columns = np.concatenate([np.zeros(0, dtype=np.int64), *(columns for columns, _ in rows)])
    values = np.concatenate([np.zeros(0), *(weights for _, weights in rows)])
    return csr_matrix((values, columns, starts), shape=(len(texts), len(encoder.vocabulary)))


def _leading_directions(encoder: LsaEncoder, texts: Sequence[str], dimensions: int, seed: int) -> Vectors:
    """The right singular vectors of the passage-term matrix, signs fixed, shape (V, D); fewer than asked where the rank is less."""
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import norm, svds

    rows = term_rows(encoder, texts)
    matrix = diags_array(1 / np.maximum(norm(rows, axis=1), 1e-9)) @ rows
    start = np.random.default_rng(seed).standard_normal(min(matrix.shape))
    _, strengths, right_DV = svds(matrix, k=dimensions, v0=start)
    right_DV = np.round(right_DV[strengths > _NOISE * strengths.max()][::-1], DECIMALS)
    strongest = right_DV[np.arange(len(right_DV)), np.abs(right_DV).argmax(axis=1)]
    directions: Vectors = np.ascontiguousarray((right_DV * np.sign(strongest)[:, None]).T, dtype=np.float32)
    return directions
