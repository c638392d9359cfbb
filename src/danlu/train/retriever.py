"""Train the project's own dense leg: latent semantic analysis on the passages of its documents.

Headings are left out of the training text: they are the questions on which the leg is measured. Where a package with an
embedding model is installed it takes the place of ours, if it finds more on the calibration questions beyond noise.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from danlu.core.artifacts import Chats, Checkpoint, Corpus
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.core.threads import one_blas_thread
from danlu.model.encoder import Encoder, LsaEncoder, Vectors, features, open_packaged, save_lsa, save_packaged
from danlu.model.packaged import PackagedModel
from danlu.text.records import Document, licences_of, read_documents
from danlu.text.sections import RULES, passages
from danlu.text.statistics import paired_interval
from danlu.text.tables import stream_rows

_LONGEST_SECTION = 20_000
"""Characters of a section that is trained on whole: an endless one took a gigabyte for its words."""
_NOISE = 1e-6
"""A direction this much weaker than the strongest is rounding noise: copies of a passage add rows and no rank."""
_DECIMALS = 5
"""Of the projection: the last bits of a decomposition differ from process to process, and are worth nothing."""


class RetrieverConfig(Config):
    """The size of the encoder."""

    dimensions: int = Field(128, ge=2, le=1024)
    """Length of a vector; less when the corpus has fewer passages."""
    min_passages_per_term: int = Field(2, ge=1)
    """Passages: a term in fewer relates nothing to nothing."""
    max_terms: int = Field(60_000, ge=100)
    """Terms, the most frequent first: bounds the projection at 60,000 × 128 × 4 bytes = 30 MB."""


def _train(
    work: Work, config: RetrieverConfig, *, documents: Corpus, chats: Chats, packaged: PackagedModel | None = None
) -> Facts:
    corpus = list(read_documents(documents.documents))
    texts = [text for document in corpus for text in _texts(document)]
    with one_blas_thread():
        encoder = fit_lsa(texts, config, work.seed)
    licences = licences_of(stream_rows(documents.documents, ["licence"]))
    counts = {"texts": len(texts), "terms": len(encoder.vocabulary), "dimensions": encoder.dimensions}
    if packaged is not None:
        other = open_packaged(packaged.version)
        with one_blas_thread():
            gain = compare_encoders(corpus, chats, encoder, other)
        low, mean, _ = paired_interval(gain, work.seed) if len(gain) else (0.0, 0.0, 0.0)
        verdict = "used" if low > 0 else "not used"
        found = f"{mean:+.3f} on {len(gain)} calibration questions, at least {low:+.3f}"
        note = f"{packaged.package} finds {found}: {verdict}"
        if low > 0:
            save_packaged(packaged, other.dimensions, work.folder)
            return Facts({"texts": len(texts), "dimensions": other.dimensions}, licences, note)
        save_lsa(encoder, work.folder)
        return Facts(counts, licences, note)
    save_lsa(encoder, work.folder)
    return Facts(counts, licences)


def compare_encoders(corpus: Sequence[Document], chats: Chats, own: Encoder, other: Encoder) -> NDArray[np.float64]:
    """How much earlier another encoder finds the right section, in reciprocal rank, per calibration question.

    Headings are in no text that is searched, and held-out questions are not asked.
    """
    found = [
        (passage.section.id, document.text[passage.start : passage.end])
        for document in corpus
        for passage in passages(document)
    ]
    rows = [json.loads(line) for line in chats.questions.read_text(encoding="utf-8").splitlines()]
    asked = [row for row in rows if row["split"] == "train"]
    if not asked:
        return np.zeros(0)
    ranks = [_reciprocal_ranks(encoder, found, asked) for encoder in (own, other)]
    return ranks[1] - ranks[0]


def _reciprocal_ranks(
    encoder: Encoder, found: Sequence[tuple[str, str]], asked: Sequence[dict[str, Any]]
) -> NDArray[np.float64]:
    passages_ND = encoder.encode([text for _, text in found])
    scores_QN = encoder.encode_questions([row["question"] for row in asked]) @ passages_ND.T
    ranks = []
    for row, scores_N in zip(asked, scores_QN, strict=True):
        order = np.argsort(-scores_N, kind="stable")
        sections = list(dict.fromkeys(found[at][0] for at in order))
        ranks.append(1 / (1 + min(sections.index(section) for section in row["sections"])))
    return np.array(ranks)


def _texts(document: Document) -> Iterator[str]:
    """Passages, and whole sections where they have several: words relate over both distances, and hardly over a book's."""
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


def _leading_directions(encoder: LsaEncoder, texts: Sequence[str], dimensions: int, seed: int) -> Vectors:
    """The right singular vectors of the passage-term matrix, signs fixed, shape (V, D); fewer than asked where the rank is less."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import svds

    rows = [encoder.weigh(text) for text in texts]
    starts = np.cumsum([0] + [len(columns) for columns, _ in rows])
    columns = np.concatenate([columns for columns, _ in rows])
    values = np.concatenate([weights / max(float(np.linalg.norm(weights)), 1e-9) for _, weights in rows])
    matrix = csr_matrix((values.astype(np.float64), columns, starts), shape=(len(texts), len(encoder.vocabulary)))
    start = np.random.default_rng(seed).standard_normal(min(matrix.shape))
    _, strengths, right_DV = svds(matrix, k=dimensions, v0=start)
    right_DV = np.round(right_DV[strengths > _NOISE * strengths.max()][::-1], _DECIMALS)
    strongest = right_DV[np.arange(len(right_DV)), np.abs(right_DV).argmax(axis=1)]
    directions: Vectors = np.ascontiguousarray((right_DV * np.sign(strongest)[:, None]).T, dtype=np.float32)
    return directions


train_retriever = Stage(
    "train_retriever",
    version=1,
    makes=Checkpoint,
    body=_train,
    config=RetrieverConfig,
    numeric=True,
    libraries=("numpy", "scipy", "safetensors", "rjieba", "PyStemmer"),
    rules=RULES,
)
