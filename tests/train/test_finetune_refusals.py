"""What a user of `danlu finetune` is told before the first step: how far it reaches, and what is wrong with the base or the adapter."""

import json

import pytest
from safetensors.torch import load_file, save_file

from commands import here
from danlu.model.loading import load_model
from tiny import make_tiny_checkpoint, write_chats


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    folder = tmp_path_factory.mktemp("refusals")
    for number, name in enumerate(("base", "other", "lacking")):
        make_tiny_checkpoint(folder / name, seed=number)
    weights = folder / "lacking" / "model.safetensors"
    left = {name: weight for name, weight in load_file(weights).items() if "layers.1." not in name}
    save_file(left, weights, metadata={"format": "pt"})
    write_chats(folder / "chats.jsonl", 20)
    lines = (folder / "chats.jsonl").read_text().splitlines()
    (folder / "again.jsonl").write_text("\n".join([*lines, *lines[:3]]) + "\n")
    changed = [json.loads(line) for line in lines]
    for row in changed:
        row["messages"][1]["reasoning_content"] = "为什么？"
    (folder / "thoughts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in changed))
    (folder / "docs").mkdir()
    done = finetune(folder, "chats.jsonl", "base", "tuned", "--set", "finetune.max_train_tokens=300")
    assert done.returncode == 0, done.stderr
    (folder / "first").write_text(done.stdout)
    return folder


def finetune(folder, data, base, out, *more):
    return here(
        folder, "finetune", "--data", data, "--base", f"path:{base}", "--out", out, *more, XDG_CACHE_HOME=str(folder / "cache"),
    )  # fmt: skip


def test_the_setting_that_ends_a_training_early_is_named_with_what_all_would_take(ground):
    told = next(line for line in (ground / "first").read_text().splitlines() if "max_train_tokens=300" in line)
    whole = told.rpartition("--set finetune.max_train_tokens=")[2].split()[0]
    assert " conversations are not reached: finetune.max_train_tokens=" in told
    done = finetune(ground, "chats.jsonl", "base", "whole", "--set", f"finetune.max_train_tokens={whole}")
    assert "20 conversations: 20 kept\n" in done.stdout and "not reached:" not in done.stdout
    assert f"train tokens={whole}" in done.stdout


@pytest.mark.parametrize("how", [(), ("--check",)])
def test_an_adapter_of_another_base_is_refused_before_a_step_is_tried(ground, how):
    refused = finetune(ground, "chats.jsonl", "other", "never", "--adapter", "tuned/adapter", *how)
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: tuned/adapter is an adapter of another base model: ")
    assert "the first example" not in refused.stdout


@pytest.mark.parametrize("how", [(), ("--check",)])
def test_a_base_that_lacks_layers_is_refused_before_the_example_and_without_a_table(ground, how, caplog):
    refused = finetune(ground, "chats.jsonl", "lacking", "never", *how)
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: lacking lacks weights of LlamaForCausalLM: model.layers.1.")
    assert "the first example" not in refused.stdout and "LOAD REPORT" not in refused.stderr + caplog.text


def test_weights_that_nobody_asked_for_are_still_reported(ground, tmp_path, caplog):
    make_tiny_checkpoint(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    more = {**weights, "spare": weights["model.norm.weight"].clone()}
    save_file(more, tmp_path / "model.safetensors", metadata={"format": "pt"})
    from transformers.utils import logging

    logging.enable_propagation()
    try:
        load_model(tmp_path, threads=1)
    finally:
        logging.disable_propagation()
    assert "spare" in caplog.text and "UNEXPECTED" in caplog.text


@pytest.mark.parametrize("how", [(), ("--check",)])
def test_a_thought_that_the_template_leaves_out_names_the_users_file_and_what_to_do(ground, how):
    refused = finetune(ground, "thoughts.jsonl", "base", "never", *how)
    assert refused.returncode == 2
    assert "error: thoughts.jsonl: conversation 'chat-0': the chat template leaves out the reasoning" in refused.stderr
    assert "hint: take a base model whose template writes thoughts" in refused.stderr


def test_repeats_are_told_and_kept(ground):
    done = finetune(ground, "again.jsonl", "base", "repeated")
    assert "conversations 23, identical to an earlier one 3, ids used again 3" in done.stdout
    assert "23 conversations: 23 kept" in done.stdout


@pytest.mark.parametrize(
    ("language", "said"), [("en", "docs is a folder, and one JSON Lines file"), ("zh", "docs 是文件夹")]
)
def test_a_folder_as_data_is_told_as_one(ground, language, said):
    refused = finetune(ground, "docs", "base", "never", "--lang", language)
    assert refused.returncode == 2 and said in refused.stderr
