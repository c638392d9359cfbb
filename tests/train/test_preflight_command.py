import json

import pytest

from commands import here
from danlu.core.artifacts import Manifest
from tiny import make_tiny_checkpoint, write_chats

FEW = (
    "--set",
    "finetune.sequence_tokens=70",
    "--set",
    "finetune.max_train_tokens=600",
    "--set",
    "finetune.step_tokens=128",
)


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    folder = tmp_path_factory.mktemp("preflight")
    make_tiny_checkpoint(folder / "base")
    write_chats(folder / "chats.jsonl", 24)
    return folder


def finetune(folder, *more):
    return here(
        folder, "finetune", "--base", "path:base", "--data", "chats.jsonl", *more,
        XDG_CACHE_HOME=str(folder / "cache"),
    )  # fmt: skip


def test_before_step_1_rows_the_first_example_and_needs_are_told(ground):
    done = finetune(ground, "--out", "tuned", *FEW)
    assert done.returncode == 0, done.stderr
    lines = [line.removeprefix("finetune").strip() for line in done.stdout.splitlines()]
    told = next(line for line in lines if line.startswith("24 conversations:"))
    counts = Manifest.read(ground / "tuned").counts
    assert told == "24 conversations: {} kept, {} too long, {} not reached".format(
        *(counts[name] for name in ("learnt", "too long", "not reached"))
    )
    assert counts["too long"] and counts["not reached"]
    assert "⟧" in done.stdout and "<|im_start|>assistant\n    ⟦" in done.stdout
    assert "by formula" in done.stdout and "predicted" not in done.stdout


def test_check_predicts_and_trains_nothing(ground):
    done = finetune(ground, "--out", "never", *FEW, "--check", "--json")
    assert done.returncode == 0, done.stderr
    predicted = json.loads(done.stdout)
    assert predicted["steps"] > 1 and predicted["wall_s"] > 0 and predicted["cpu_s"] > 0
    assert predicted["memory_bytes"] > 2**27 and predicted["disk_bytes"] > 100_000
    assert "finetune         predicted: " in done.stderr
    assert not (ground / "never").exists()


def test_minutes_become_tokens_once_and_are_compared_with_what_was_used(ground):
    settings = ("--set", "finetune.max_epochs=3", "--minutes", "600")
    done = finetune(ground, "--out", "timed", *settings)
    assert done.returncode == 0, done.stderr
    made = Manifest.read(ground / "timed")
    tokens = made.config["max_train_tokens"]
    assert "the data end before" in done.stdout and f"--set finetune.max_train_tokens={tokens}" in done.stdout
    run = json.loads((ground / "timed" / "run.json").read_text())
    assert run["budget_minutes"] == 600 and run["prediction"]["predicted"]["tokens"] == tokens
    assert run["prediction"]["ratio"]["memory_bytes"] == pytest.approx(1, abs=0.3)
    assert "used / predicted" in done.stdout
    again = finetune(ground, "--out", "timed", *settings)
    assert again.returncode == 0 and "already done" in again.stdout and "trying some steps" not in again.stdout
    repeated = finetune(ground, "--out", "same", *settings[:2], "--set", f"finetune.max_train_tokens={tokens}")
    assert repeated.returncode == 0, repeated.stderr
    assert Manifest.read(ground / "same").content_hash == made.content_hash


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--minutes", "0"), "--minutes 0.0 is no time"),
        (("--minutes", "1", "--set", "finetune.max_train_tokens=100"), "both say how much is learnt"),
        (("--check", "--processes", "2"), "--check tries steps in one process"),
    ],
)
def test_what_cannot_be_foreseen_is_refused(ground, more, message):
    done = finetune(ground, "--out", "none", *more)
    assert done.returncode == 2 and message in done.stderr
    assert not (ground / "none").exists()
