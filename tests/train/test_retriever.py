import json
from pathlib import Path

import numpy as np
import pytest

from danlu.core.artifacts import Chats
from danlu.core.stages import Facts
from danlu.model.encoder import LsaEncoder
from danlu.text.records import Block, Document
from danlu.train.retriever import RetrieverConfig, compare_encoders, fit_lsa
from stages import ran

TEXTS = [
    "the disk is encrypted with a key",
    "a key opens the encrypted disk",
    "the kernel loads a module at boot",
    "boot loads the kernel and its module",
    "a printer prints on paper",
    "paper goes into the printer",
]
NOTHING = LsaEncoder({}, np.zeros(0, dtype=np.float32), np.zeros((0, 2), dtype=np.float32))


def test_texts_that_share_words_are_nearer_than_texts_that_do_not() -> None:
    vectors = fit_lsa(TEXTS, RetrieverConfig(dimensions=3), 0).encode(TEXTS)
    similarity = vectors @ vectors.T
    assert similarity[0, 1] > similarity[0, 2] and similarity[2, 3] > similarity[2, 4]


def test_fitting_twice_gives_the_same_numbers() -> None:
    first, second = (fit_lsa(TEXTS, RetrieverConfig(dimensions=3), 0) for _ in range(2))
    assert first.vocabulary == second.vocabulary
    assert np.array_equal(first.projection_VD, second.projection_VD)


@pytest.mark.parametrize("texts", [[], ["one text only"], ["a", "b"]])
def test_too_few_texts_give_an_encoder_that_knows_nothing(texts: list[str]) -> None:
    encoder = fit_lsa(texts, RetrieverConfig(), 0)
    assert not encoder.encode(["one text"]).any()


def test_an_encoder_that_finds_earlier_gains_on_calibration_questions_only(tmp_path: Path) -> None:
    document = _document()
    sections = {block.start: f"d:{block.start}" for block in document.blocks if block.kind == "heading"}
    rows = [
        {"question": "encrypted key", "language": "en", "split": "train", "sections": [sections[0]]},
        {"question": "printer paper", "language": "en", "split": "held_out", "sections": [list(sections.values())[2]]},
        {"question": "printer paper", "language": "en", "split": "train", "sections": [list(sections.values())[2]]},
    ]
    chats = ran(Chats, lambda folder: _write(folder / "questions.jsonl", rows))
    own = fit_lsa(TEXTS, RetrieverConfig(dimensions=3), 0)
    gain = compare_encoders([document], chats, NOTHING, own)
    assert gain.shape == (2,)
    assert gain[1] > 0 and (compare_encoders([document], chats, own, NOTHING) == -gain).all()


def _document() -> Document:
    text, blocks = "", []
    for heading, body in zip(("Encryption", "Boot", "Printing"), TEXTS[::2], strict=True):
        for kind, level, piece in (("heading", 1, heading), ("text", 0, body)):
            blocks.append(Block(len(text), len(text) + len(piece), kind, level=level))
            text += piece + "\n\n"
    return Document("d", text, "Title", "d.md", "text/markdown", "MIT", "en", tuple(blocks))


def _write(path: Path, rows: list[dict[str, object]]) -> Facts:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return Facts()
