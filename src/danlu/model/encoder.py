"""Text encoders: text in, unit vectors out. A query needs numpy only.

The encoder that every project can train is latent semantic analysis (Deerwester et al. 1990): log-entropy's simpler kin
log(1 + tf) · idf over our own terms and Han bigrams, projected on the leading right singular vectors.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from danlu.text.segment import bigrams, terms

Vectors = NDArray[np.float32]

FACTS = "encoder.json"
PROJECTION = "projection.safetensors"


class Encoder(Protocol):
    """Any model that gives texts vectors of length 1 (or 0 for a text that it knows no word of)."""

    @property
    def dimensions(self) -> int:
        """The length of a vector."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dimensions)."""


@dataclass(frozen=True)
class LsaEncoder:
    """A trained projection: `idf_V` and `projection_VD` for the V terms of the vocabulary."""

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

    def weigh(self, text: str) -> tuple[NDArray[np.int64], Vectors]:
        """The known terms of a text and their weights: a row of the matrix that was decomposed."""
        counts = Counter(self.vocabulary[term] for term in features(text) if term in self.vocabulary)
        columns = np.array(sorted(counts), dtype=np.int64)
        tf = np.log1p(np.array([counts[column] for column in columns.tolist()], dtype=np.float32))
        return columns, (tf * self.idf_V[columns]).astype(np.float32)


def features(text: str) -> list[str]:
    """What a text is made of, for the encoder."""
    return terms(text) + bigrams(text)


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

    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    arrays = load_file(str(folder / PROJECTION))
    vocabulary = {term: number for number, term in enumerate(facts["vocabulary"])}
    return LsaEncoder(vocabulary, arrays["idf_V"], arrays["projection_VD"])
