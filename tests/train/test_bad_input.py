"""Bad input and bad machines, through the real command: one clear message, status 1 or 2, no traceback, and nothing lost that was learnt."""

import json
import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from align_ground import write_rows
from commands import DANLU, Outcome, environment, here
from danlu.core.artifacts import Manifest
from found import found
from label_rows import entities, reviews, write
from tiny import CHATML, make_tiny_checkpoint, write_chats
from tiny_bert import make_tiny_bert

SYSTEM_FIRST = (
    "{% for m in messages %}{% if m['role'] == 'system' and not loop.first %}"
    "{{ raise_exception('system must come first') }}{% endif %}{% endfor %}"
)
QUERY = {"query": "where is the good film", "positive": "the film is in paris"}
FINETUNE = ("finetune", "--base", "path:base", "--data", "chats.jsonl", "--set", "finetune.sequence_tokens=64")
ALIGN = (
    "align",
    "--base",
    "base",
    "--data",
    "pairs.jsonl",
    "--set",
    "align.max_epochs=8",
    "--set",
    "align.rows_per_step=4",
)
PRETRAIN = (
    "pretrain", "pages", "--set", "tokenizer.size=300", "--set", "pretrain.layers=1", "--set", "pretrain.sequence_tokens=32",
    "--set", "pretrain.max_epochs=40", "--set", "pretrain.max_train_tokens=60000", "--set", "pretrain.step_sequences=4",
)  # fmt: skip
LONGER = (
    "--set",
    "finetune.max_train_tokens=100000",
    "--set",
    "finetune.max_epochs=8",
    "--set",
    "finetune.step_tokens=64",
)
_LATE_S = 240


