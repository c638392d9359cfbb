"""`danlu head classify`, `tag` and `apply` as a user runs them."""

import json

import pytest

from commands import here
from label_rows import entities, reviews, write
from tiny_bert import make_tiny_bert

QUICK = ("--set", "{stage}.epochs=1", "--set", "{stage}.learning_rate=0.005")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    make_tiny_bert(folder / "encoder")
    write(folder / "reviews.jsonl", reviews())
    write(folder / "entities.jsonl", entities())
    return folder


def head(place, stage, data, out, *more):
    quick = [part.format(stage=stage) for part in QUICK]
    return here(place, "head", stage, "--base", "encoder", "--data", data, "--out", out, *quick, *more)


def test_classify_then_apply(place):
    done = head(place, "classify", "reviews.jsonl", "classifier")
    assert done.returncode == 0, done.stderr
    assert "input 96, kept 96, rejected 0" in done.stdout and "macro F1" in done.stdout
    write(place / "texts.jsonl", [{"text": "the film was good"}, {"text": "\u200b"}])
    said = here(place, "head", "apply", "classifier", "texts.jsonl")
    assert said.returncode == 0, said.stderr
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    assert rows[0]["label"] in ("good", "bad") and rows[1] == {"rejected": "no tokens"}
    assert "1 rows were not judged" in said.stderr


def test_the_same_command_makes_the_same_content(place):
    manifests = [json.loads(head(place, "tag", "entities.jsonl", out, "--json").stdout) for out in ("one", "two")]
    assert manifests[0]["content_hash"] == manifests[1]["content_hash"]
    counts = manifests[0]["counts"]
    assert counts["kept"] + counts["rejected"] == counts["input"] == 32


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("span", "--base", "encoder", "--data", "reviews.jsonl"), "reviews.jsonl:1: context is missing"),
        (("classify", "--base", "nowhere", "--data", "reviews.jsonl"), "neither a folder nor a GGUF file"),
        (("classify", "--base", "encoder", "--data", "none.jsonl"), "No such file: none.jsonl"),
        (("tag", "--base", "encoder", "--data", "entities.jsonl", "--set", "tag.epoch=3"), "tag.epoch"),
        (("classify", "--base", "encoder", "--data", "reviews.jsonl", "--set", "classify.test_share=0.95"), "is 1.05"),
    ],
)
def test_mistakes_exit_2_and_name_what_is_wrong(place, arguments, said):
    refused = here(place, "head", *arguments, "--out", "never")
    assert refused.returncode == 2
    assert said in refused.stderr
    assert not (place / "never").exists()


def test_apply_refuses_a_folder_without_a_head_in_chinese_too(place):
    refused = here(place, "--lang", "zh", "head", "apply", "encoder", "reviews.jsonl")
    assert refused.returncode == 2
    assert "没有 head.json" in refused.stderr
