"""danlu search pretrain: rates and shapes at equal cost."""

import json

import pytest

from commands import here
from danlu.core.artifacts import Manifest
from danlu.train.pretrain_config import PretrainConfig
from danlu.train.search.pretrain_trial import with_budget

SENTENCE = "The pump of hall {n} runs at {m} bar. Close the valve before you open the cover, then wait. "


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A search of four trials over two shapes."""
    folder = tmp_path_factory.mktemp("search")
    (folder / "pages").mkdir()
    for number in range(30):
        text = "".join(SENTENCE.format(n=number * 17 + line, m=line * number % 23) for line in range(6))
        (folder / "pages" / f"{number:02}.txt").write_text(text, encoding="utf-8")
    told = here(folder, *command("found"))
    assert told.returncode == 0, told.stderr
    return folder, told.stdout


def command(out, *more):
    return (
        "search", "pretrain", "pages", "--out", out, "--trials", "4", "--set", "search.learning_rate=1e-3:1e-2",
        "--set", "search.layers=1|2", "--set", "search.evaluations=2", "--set", "tokenizer.size=420",
        "--set", "pretrain.sequence_tokens=64", "--set", "pretrain.step_sequences=8", "--set", "pretrain.max_train_tokens=3000",
        "--set", "pretrain.max_epochs=50", *more,
    )  # fmt: skip


def test_trials_of_every_shape_are_told_and_the_best_is_a_command(found):
    folder, printed = found
    report = json.loads((folder / "found" / "report.json").read_text())
    assert [trial["number"] for trial in report["trials"]] == [0, 1, 2, 3] and report["unit"] == "bits per byte"
    assert {trial["settings"]["layers"] for trial in report["trials"]} == {1, 2}
    finished = [trial for trial in report["trials"] if trial["state"] == "done"]
    assert report["best"]["score"] == min(trial["score"] for trial in finished)
    *_, header, _, _, _, _, _, last = printed.strip().splitlines()
    assert header.split()[:3] == ["trial", "layers", "learning_rate"]
    assert last.startswith("danlu pretrain pages --preset tiny --out DIR --set pretrain.layers=")
    assert "--set tokenizer.size=420" in last and "max_train_tokens" not in last


def test_a_larger_model_has_fewer_tokens_for_the_same_cost(found):
    folder, _ = found
    trials = json.loads((folder / "found" / "report.json").read_text())["trials"]
    tokens = {trial["settings"]["layers"]: trial["tokens"] for trial in trials if trial["state"] == "done"}
    assert tokens[1] > 3 * tokens[2]
    usual = PretrainConfig(layers=2, max_train_tokens=3000)
    for equal, expected in (
        ("tokens", 3000),
        ("compute", 3000 * (12 * 2 * 128**2 + 420 * 128) // (12 * 64**2 + 420 * 64)),
    ):
        trial = with_budget(usual.model_copy(update={"layers": 1}), usual, 420, equal)
        assert abs(trial.max_train_tokens - expected) <= 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--preset", "small", "--set", "pretrain.max_train_tokens=null"], "pretrain.max_train_tokens is not set"),
        (["--base", "path:x"], "search.layers and --base exclude each other"),
        (["--set", "search.layer=1|2"], "search: pretrain.layer cannot be"),
        (["--set", "search.layers=0|2"], "search: pretrain.layers cannot be 0"),
        (["--base", "path:x", "--tokenizer", "y"], "--base and --tokenizer exclude each other"),
    ],
)
def test_what_cannot_be_searched_is_told_before_anything_runs(found, more, said):
    folder, _ = found
    told = here(folder, *command("never", *more))
    assert (told.returncode, said in told.stderr) == (2, True), told.stderr
    assert not (folder / "never").exists()


def test_the_report_says_what_was_searched(found):
    folder, _ = found
    manifest = Manifest.read(folder / "found")
    assert manifest.config["ranges"] == {"learning_rate": "1e-3:1e-2", "layers": "1|2"}
    assert manifest.counts["trials"] == 4 == manifest.counts["done"] + manifest.counts["given up"]
