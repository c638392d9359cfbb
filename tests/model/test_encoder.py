import json
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pytest

from danlu.core.errors import UserError
from danlu.model.encoder import FACTS, LsaEncoder, load_encoder, open_packaged, save_lsa, save_packaged
from danlu.model.packaged import PACKAGE, PackagedModel, find_packaged

TERMS = {"disk": 0, "kernel": 1, "磁盘": 2}
ENCODER = LsaEncoder(TERMS, np.ones(3, dtype=np.float32), np.eye(3, 2, dtype=np.float32))


def test_vectors_have_length_one_and_an_unknown_text_has_none() -> None:
    vectors = ENCODER.encode(["disk kernel", "disk", "nothing known"])
    assert vectors.shape == (3, 2)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 0])


def test_a_saved_encoder_gives_the_same_vectors(tmp_path: Path) -> None:
    save_lsa(ENCODER, tmp_path)
    texts = ["disk", "kernel disk disk", "磁盘"]
    assert np.array_equal(load_encoder(tmp_path).encode(texts), ENCODER.encode(texts))


def test_saving_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        save_lsa(ENCODER, tmp_path / name)
    assert [path.read_bytes() for path in sorted((tmp_path / "a").iterdir())] == [
        path.read_bytes() for path in sorted((tmp_path / "b").iterdir())
    ]


def test_an_index_made_with_another_version_of_the_package_is_refused_with_the_command(tmp_path: Path) -> None:
    save_packaged(PackagedModel(PACKAGE, "0.0.1", tmp_path / "weights"), 384, tmp_path)
    assert json.loads((tmp_path / FACTS).read_text(encoding="utf-8"))["package"] == PACKAGE
    with pytest.raises(UserError) as refused:
        load_encoder(tmp_path)
    assert f"{PACKAGE}==0.0.1" in refused.value.hint


def test_the_packaged_model_finds_a_translation(tmp_path: Path) -> None:
    try:
        version = distribution(PACKAGE).version
    except PackageNotFoundError:
        assert find_packaged() is None
        pytest.skip(f"{PACKAGE} is not installed")
    encoder = open_packaged(version)
    passages = encoder.encode(["How to encrypt a disk.", "How to cook rice."])
    assert int((passages @ encoder.encode_questions(["如何加密磁盘？"])[0]).argmax()) == 0
