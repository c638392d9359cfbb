"""danlu diff of two models that the commands made."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from commands import here
from danlu.model.compare import compare_adapters, compare_tokenizers, compare_weights, part_of
from tiny import SPECIAL, make_tiny_checkpoint, write_chats


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """One base; `one` and `other` learnt from other conversations with another rank and rate, `again` as `one`."""
    folder = tmp_path_factory.mktemp("diff")
    make_tiny_checkpoint(folder / "base")
    write_chats(folder / "chats.jsonl", count=20)
    write_chats(folder / "fewer.jsonl", count=17)
    for out, data, rank, rate in (("one", "chats", 4, 1e-2), ("other", "fewer", 2, 2e-2), ("again", "chats", 4, 1e-2)):
        told = here(
            folder, "finetune", "--base", "path:base", "--data", f"{data}.jsonl", "--out", out,
            "--set", f"finetune.rank={rank}", "--set", f"finetune.learning_rate={rate}", "--set", "finetune.max_train_tokens=1500",
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
    return folder


def test_what_differs_is_told_in_sentences_and_tables(ground):
    printed = here(ground, "diff", "one", "other").stdout
    for said in (
        "made from other inputs: chats", "same architecture", "same tokenizer and chat template", "the weights differ by",
        "adapters: updates of length", "conversations 20", "conversations 17",
    ):  # fmt: skip
        assert said in printed, said
    rows = [line.split() for line in printed.splitlines()]
    assert ["learning_rate", "0.01", "0.02"] in rows and ["rank", "4", "2"] in rows
    assert any(row[:1] == ["model.layers.0"] and row[-1].endswith("%") for row in rows)
    assert "输入不同：chats" in here(ground, "--lang", "zh", "diff", "one", "other").stdout


def test_json_holds_all_of_it(ground):
    facts = json.loads(here(ground, "diff", "one", "other", "--json").stdout)
    assert facts["settings"] == {"learning_rate": [0.01, 0.02], "rank": [4, 2]}
    assert facts["inputs"]["base"]["same"] and not facts["inputs"]["chats"]["same"]
    assert facts["training"]["conversations"] == [20, 17] and "last_loss" in facts["training"]
    assert facts["architecture"] == {} and facts["tokenizer"]["same"]
    weights = facts["weights"]
    assert weights["parts"]["model.embed_tokens"]["relative difference"] == 0 < weights["relative difference"] < 1
    assert facts["adapter"]["settings"]["r"] == [4, 2]


def test_the_figures_are_those_of_the_numbers_themselves(ground):
    one, other = (load_file(ground / name / "model.safetensors") for name in ("one", "other"))
    whole = sum(float((one[name] - other[name]).double().square().sum()) for name in one)
    found = compare_weights(ground / "one", ground / "other")
    length = sum(float(weight.double().square().sum()) for weight in one.values())
    assert found["relative difference"] == pytest.approx((whole / length) ** 0.5, rel=1e-5)
    base = load_file(ground / "base" / "model.safetensors")
    updates = [{name: (side[name] - base[name]).double() for name in base} for side in (one, other)]
    lengths = [sum(float(update.square().sum()) for update in side.values()) ** 0.5 for side in updates]
    apart = sum(float((updates[0][name] - updates[1][name]).square().sum()) for name in base) ** 0.5
    adapter = compare_adapters(ground / "one" / "adapter", ground / "other" / "adapter")
    assert adapter["length of the update"] == pytest.approx(lengths, rel=1e-4)
    assert adapter["relative difference"] == pytest.approx(apart / lengths[0], rel=1e-3)


def test_the_same_training_twice_differs_in_nothing(ground):
    printed = here(ground, "diff", "one", "again").stdout
    for said in ("same content", "made from the same inputs", "all weights are equal"):
        assert said in printed
    facts = json.loads(here(ground, "diff", "one", "again", "--json").stdout)
    assert facts["settings"] == facts["training"] == {} and facts["weights"]["relative difference"] == 0


def test_models_that_do_not_fit_one_another_are_compared_as_far_as_they_do(ground, tmp_path):
    weights = load_file(ground / "base" / "model.safetensors")
    shutil.copytree(ground / "base", tmp_path / "cut")
    name = "model.layers.0.mlp.down_proj.weight"
    weights[name] = weights[name][:4].clone()
    weights["extra.weight"] = torch.ones(2)
    del weights["model.norm.weight"]
    save_file(weights, tmp_path / "cut" / "model.safetensors")
    found = compare_weights(ground / "base", tmp_path / "cut")
    assert (found["only in the first"], found["only in the second"]) == (["model.norm.weight"], ["extra.weight"])
    assert found["other shape"] == {name: [[32, 64], [4, 64]]} and found["relative difference"] == 0


def test_tokenizers_are_compared_token_by_token(ground, tmp_path):
    other = make_tiny_checkpoint(tmp_path / "other", special=(*SPECIAL, "<|extra|>"))
    found = compare_tokenizers(ground / "base", other)
    assert not found["same"] and found["same chat template"]
    assert "<|extra|>" in found["examples"][1] and found["with another id"] > 100


def test_parts_are_layers():
    assert part_of("model.layers.12.mlp.down_proj.weight") == "model.layers.12"
    assert part_of("transformer.h.3.attn.c_attn.bias") == "transformer.h.3"
    assert part_of("model.embed_tokens.weight") == "model.embed_tokens"


def test_adapters_that_cannot_be_merged_are_compared_by_their_own_numbers(tmp_path):
    for name, value in (("one", 1.0), ("other", 1.5)):
        (tmp_path / name).mkdir()
        save_file({"prompt": torch.full((4, 8), value)}, tmp_path / name / "adapter_model.safetensors")
        (tmp_path / name / "adapter_config.json").write_text(json.dumps({"peft_type": "PROMPT_TUNING"}))
    found = compare_adapters(tmp_path / "one", tmp_path / "other")
    assert found["relative difference"] == pytest.approx(0.5) and "length of the update" not in found
    assert compare_adapters(tmp_path / "one", tmp_path / "none")["there"] == [True, False]
