"""Plumbing only: a random model of the class decides nothing."""

import json
from pathlib import Path

import pytest

from danlu.core.errors import UserError
from danlu.retrieve.claims.entailment import CrossEncoder
from tiny_entailment import make_classifier


def test_a_cross_encoder_gives_the_probability_of_its_entailment_label(tmp_path: Path) -> None:
    one = CrossEncoder(make_classifier(tmp_path / "a", ("entailment", "neutral", "contradiction")))
    probability = one.entailed("anna lives in paris", "anna visited paris")
    assert 0 < probability < 1
    assert probability == one.entailed("anna lives in paris", "anna visited paris")
    assert probability != one.entailed("anna visited paris", "anna lives in paris")


def test_a_premise_that_is_too_long_is_cut(tmp_path: Path) -> None:
    one = CrossEncoder(make_classifier(tmp_path / "a", ("contradiction", "entailment", "neutral")))
    assert 0 < one.entailed("anna lives in paris " * 200, "anna works") < 1


def test_a_hypothesis_that_leaves_no_room_does_not_follow(tmp_path: Path) -> None:
    one = CrossEncoder(make_classifier(tmp_path / "a"))
    assert one.entailed("anna lives in paris", "anna works " * 600) == 0.0


def test_a_model_without_entailment_among_its_labels_is_refused(tmp_path: Path) -> None:
    folder = make_classifier(tmp_path / "a", ("good", "bad"))
    assert json.loads((folder / "config.json").read_text())["id2label"] == {"0": "good", "1": "bad"}
    with pytest.raises(UserError, match="none of them is entailment") as caught:
        CrossEncoder(folder)
    assert "bad, good" in caught.value.message


@pytest.mark.parametrize("content", [None, "", "{}", "not json"])
def test_a_folder_that_holds_no_model_is_named(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(UserError, match=str(tmp_path)) as caught:
        CrossEncoder(tmp_path)
    assert "entailment" in caught.value.hint
