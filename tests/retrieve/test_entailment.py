"""Plumbing only: a random model of the class decides nothing."""

import json
from pathlib import Path

import pytest

from danlu.core.errors import UserError
from danlu.retrieve.claims.entailment import CrossEncoder
from tiny_bert import make_tiny_bert


def make_classifier(folder: Path, labels: tuple[str, ...]) -> Path:
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    make_tiny_bert(folder)
    config = BertConfig.from_pretrained(
        folder, id2label=dict(enumerate(labels)), label2id={n: i for i, n in enumerate(labels)}
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def test_a_cross_encoder_gives_the_probability_of_its_entailment_label(tmp_path: Path) -> None:
    one = CrossEncoder(make_classifier(tmp_path / "a", ("entailment", "neutral", "contradiction")))
    probability = one.entailed("anna lives in paris", "anna visited paris")
    assert 0 < probability < 1
    assert probability == one.entailed("anna lives in paris", "anna visited paris")
    assert probability != one.entailed("anna visited paris", "anna lives in paris")


def test_a_premise_that_is_too_long_is_cut(tmp_path: Path) -> None:
    one = CrossEncoder(make_classifier(tmp_path / "a", ("contradiction", "entailment", "neutral")))
    assert 0 < one.entailed("anna lives in paris " * 200, "anna works") < 1


def test_a_model_without_entailment_among_its_labels_is_refused(tmp_path: Path) -> None:
    folder = make_classifier(tmp_path / "a", ("good", "bad"))
    assert json.loads((folder / "config.json").read_text())["id2label"] == {"0": "good", "1": "bad"}
    with pytest.raises(UserError, match="none of them is entailment") as caught:
        CrossEncoder(folder)
    assert "bad, good" in caught.value.message
