"""A training in several processes, through the command: started, killed in part, stopped, spread over machines."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from commands import DANLU, danlu, environment
from danlu.core.artifacts import Manifest
from found import found
from tiny import make_tiny_checkpoint, write_chats

SENTENCE = "The pump of hall {n} runs at {m} bar. Close the valve before you open the cover, then wait. "
SMALL = [
    "--set", "pretrain.layers=1", "--set", "pretrain.sequence_tokens=64", "--set", "pretrain.step_sequences=8",
    "--set", "pretrain.micro_batch_sequences=4", "--set", "pretrain.max_train_tokens=40000", "--set", "pretrain.max_epochs=60",
    "--set", "pretrain.optimizer=adamw", "--set", "tokenizer.size=400",
]  # fmt: skip
TOLERANCE = 0.02
"""Of a loss, relative: products are in bfloat16 where the processor has it, and sums are in another order."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """Pages, and two models trained on them: by one process and by two that share the weights."""
    folder = tmp_path_factory.mktemp("processes")
    (folder / "pages").mkdir()
    for number in range(30):
        text = "".join(SENTENCE.format(n=number * 17 + line, m=line * number % 23) for line in range(6))
        (folder / "pages" / f"{number:02}.txt").write_text(text, encoding="utf-8")
    for out, more in {"one": [], "two": ["--processes", "2"]}.items():
        done = danlu(folder, "pretrain", "pages", "--out", out, *SMALL, *more)
        assert done.returncode == 0, done.stderr
    return folder


def begun(folder, *arguments):
    return subprocess.Popen(
        [DANLU, *arguments],
        cwd=folder,
        env=environment(XDG_CACHE_HOME=str(folder / "cache")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path, running):
    while not found(path.parent, path.name):
        assert running.poll() is None, running.communicate()
        time.sleep(0.02)


def workers_of(running):
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def losses(folder):
    return json.loads((folder / "training.json").read_text())["nats_per_token_by_step"]


def hash_of(folder):
    return Manifest.read(folder).content_hash


def test_two_processes_learn_what_one_learns(ground):
    assert losses(ground / "two") == pytest.approx(losses(ground / "one"), rel=TOLERANCE)
    assert Manifest.read(ground / "two").id == Manifest.read(ground / "one").id
    run = json.loads((ground / "two" / "run.json").read_text())
    assert run["processes"]["shards"] == 2


def test_a_process_that_is_killed_has_all_start_again_from_the_last_checkpoint(ground, tmp_path):
    running = begun(tmp_path, "pretrain", str(ground / "pages"), "--out", "model", *SMALL, "--processes", "2")
    wait_for(tmp_path / "model" / ".work" / "step-*", running)
    os.kill(workers_of(running)[-1], signal.SIGKILL)
    _, said = running.communicate()
    assert running.returncode == 0, said
    assert "a process of this training died: all start again (1 of 3)" in said
    assert hash_of(tmp_path / "model") == hash_of(ground / "two")


def test_stopped_by_sigterm_it_goes_on_where_it_stood(ground, tmp_path):
    arguments = ["pretrain", str(ground / "pages"), "--out", "model", *SMALL, "--processes", "2"]
    running = begun(tmp_path, *arguments)
    wait_for(tmp_path / "model" / ".work" / "step-*", running)
    running.terminate()
    _, said = running.communicate()
    assert running.returncode == 1
    assert re.search(r"stopped by SIGTERM after step \d+ of", said)
    assert danlu(tmp_path, *arguments, XDG_CACHE_HOME=str(tmp_path / "cache")).returncode == 0
    assert hash_of(tmp_path / "model") == hash_of(ground / "two")


def test_two_machines_share_a_training(ground, tmp_path):
    """Two programs with one process each, that see one folder."""
    lead = begun(
        tmp_path, "pretrain", str(ground / "pages"), "--out", "model", *SMALL, "--processes", "2", "--machines", "2"
    )
    wait_for(tmp_path / "model" / ".work" / "job.pickle", lead)
    joined = danlu(tmp_path, "join", "model")
    _, said = lead.communicate()
    assert (lead.returncode, joined.returncode) == (0, 0), said + joined.stderr
    assert "waiting for 1 more of 2 machines; run there: danlu join" in said
    assert hash_of(tmp_path / "model") == hash_of(ground / "two")


def test_an_adapter_is_trained_by_two_processes_too(tmp_path):
    base, chats = make_tiny_checkpoint(tmp_path / "base"), write_chats(tmp_path / "chats.jsonl", 20)
    arguments = ["finetune", "--base", f"path:{base}", "--data", str(chats), "--set", "finetune.dropout=0.0"]
    for out, more in {"one": [], "two": ["--processes", "2"]}.items():
        done = danlu(tmp_path, *arguments, "--out", out, *more)
        assert done.returncode == 0, done.stderr
    one, two = (
        json.loads((tmp_path / out / "training.json").read_text())["nats_per_target_token_by_step"]
        for out in ("one", "two")
    )
    assert two == pytest.approx(one, rel=TOLERANCE)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--processes", "many"], "`many` says nothing about processes"),
        (["--processes", "²"], "`²` says nothing about processes"),
        (["--processes", "shards=2,shards=4"], "`shards=2,shards=4` says nothing about processes"),
        (["--processes", "tensor=2"], "tensor parallel parts plain matrices alone"),
        (["--processes", "3", "--machines", "2"], "3 processes cannot be spread evenly over 2 machines"),
        (["--processes", "2", "--method", "prompt"], "method prompt trains in one process"),
    ],
)
def test_what_cannot_be_shared_is_told(tmp_path, more, said):
    base, chats = make_tiny_checkpoint(tmp_path / "base"), write_chats(tmp_path / "chats.jsonl", 20)
    done = danlu(tmp_path, "finetune", "--base", f"path:{base}", "--data", str(chats), "--out", "no", *more)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_an_error_of_one_process_is_told_once_and_without_starting_again(tmp_path, ground):
    """One head for two key-value heads and three processes: tensor parallel cannot part it."""
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = danlu(tmp_path, "pretrain", str(ground / "pages"), "--out", "no", *SMALL, "--processes", "tensor=3", **cache)
    assert done.returncode == 2, done.stderr
    assert "processes cannot share evenly" in done.stderr
    assert "Traceback" not in done.stderr and "start again" not in done.stderr


def test_a_machine_that_comes_to_nothing_is_told(tmp_path):
    done = danlu(tmp_path, "join", str(tmp_path))
    assert (done.returncode, "no training waits for machines" in done.stderr) == (2, True)
