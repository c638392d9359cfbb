import json
import math

import pytest
import torch

from commands import danlu, here
from danlu.core.artifacts import Manifest
from danlu.model.decoders import STYLES, DecoderShape, make_decoder
from danlu.model.loading import load_model
from killed import killed_when
from tiny import make_tiny_checkpoint

SENTENCES = {
    "en": "The pump of hall {n} runs at {m} bar. Close the valve before you open the cover, then wait until the pressure has fallen. ",
    "zh": "第{n}号车间的水泵在{m}巴压力下运行。打开盖子之前，请先关闭阀门，然后等待压力下降到安全范围。",
}
SMALL = [
    "--set", "pretrain.layers=1", "--set", "pretrain.sequence_tokens=64", "--set", "pretrain.step_sequences=8",
    "--set", "pretrain.micro_batch_sequences=4", "--set", "pretrain.max_train_tokens=12000", "--set", "pretrain.max_epochs=20",
]  # fmt: skip


def write_documents(folder, language, count):
    folder.mkdir(parents=True)
    for number in range(count):
        text = "".join(SENTENCES[language].format(n=number * 17 + line, m=line * number % 23) for line in range(6))
        (folder / f"{language}{number:02}.txt").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """Documents in two languages, and a model that was trained on them by the command."""
    folder = tmp_path_factory.mktemp("pretrain")
    for language in SENTENCES:
        write_documents(folder / "pages" / language, language, 30)
    done = danlu(folder, "pretrain", "pages", "--out", "model", "--set", "tokenizer.size=420", *SMALL)
    assert done.returncode == 0, done.stderr
    return folder, done


def hash_of(folder):
    return Manifest.read(folder).content_hash


def test_the_result_is_an_ordinary_checkpoint_that_learnt(ground):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, _ = ground
    record = json.loads((folder / "model" / "training.json").read_text())
    model, tokenizer = (kind.from_pretrained(folder / "model") for kind in (AutoModelForCausalLM, AutoTokenizer))
    ids = tokenizer(SENTENCES["en"].format(n=1, m=2), return_tensors="pt").input_ids
    with torch.no_grad():
        loss = model(input_ids=ids, labels=ids).loss.item()
    assert loss < 0.8 * math.log(model.config.vocab_size)
    assert record["last_loss"] < record["first_loss"] - 1
    assert record["parameters"] == sum(weight.numel() for weight in model.parameters())
    assert len(record["nats_per_token_by_step"]) == record["steps"]


def test_it_is_measured_on_held_out_documents_of_each_language(ground):
    folder, done = ground
    record = json.loads((folder / "model" / "training.json").read_text())
    assert set(record["held_out"]) == {"all", "en", "zh"}
    assert list(record["held_out_by_step"].values())[-1] == min(record["held_out_by_step"].values())
    assert "held-out bits per byte: all" in done.stdout
    samples = [json.loads(line) for line in (folder / "model" / "samples.jsonl").read_text().splitlines()]
    assert {sample["language"] for sample in samples} == {"en", "zh"}


@pytest.mark.parametrize("seen", ["step-*", "unfinished-*", "samples.jsonl"])
def test_killed_and_run_again_it_is_the_same(ground, tmp_path, seen):
    folder, _ = ground
    arguments = ["pretrain", str(folder / "pages"), "--out", "model", "--set", "tokenizer.size=420", *SMALL]
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert killed_when(tmp_path, arguments, seen, **cache)
    again = danlu(tmp_path, *arguments, **cache)
    assert again.returncode == 0, again.stderr
    assert ("goes on from its checkpoint after step" in again.stderr) == (seen == "step-*")
    assert json.loads((tmp_path / "model" / "run.json").read_text())["starts"] == 2
    assert hash_of(tmp_path / "model") == hash_of(folder / "model")


def test_a_model_is_gone_on_with_in_its_own_vocabulary(ground, tmp_path):
    folder, _ = ground
    arguments = ["pretrain", str(folder / "pages"), "--out", "on", *SMALL[2:], "--set", "pretrain.learning_rate=1e-3"]
    done = danlu(tmp_path, *arguments, "--base", f"path:{folder / 'model'}")
    assert done.returncode == 0, done.stderr
    before, after = (json.loads((place / "training.json").read_text()) for place in (folder / "model", tmp_path / "on"))
    assert after["first_loss"] < before["first_loss"] - 1
    assert after["held_out"]["all"] < before["held_out"]["all"]
    assert (tmp_path / "on" / "tokenizer.json").read_bytes() == (folder / "model" / "tokenizer.json").read_bytes()


def test_a_given_vocabulary_is_taken_where_it_knows_the_languages(ground, tmp_path):
    folder, _ = ground
    tiny = make_tiny_checkpoint(tmp_path / "tiny")
    refused = danlu(tmp_path, "pretrain", str(folder / "pages"), "--out", "no", "--tokenizer", str(tiny), *SMALL)
    assert (refused.returncode, "29 of 29 documents in zh" in refused.stderr) == (1, True)
    done = danlu(tmp_path, "pretrain", str(folder / "pages" / "en"), "--out", "m", "--tokenizer", str(tiny), *SMALL)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "m" / "tokenizer.json").read_bytes() == (tiny / "tokenizer.json").read_bytes()


@pytest.mark.parametrize(("objective", "kind"), [("masked", "masked"), ("span-corruption", "seq2seq")])
def test_encoders_and_encoder_decoders_are_pretrained_too(ground, tmp_path, objective, kind):
    folder, _ = ground
    arguments = [
        "pretrain",
        str(folder / "pages"),
        "--out",
        "m",
        "--objective",
        objective,
        "--set",
        "tokenizer.size=420",
    ]
    done = danlu(tmp_path, *arguments, "--set", "tokenizer.reserved=20", *SMALL)
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "m" / "training.json").read_text())
    scores = list(record["held_out_by_step"].values())
    assert scores[-1] < scores[0] - 0.1
    assert record["held_out"]["all"] < math.log(420)
    model = load_model(tmp_path / "m", threads=2, kind=kind)
    assert sum(weight.numel() for weight in model.parameters()) == record["parameters"]


def test_wrong_options_are_told(ground, tmp_path):
    folder, _ = ground
    pages = str(folder / "pages")
    both = here(tmp_path, "pretrain", pages, "--out", "m", "--base", "path:x", "--tokenizer", "y")
    assert (both.returncode, "exclude each other" in both.stderr) == (2, True)
    missing = here(tmp_path, "pretrain", pages, "--out", "m", "--tokenizer", str(tmp_path))
    assert (missing.returncode, "has no tokenizer.json" in missing.stderr) == (2, True)
    misspelt = here(tmp_path, "pretrain", pages, "--out", "m", "--set", "pretrain.layer=2")
    assert (misspelt.returncode, "pretrain.layers" in misspelt.stderr) == (2, True)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_is_made_by_one_dial(style):
    model = make_decoder(DecoderShape(style, 2, 300, 32, 0))
    assert model.config.hidden_size == 128
    ids = torch.randint(0, 300, (2, 32))
    loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    assert abs(loss.item() - math.log(300)) < 0.3
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
