"""Contrastive learning of a static encoder: one vector per term, started from latent semantic analysis.

A text is the weighted sum of its terms' vectors, of length 1, as before; InfoNCE (van den Oord et al. 2018, 1807.03748) moves
the vectors, so that a sentence lies nearer to its own passage than to others. Row-wise Adagrad (Duchi et al. 2011): only rows
of terms that a step holds move. All in numpy, 64 bits and one order of sums: seconds on one core, equal in every process.

Shapes: Q sentences and P passages of a step, V terms of the vocabulary, U terms of the step, D dimensions.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.core.progress import Progress
from danlu.model.encoder import LsaEncoder
from danlu.train.retriever.cloze import cloze_pairs, mined
from danlu.train.retriever.config import RetrieverConfig
from danlu.train.retriever.lsa import DECIMALS, term_rows

_FEWEST_TERMS, _MOST_TERMS = 2, 8
"""Terms that are kept of a sentence: questions are shorter than sentences."""
_TINY = 1e-12

Doubles = NDArray[np.float64]


def learn_contrastive(
    start: LsaEncoder, texts: Sequence[str], sections: Sequence[str], config: RetrieverConfig, seed: int, progress: Progress
) -> LsaEncoder:  # fmt: skip
    """The encoder after it has learnt from passages, with the ids of their sections.

    It is `start` itself where no passage has two sentences, or nothing could tell passages apart.
    """
    rng = np.random.default_rng(seed)
    looked_at = np.unique(np.linspace(0, len(texts) - 1, min(len(texts), config.most_passages)).astype(np.int64))
    texts = [texts[at] for at in looked_at.tolist()]
    section_N = np.unique([sections[at] for at in looked_at.tolist()], return_inverse=True)[1]
    most = config.most_steps * config.step_queries
    pairs = cloze_pairs(texts, most, rng)
    if not pairs.sentences or not start.vocabulary or len(np.unique(section_N)) < 2:
        return start
    negatives = mined(pairs, texts, section_N, config.hard_negatives)
    sentences, rests, whole = (term_rows(start, found) for found in (pairs.sentences, pairs.rests, texts))
    learner = _Learner(start.projection_VD, config)
    plan = np.concatenate([rng.permutation(len(pairs.sentences)) for _ in range(config.contrastive_epochs)])[:most]
    steps = -(-len(plan) // config.step_queries)
    for step in range(steps):
        numbers = plan[step * config.step_queries : (step + 1) * config.step_queries]
        own = pairs.passages[numbers]
        others = rng.choice(len(texts), size=min(config.step_others, len(texts)), replace=False)
        others = np.concatenate([[at for number in numbers for at in negatives[number]], others]).astype(np.int64)
        stays = rng.random(len(own)) < config.kept_share
        answers = _stacked([rests[numbers], whole[own]], np.where(stays, len(own), 0) + np.arange(len(own)))
        ruled_out_QP = section_N[own][:, None] == section_N[np.concatenate([own, others])][None]
        learner.step(_shortened(sentences[numbers], rng), _stacked([answers, whole[others]]), ruled_out_QP)
        progress.advance(step + 1, steps, "contrastive")
    rounded = np.round(learner.projection_VD, DECIMALS).astype(np.float32)
    return replace(start, projection_VD=np.ascontiguousarray(rounded))


def _stacked(matrices: Sequence[Any], rows: NDArray[np.int64] | None = None) -> Any:
    from scipy.sparse import vstack

    stacked = vstack(matrices, format="csr")
    return stacked if rows is None else stacked[rows]


def _shortened(sentences: Any, rng: np.random.Generator) -> Any:
    """Each row with two to eight of its terms, drawn by their weights (Efraimidis & Spirakis 2006)."""
    kept = rng.integers(_FEWEST_TERMS, _MOST_TERMS + 1, size=sentences.shape[0])
    lots = rng.random(len(sentences.data)) ** (1 / np.maximum(sentences.data, _TINY))
    for row, (start, end) in enumerate(zip(sentences.indptr[:-1], sentences.indptr[1:], strict=True)):
        if end - start > kept[row]:
            out = np.argsort(lots[start:end], kind="stable")[: end - start - kept[row]]
            sentences.data[start + out] = 0.0
    sentences.eliminate_zeros()
    return sentences


class _Learner:
    """The projection while it is learnt, with Adagrad's sums by row."""

    def __init__(self, start_VD: NDArray[np.float32], config: RetrieverConfig) -> None:
        self._start_VD = start_VD.astype(np.float64)
        self.projection_VD = self._start_VD.copy()
        self._squares_V = np.zeros(len(start_VD))
        self._rate = config.learning_rate * float(np.sqrt((self._start_VD**2).mean()))
        self._config = config

    def step(self, queries: Any, passages: Any, ruled_out_QP: NDArray[np.bool_]) -> None:
        """Move the rows of one step's terms. The answer of query q is passage q; `ruled_out_QP` holds for it as well, and is ignored there."""
        terms_U, places = np.unique(np.concatenate([queries.indices, passages.indices]), return_inverse=True)
        queries = _with_columns(queries, places[: queries.nnz], len(terms_U))
        passages = _with_columns(passages, places[queries.nnz :], len(terms_U))
        rows_UD = self.projection_VD[terms_U]
        gradient_UD = _gradient(queries, passages, rows_UD, ruled_out_QP, self._config.temperature)
        self._squares_V[terms_U] += (gradient_UD**2).mean(axis=1)
        rate_U = self._rate / np.sqrt(self._squares_V[terms_U] + _TINY)
        pulled_UD = self._config.pull * (rows_UD - self._start_VD[terms_U])
        self.projection_VD[terms_U] = rows_UD - rate_U[:, None] * gradient_UD - pulled_UD


