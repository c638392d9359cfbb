"""Encoders made of others: two whose vectors stand side by side, and one whose questions are moved to the documents' language.

Joined: a passage's vector is its vectors of all parts, one after the other; a question's has each part in the share that suits
its language. A cosine is then a weighted sum of the parts' cosines, so an index needs one vector and knows nothing of the parts.
Its price is what all parts cost: time for every passage and question, and room for the longer vector.

Moved: multilingual encoders put texts of one language near to each other, whatever they say (Libovický et al. 2020, 2004.05160).
A question in a language that the documents are not in is moved by the difference between what questions of the two languages are
on average. It finds more, and questions in the documents' language stay as they are (benchmarks/retrieve_quality.py).

Shapes: N texts, D dimensions of a part.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danlu.model.encoder import FACTS, Encoder, Vectors
from danlu.text.language import answer_language

MOVES = "moves.safetensors"
"""By language, what is added to its questions."""
JOINED = "joined"
"""The kind of an encoder made of parts, in `part-0` and so on."""


@dataclass(frozen=True)
class MovedEncoder:
    """An encoder whose questions in some languages (`zh`, `en`) are moved; passages are not."""

    encoder: Encoder
    moves: Mapping[str, Vectors]

    @property
    def dimensions(self) -> int:
        """D, the length of a vector."""
        return self.encoder.dimensions

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (N, D)."""
        return self.encoder.encode(texts)

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (N, D), of length 1 after the move too."""
        return moved(self.encoder.encode_questions(texts), texts, self.moves)


def moved(questions_ND: Vectors, texts: Sequence[str], moves: Mapping[str, Vectors]) -> Vectors:
    """The vectors of questions, those in a language of `moves` moved and made of length 1 again."""
    found_ND = questions_ND.copy()
    for row, text in enumerate(texts):
        move_D = moves.get(answer_language(text))
        if move_D is not None:
            found_ND[row] += move_D
    return _units(found_ND)


@dataclass(frozen=True)
class JoinedEncoder:
    """Encoders side by side; `shares` says by language (`zh`, `en`) how much each part counts in a question."""

    parts: tuple[Encoder, ...]
    shares: Mapping[str, tuple[float, ...]]

    @property
    def dimensions(self) -> int:
        """The parts' together."""
        return sum(part.dimensions for part in self.parts)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (N, dimensions)."""
        return beside([part.encode(texts) for part in self.parts])

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (N, dimensions), each in the shares of its language."""
        return shared([part.encode_questions(texts) for part in self.parts], texts, self.shares)


def beside(parts: Sequence[Vectors]) -> Vectors:
    """Vectors of passages, those of the parts one after the other."""
    return _units(np.hstack(parts))


def shared(parts: Sequence[Vectors], texts: Sequence[str], shares: Mapping[str, Sequence[float]]) -> Vectors:
    """Vectors of questions, each part in the share of the question's language."""
    shares_NP = np.array([shares[answer_language(text)] for text in texts], dtype=np.float32).reshape(-1, len(parts))
    return _units(np.hstack([vectors * shares_NP[:, [at]] for at, vectors in enumerate(parts)]))


def _units(vectors_ND: Vectors) -> Vectors:
    norms_N1 = np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    unit: Vectors = np.divide(vectors_ND, norms_N1, out=np.zeros_like(vectors_ND), where=norms_N1 > 0)
    return unit


def save_moves(moves: Mapping[str, Vectors], folder: Path) -> None:
    """Write the moves into the folder of the encoder whose questions they move."""
    from safetensors.numpy import save_file

    save_file(dict(sorted(moves.items())), str(folder / MOVES))
    (folder / MOVES).chmod(0o644)


def save_joined(shares: Mapping[str, Sequence[float]], folder: Path) -> None:
    """Write the shares beside the folders of the parts, which are written by themselves (`part_folder`)."""
    facts = {"kind": JOINED, "shares": {language: list(found) for language, found in sorted(shares.items())}}
    (folder / FACTS).write_text(json.dumps(facts), encoding="utf-8")


def part_folder(folder: Path, number: int) -> Path:
    """Where a part of a joined encoder lies."""
    return folder / f"part-{number}"