@pytest.fixture(scope="session")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models that are sound and models that are not, and data of both kinds."""
    folder = tmp_path_factory.mktemp("bad")
    make_tiny_checkpoint(folder / "base")
    make_tiny_checkpoint(folder / "other", seed=1)
    make_tiny_checkpoint(folder / "strict", template=SYSTEM_FIRST + CHATML)
    make_tiny_bert(folder / "encoder")
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        damaged(folder / "base", folder / f"cut {name}", partial(cut_in, name))
    damaged(folder / "base", folder / "narrow", lambda place: with_weights(place, lambda name, weight: weight[:300] if "embed" in name else weight, vocab_size=300))  # fmt: skip
    damaged(folder / "encoder", folder / "narrow encoder", lambda place: with_weights(place, lambda name, weight: weight[:60] if len(weight) > 200 else weight, vocab_size=60))  # fmt: skip
    damaged(folder / "base", folder / "wide", lambda place: with_weights(place, hidden_size=64))
    damaged(folder / "base", folder / "no numbers", lambda place: with_weights(place, lambda name, weight: weight * float("nan") if "q_proj" in name else weight))  # fmt: skip
    damaged(folder / "base", folder / "huge", lambda place: with_weights(place, lambda name, weight: weight * 0 + 3e38 if "layernorm" in name else weight))  # fmt: skip
    write_data(folder)
    return folder


def write_data(folder: Path) -> None:
    write_chats(folder / "chats.jsonl", 20)
    write_chats(folder / "one.jsonl", 1)
    write(folder / "empty.jsonl", [])
    said = [{"role": role, "content": "x"} for role in ("user", "system", "assistant")]
    write(
        folder / "roles.jsonl",
        [{"id": f"row {at}", "messages": [said[0], said[2]] if at else said} for at in range(20)],
    )
    write_rows(folder / "pairs.jsonl", "pairs", 12)
    write_rows(folder / "prompts.jsonl", "prompts", 4)
    write_rows(folder / "one pair.jsonl", "pairs", 1)
    write(folder / "reviews.jsonl", reviews())
    write(folder / "one review.jsonl", reviews()[:1])
    write(folder / "entities.jsonl", entities())
    write(folder / "one query.jsonl", [QUERY])
    write(folder / "queries.jsonl", [{**QUERY, "query": f"{QUERY['query']} {at}"} for at in range(20)])
    (folder / "one.csv").write_text("a,b\n1,2\n")
    (folder / "no pages").mkdir()
    for kind, count in (("pages", 40), ("one page", 1)):
        (folder / kind).mkdir()
        for at in range(count):
            text = " ".join(f"The pump of hall {at * 7 + line} runs at {line * at % 23} bar." for line in range(8))
            (folder / kind / f"{at}.txt").write_text(text)


def damaged(from_dir: Path, to_dir: Path, how: Callable[[Path], None]) -> None:
    shutil.copytree(from_dir, to_dir)
    how(to_dir)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_in(name: str, folder: Path) -> None:
    cut(folder / name)


def with_weights(folder: Path, change: Callable[[str, Any], Any] = lambda _, weight: weight, **config: int) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    changed = {name: change(name, weight).contiguous() for name, weight in weights.items()}
    save_file(changed, folder / "model.safetensors", metadata={"format": "pt"})
    facts = json.loads((folder / "config.json").read_text()) | config
    (folder / "config.json").write_text(json.dumps(facts))


def tuned(base: str, data: str, *more: str) -> tuple[str, ...]:
    return ("finetune", "--base", f"path:{base}", "--data", data, *more)


def aligned(method: str, base: str, data: str, *more: str) -> tuple[str, ...]:
    return ("align", "--method", method, "--base", base, "--data", data, *more)


def headed(head: str, base: str, data: str, *more: str) -> tuple[str, ...]:
    return ("head", head, "--base", base, "--data", data, *more)


SEARCH = ("search", "finetune", "--trials", "2", "--set", "search.learning_rate=1e-4:1e-2")
REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "finetune: no row": (tuned("base", "empty.jsonl"), "empty.jsonl has no conversations"),
    "finetune: one row": (tuned("base", "one.jsonl"), "one.jsonl has 1 conversations, and 16 are the least"),
    "finetune: no row fits": (tuned("base", "chats.jsonl", "--set", "finetune.sequence_tokens=16"), "none of 20 conversations fits into 16 tokens"),
    "finetune: too long, refused": (tuned("base", "chats.jsonl", "--set", "finetune.sequence_tokens=40", "--set", "finetune.long_conversations=refuse"), "chats.jsonl: conversation 'chat-0' has 41 tokens, and 40 are the most"),
    "finetune: roles": (tuned("strict", "roles.jsonl"), "roles.jsonl: conversation 'row 0': the chat template refuses this conversation: system must come first"),
    "finetune: weights cut short": (tuned("cut model.safetensors", "chats.jsonl"), "cut model.safetensors/model.safetensors cannot be read"),
    "finetune: config cut short": (tuned("cut config.json", "chats.jsonl"), "cut config.json/config.json cannot be read"),
    "finetune: tokenizer cut short": (tuned("cut tokenizer.json", "chats.jsonl"), "cut tokenizer.json/tokenizer.json cannot be read"),
    "finetune: foreign tokenizer": (tuned("narrow", "chats.jsonl"), "narrow: the tokenizer gives ids up to 399"),
    "finetune: foreign config": (tuned("wide", "chats.jsonl"), "wide: its weights have other shapes than its config.json says"),
    "finetune: weights of a diverged training": (tuned("no numbers", "chats.jsonl"), "no numbers has weights that are no numbers: model.layers.0.self_attn.q_proj.weight"),
    "finetune: no adapter": (tuned("base", "chats.jsonl", "--adapter", "pages"), "pages is no adapter"),
    "search: no row": ((*SEARCH, "--base", "path:base", "--data", "empty.jsonl"), "empty.jsonl has no conversations"),
    "search: one row": ((*SEARCH, "--base", "path:base", "--data", "one.jsonl"), "one.jsonl has 1 conversations, too few"),
    "search: roles": ((*SEARCH, "--base", "path:strict", "--data", "roles.jsonl"), "roles.jsonl: conversation 'row 0'"),
    "tokenize: roles": (("tokenize", "roles.jsonl", "--chats", "--tokenizer", "strict"), "roles.jsonl: conversation 'row 0'"),
    "align: no row": (aligned("dpo", "base", "empty.jsonl"), "empty.jsonl has no rows"),
    "align: one row": (aligned("reward", "base", "one pair.jsonl"), "one pair.jsonl has one row"),
    "align: rows of another method": (aligned("kto", "base", "pairs.jsonl"), "pairs.jsonl:1: completion is missing: the row has the columns messages, chosen, rejected"),
    "align: no row fits": (aligned("dpo", "base", "pairs.jsonl", "--set", "align.sequence_tokens=16"), "0 of 11 rows to learn from have no more than 16 tokens"),
    "align: foreign tokenizer": (aligned("dpo", "narrow", "pairs.jsonl"), "narrow: the tokenizer gives ids up to 399"),
    "classify: no row": (headed("classify", "encoder", "empty.jsonl"), "empty.jsonl has no examples"),
    "classify: one row": (headed("classify", "encoder", "one review.jsonl"), "all 1 rows have the label good"),
    "classify: labels": (headed("classify", "encoder", "reviews.jsonl", "--set", "classify.labels=[good,bda]"), "reviews.jsonl:49: the label bad is none of those that are declared"),
    "tag: labels": (headed("tag", "encoder", "entities.jsonl", "--set", "tag.labels=[PER,ORG]"), "the label LOC is none of those"),
    "tag: foreign tokenizer": (headed("tag", "narrow encoder", "entities.jsonl"), "narrow encoder: the tokenizer gives ids up to"),
    "embed: one row": (headed("embed", "path:encoder", "one query.jsonl"), "each side needs one"),
    "embed: rows longer than the model reads": (headed("embed", "path:encoder", "queries.jsonl", "--set", "embed.passage_tokens=192"), "embed.passage_tokens is 192, and encoder reads 64 tokens at most"),
    "rerank: rows longer than the model reads": (headed("rerank", "path:encoder", "queries.jsonl", "--set", "rerank.pair_tokens=256"), "rerank.pair_tokens is 256, and encoder reads 64 tokens at most"),
    "translate: no row": (("head", "translate", "--data", "empty.jsonl"), "empty.jsonl has no examples"),
    "anomaly: one row": (("head", "anomaly", "--data", "one.csv"), "1 moments are too few"),
    "pretrain: no document": (("pretrain", "no pages"), "No files in no pages"),
    "pretrain: one document": (("pretrain", "one page", *PRETRAIN[2:]), "1 documents came in, and 2 are the least"),
}  # fmt: skip
"""What is run in the folder, and what must be said. None of it is anything but wrong input."""


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_input_is_refused_with_one_message_that_names_it(bad: Path, tmp_path: Path, case: str) -> None:
    arguments, said = REFUSED[case]
    refused = here(bad, *arguments, "--out", str(tmp_path / "out"), XDG_CACHE_HOME=str(tmp_path / "cache"))
    errors = [line for line in refused.stderr.splitlines() if line.startswith("error: ")]
    assert (refused.returncode in (1, 2), len(errors)) == (True, 1), refused.stderr
    assert said in errors[0]
    assert str(tmp_path) not in errors[0], "a copy that is gone"
    assert "hint: " in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        tuned("huge", "chats.jsonl"),
        aligned("dpo", "huge", "pairs.jsonl"),
        aligned("grpo", "huge", "prompts.jsonl", "--reward", "length:5"),
    ],
    ids=("lora", "dpo", "grpo"),
)
def test_a_loss_that_is_no_number_ends_the_training(bad: Path, tmp_path: Path, arguments: Sequence[str]) -> None:
    failed = here(bad, *arguments, "--out", str(tmp_path / "out"))
    assert failed.returncode == 1
    assert "diverged" in failed.stderr or "are no numbers" in failed.stderr
    assert not (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.parametrize("policy", ["leave_out", "split"])
def test_rows_over_the_limit_are_counted(bad: Path, tmp_path: Path, policy: str) -> None:
    done = here(bad, *tuned("base", "chats.jsonl", "--set", "finetune.sequence_tokens=45"), "--set", f"finetune.long_conversations={policy}", "--out", str(tmp_path / "out"), "--json")  # fmt: skip
    counts = json.loads(done.stdout)["counts"]
    assert counts["conversations"] == counts["learnt"] + counts["too long"] + counts["not reached"] == 20
    assert counts["too long"] > 0


def test_adapters_of_another_base_and_damaged_ones_are_refused(bad: Path, tmp_path: Path) -> None:
    assert here(bad, *FINETUNE, "--out", str(tmp_path / "tuned")).returncode == 0
    adapter = tmp_path / "tuned" / "adapter"
    foreign = here(bad, *tuned("other", "chats.jsonl"), "--adapter", str(adapter), "--out", str(tmp_path / "no"))
    assert (foreign.returncode, "is an adapter of another base model" in foreign.stderr) == (2, True)
    damaged(adapter, tmp_path / "cut", lambda place: cut(place / "adapter_model.safetensors"))
    short = here(bad, *FINETUNE, "--adapter", str(tmp_path / "cut"), "--out", str(tmp_path / "no"))
    assert (short.returncode, "adapter_model.safetensors cannot be read" in short.stderr) == (2, True)


def disturbed(folder: Path, arguments: Sequence[str], out: Path, seen: str, disturb: Callable[[int], None]) -> Outcome:
    """Run a command, and do something to its process as soon as it has written a checkpoint like `seen`."""
    process = subprocess.Popen([DANLU, *arguments, "--out", out], cwd=folder, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    until, before = time.monotonic() + _LATE_S, found(out, f".work/**/{seen}")
    while process.poll() is None and not found(out, f".work/**/{seen}") - before and time.monotonic() < until:
        time.sleep(0.002)
    if process.poll() is None:
        disturb(process.pid)
    said, errors = process.communicate(timeout=_LATE_S)
    return Outcome(process.args, process.returncode, said, errors)


def no_more_files(process: int) -> None:
    """Every file that it writes from now on ends after some bytes, as on a full disk."""
    resource.prlimit(process, resource.RLIMIT_FSIZE, (2000, 2000))


def terminated(process: int) -> None:
    os.kill(process, signal.SIGTERM)


CAUSES = {
    "full disk": (no_more_files, "could not be written"),
    "SIGTERM": (terminated, "stopped by SIGTERM after step"),
}
TRAININGS = {
    "finetune": ((*FINETUNE, *LONGER), "step-*", ("full disk", "SIGTERM")),
    "pretrain": (PRETRAIN, "step-*", ("full disk",)),
    "align": (ALIGN, "sealed.json", ("SIGTERM",)),
}


@pytest.mark.parametrize("training", TRAININGS)
def test_a_disturbed_training_keeps_its_last_checkpoint_and_ends_as_an_undisturbed_one(
    bad: Path, tmp_path: Path, training: str
) -> None:
    arguments, seen, causes = TRAININGS[training]
    for cause in causes:
        disturb, said = CAUSES[cause]
        failed = disturbed(bad, arguments, tmp_path / "out", seen, disturb)
        errors = [line for line in failed.stderr.splitlines() if line.startswith("error: ")]
        assert (failed.returncode, len(errors), "Traceback" in failed.stderr) == (1, 1, False), failed.stderr
        assert said in errors[0]
        assert list((tmp_path / "out" / ".work").rglob(seen))
    again, whole = (here(bad, *arguments, "--out", str(tmp_path / name)) for name in ("out", "whole"))
    assert (again.returncode, whole.returncode) == (0, 0), again.stderr + whole.stderr
    assert Manifest.read(tmp_path / "out").content_hash == Manifest.read(tmp_path / "whole").content_hash


def test_too_little_memory_to_begin_is_told(bad: Path, tmp_path: Path) -> None:
    def little() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))

    failed = subprocess.run(
        [DANLU, *FINETUNE, "--out", tmp_path / "out"], cwd=bad, env=environment(), capture_output=True, text=True,
        preexec_fn=little,
    )  # fmt: skip
    assert (failed.returncode, "error: memory ran out" in failed.stderr) == (1, True), failed.stderr
