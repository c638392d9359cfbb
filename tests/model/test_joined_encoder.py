from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from danlu.model.encoder import LsaEncoder, Vectors, is_static, load_encoder, note_across, reads_across, save_lsa
from danlu.model.joined_encoder import (
    JoinedEncoder,
    MovedEncoder,
    part_folder,
    save_joined,
    save_moves,
)


def encoder(*terms: str) -> LsaEncoder:
    ones = np.ones(len(terms), dtype=np.float32)
    return LsaEncoder({term: at for at, term in enumerate(terms)}, ones, np.eye(len(terms), dtype=np.float32))


FIRST, SECOND = encoder("disk", "kernel"), encoder("disk", "磁盘", "mail")
SHARES = {"en": (0.5, 0.5), "zh": (0.0, 1.0)}


@dataclass(frozen=True)
class Still:
    """Gives every text one vector."""

    dimensions: int = 2

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.tile(np.array([1, 0], dtype=np.float32), (len(texts), 1))

    encode_questions = encode


def test_a_joined_cosine_is_the_shared_sum_of_the_parts() -> None:
    joined = JoinedEncoder((FIRST, SECOND), SHARES)
    passages = joined.encode(["disk mail", "kernel disk"])
    assert passages.shape == (2, joined.dimensions) == (2, 5)
    assert np.linalg.norm(passages, axis=1) == pytest.approx([1, 1])
    cosines = joined.encode_questions(["disk"]) @ passages.T
    expected = sum(part.encode_questions(["disk"]) @ part.encode(["disk mail", "kernel disk"]).T for part in (FIRST, SECOND)) / 2  # fmt: skip
    assert cosines == pytest.approx(expected, abs=1e-6)


def test_a_question_goes_by_the_parts_that_its_language_has() -> None:
    vector = JoinedEncoder((FIRST, SECOND), SHARES).encode_questions(["磁盘"])[0]
    assert not vector[:2].any() and np.linalg.norm(vector) == pytest.approx(1)
    assert not JoinedEncoder((FIRST, SECOND), SHARES).encode_questions(["nothing known"]).any()


def test_only_questions_in_a_language_of_the_moves_are_moved() -> None:
    moved = MovedEncoder(Still(), {"zh": np.array([0, 1], dtype=np.float32)})
    questions = moved.encode_questions(["How do I encrypt a disk?", "怎样加密磁盘？"])
    assert questions[0].tolist() == [1, 0] and questions[1] == pytest.approx([0.5**0.5] * 2)
    assert moved.encode(["怎样加密磁盘？"]).tolist() == [[1, 0]]


def test_a_saved_joined_encoder_gives_the_same_vectors_and_keeps_what_is_known_of_it(tmp_path: Path) -> None:
    move = {"zh": np.array([0, 1, 0], dtype=np.float32)}
    save_joined(SHARES, tmp_path)
    for number, part in enumerate((FIRST, SECOND)):
        part_folder(tmp_path, number).mkdir()
        save_lsa(part, part_folder(tmp_path, number))
    save_moves(move, part_folder(tmp_path, 1))
    note_across(tmp_path, 0.9)
    joined, texts = JoinedEncoder((FIRST, MovedEncoder(SECOND, move)), SHARES), ["disk kernel", "磁盘 mail"]
    loaded = load_encoder(tmp_path)
    assert np.array_equal(loaded.encode(texts), joined.encode(texts))
    assert np.array_equal(loaded.encode_questions(texts), joined.encode_questions(texts))
    assert reads_across(tmp_path) and not reads_across(part_folder(tmp_path, 0))
    assert is_static(part_folder(tmp_path, 0)) and not is_static(tmp_path)
