"""Private fine-tuning through the command."""

import json
import shutil

import pytest

from commands import danlu, here
from danlu.core.artifacts import Manifest
from killed import killed_when
from tiny import make_tiny_checkpoint, write_chats

PRIVATE = [
    "--private",
    "6",
    "--set",
    "privacy.steps=24",
    "--set",
    "privacy.expected_rows=6",
    "--set",
    "finetune.rank=2",
]


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """A model that has learnt privately from 24 conversations, and what the command said."""
    folder = tmp_path_factory.mktemp("private")
    make_tiny_checkpoint(folder / "base")
    write_chats(folder / "chats.jsonl", count=24)
    told = here(folder, *finetune(folder, "tuned"))
    assert told.returncode == 0, told.stderr
    return folder, told


def finetune(folder, out, *more):
    return ["finetune", "--base", f"path:{folder / 'base'}", "--data", str(folder / "chats.jsonl"), "--out", out, *PRIVATE, *more]  # fmt: skip


def test_what_was_spent_is_told_and_belongs_to_the_identity(ground):
    folder, told = ground
    record = json.loads((folder / "tuned" / "training.json").read_text())
    assert 5.9 < record["privacy"]["epsilon"] <= 6
    assert record["privacy"]["delta"] == pytest.approx(0.1 / 24) and record["privacy"]["steps"] == 24
    assert record["conversations"] == record["drawn_from"] + record["too_long"] == 24
    manifest = Manifest.read(folder / "tuned")
    assert manifest.config["privacy"]["epsilon"] == 6 and manifest.stage == "finetune_private"
    shown = here(folder, "show", "tuned").stdout
    for said in (told.stdout, shown):
        assert "private: epsilon 6 at delta 0.0042 for each conversation; no loss is told" in said
    assert "privacy.epsilon=6.0" in shown
    assert "每段对话 ε 为 6，δ 为 0.0042" in here(folder, "--lang", "zh", "show", "tuned").stdout


def test_no_token_no_loss_and_no_secret_is_written(ground):
    folder, told = ground
    names = {path.name for path in (folder / "tuned").rglob("*")}
    assert not names & {"tokens.parquet", "private.secret", "train.jsonl"}
    record = (folder / "tuned" / "training.json").read_text()
    assert "loss" not in record and "nats" not in record and "tokens" not in record
    assert "loss 0" not in told.stderr


def test_it_is_an_ordinary_checkpoint_that_differs_from_the_base(ground):
    from safetensors.torch import load_file

    folder, _ = ground
    before, after = (load_file(folder / name / "model.safetensors") for name in ("base", "tuned"))
    assert before.keys() == after.keys()
    name = "model.layers.0.mlp.down_proj.weight"
    assert 0 < (after[name] - before[name]).norm() < before[name].norm()
    assert (folder / "tuned" / "adapter" / "adapter_model.safetensors").is_file()


def test_killed_and_run_again_it_is_the_same_while_its_scratch_is_there(ground, tmp_path):
    folder, _ = ground
    (tmp_path / "one").mkdir()
    arguments = finetune(folder, "tuned")
    assert killed_when(tmp_path / "one", arguments, "step-*", XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert list((tmp_path / "one").rglob("private.secret"))
    shutil.copytree(tmp_path / "one", tmp_path / "other")
    for checkpoint in (tmp_path / "other").rglob("step-*"):
        shutil.rmtree(checkpoint)  # the other one has the secret alone, and trains from its first step on
    hashes = []
    for name in ("one", "other"):
        done = danlu(tmp_path / name, *arguments, XDG_CACHE_HOME=str(tmp_path / "cache"))
        assert done.returncode == 0, done.stderr
        hashes.append(Manifest.read(tmp_path / name / "tuned").content_hash)
    assert hashes[0] == hashes[1]
    assert hashes[0] != Manifest.read(folder / "tuned").content_hash  # another secret, another noise
    assert not list(tmp_path.rglob("private.secret"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--set", "privacy.delta=0.05"], "privacy.delta is 0.05, and with 24 conversations it must be below 0.042"),
        (["--private", "0"], "privacy.epsilon` is 0.0: expected more than 0"),
        (["--method", "full"], "method full cannot be trained privately"),
        (["--set", "finetune.long_conversations=split"], "makes several rows of one conversation"),
        (["--set", "finetune.max_train_tokens=9000"], "finetune.max_train_tokens means nothing in private training"),
        (["--set", "privacy.epsilom=3"], "unknown key `privacy.epsilom`"),
        (["--adapter", "old"], "--adapter and private training exclude each other"),
        (["--track"], "--track and private training exclude each other"),
        (["--minutes", "5"], "--minutes and private training exclude each other"),
    ],
)
def test_what_cannot_be_promised_is_refused_before_anything_is_read(ground, more, message):
    folder, _ = ground
    told = here(folder, *finetune(folder, "never", *more))
    assert (told.returncode, message in told.stderr) == (2, True), told.stderr
    assert not (folder / "never").exists()


def test_few_conversations_hide_none(ground, tmp_path):
    folder, _ = ground
    write_chats(tmp_path / "few.jsonl", count=8)
    told = here(folder, *finetune(folder, "never"), "--data", str(tmp_path / "few.jsonl"))
    assert (told.returncode, "8 conversations are too few to hide one among" in told.stderr) == (2, True)


def test_without_opacus_the_command_that_brings_it_is_told(ground, monkeypatch):
    monkeypatch.setattr("danlu.train.private.installed_version", lambda package: "")
    folder, _ = ground
    told = here(folder, *finetune(folder, "never"))
    assert (told.returncode, "pip install 'danlu[private]'" in told.stderr) == (2, True), told.stderr


def test_a_projects_settings_make_its_fine_tuning_private(ground, tmp_path):
    folder, _ = ground
    (tmp_path / "page.txt").write_text("A manual of a pump.", encoding="utf-8")
    project = {
        "recipe": "knowledge-bot", "name": "x", "base": f"path:{folder / 'base'}", "sources": [{"path": "page.txt", "licence": "MIT"}],
        "set": {"privacy.epsilon": 3.0},
    }  # fmt: skip
    (tmp_path / "danlu.yaml").write_text(json.dumps(project), encoding="utf-8")
    told = here(tmp_path, "plan", "--json")
    assert told.returncode == 0, told.stderr
    assert "finetune_private" in [row["stage"] for row in json.loads(told.stdout)]
