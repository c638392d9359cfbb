import json
import re

import pytest

from commands import here
from tiny import make_tiny_checkpoint, write_chats


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A search of four trials on the tiny checkpoint."""
    folder = tmp_path_factory.mktemp("search")
    make_tiny_checkpoint(folder / "base")
    write_chats(folder / "chats.jsonl", count=20)
    told = here(folder, *_command("found"))
    assert told.returncode == 0, told.stderr
    return folder, told.stdout


def _command(out, *more):
    return (
        "search", "finetune", "--base", "path:base", "--data", "chats.jsonl", "--out", out, "--trials", "4",
        "--set", "search.learning_rate=1e-4:1e-1", "--set", "search.rank=2:8", "--set", "search.evaluations=2",
        "--set", "finetune.max_train_tokens=900", *more,
    )  # fmt: skip


def test_every_trial_is_told_and_the_best_is_a_command(found):
    folder, printed = found
    report = json.loads((folder / "found" / "report.json").read_text())
    assert [trial["number"] for trial in report["trials"]] == [0, 1, 2, 3]
    finished = [trial for trial in report["trials"] if trial["state"] == "done"]
    assert report["best"]["score"] == min(trial["score"] for trial in finished)
    best = report["best"]["settings"]
    assert set(best) == {"learning_rate", "rank"} and isinstance(best["rank"], int) and 2 <= best["rank"] <= 8
    last = printed.strip().splitlines()[-1]
    assert last.startswith("danlu finetune --base path:base --data chats.jsonl --out DIR --set finetune.learning_rate=")
    assert all(0 < trial["tokens"] <= 900 for trial in report["trials"])


def test_the_same_search_finds_the_same(found):
    folder, _ = found
    again = here(folder, *_command("again"))
    assert again.returncode == 0
    assert (folder / "again" / "report.json").read_bytes() == (folder / "found" / "report.json").read_bytes()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("search.learning_rate=2:1", "search.learning_rate=2:1 is no range"),
        ("search.rnk=1:4", r"finetune\.rnk cannot be"),
        ("search.rank=0:2", r"finetune\.rank cannot be 0"),
        ("finetune.rnk=4", "unknown key `finetune.rnk`"),
    ],
)
def test_what_cannot_be_searched_is_told_before_anything_runs(found, setting, message):
    folder, _ = found
    told = here(folder, *_command("never", "--set", setting))
    assert told.returncode == 2 and re.search(message, told.stderr), told.stderr
    assert not (folder / "never").exists()