def _with_columns(matrix: Any, columns: NDArray[np.int64], count: int) -> Any:
    from scipy.sparse import csr_matrix

    return csr_matrix((matrix.data, columns, matrix.indptr), shape=(matrix.shape[0], count))


def _gradient(
    queries: Any, passages: Any, rows_UD: Doubles, ruled_out_QP: NDArray[np.bool_], temperature: float
) -> Doubles:
    """Of the mean of -ln softmax(cosine / temperature) at the answers, with respect to the terms' vectors."""
    query_QD, query_norms_Q1 = _units(queries @ rows_UD)
    passage_PD, passage_norms_P1 = _units(passages @ rows_UD)
    at = np.arange(len(query_QD))
    logits_QP = query_QD @ passage_PD.T / temperature
    answers_Q = logits_QP[at, at]
    logits_QP[ruled_out_QP] = -np.inf
    logits_QP[at, at] = answers_Q
    logits_QP -= logits_QP.max(axis=1, keepdims=True)
    slope_QP = np.exp(logits_QP)
    slope_QP /= slope_QP.sum(axis=1, keepdims=True)
    slope_QP[at, at] -= 1
    slope_QP /= temperature * len(at)
    from_queries_QD = _through_units(slope_QP @ passage_PD, query_QD, query_norms_Q1)
    from_passages_PD = _through_units(slope_QP.T @ query_QD, passage_PD, passage_norms_P1)
    gradient: Doubles = queries.T @ from_queries_QD + passages.T @ from_passages_PD
    return gradient


def _units(sums: Doubles) -> tuple[Doubles, Doubles]:
    norms = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), _TINY)
    return sums / norms, norms


def _through_units(slope: Doubles, unit: Doubles, norms: Doubles) -> Doubles:
    """The slope with respect to a vector before it was given length 1; none where it was nothing."""
    through: Doubles = (slope - unit * (slope * unit).sum(axis=1, keepdims=True)) / norms
    return np.where(norms > 2 * _TINY, through, 0.0)
