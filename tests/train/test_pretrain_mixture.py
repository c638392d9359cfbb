"""Pretraining on several corpora by weight, through the command."""

import json
from pathlib import Path

import pytest

from commands import here
from danlu.core.artifacts import Manifest
from danlu.core.execute import Machine, execute
from danlu.core.store import Store
from danlu.data.split.parted import SIDES_FILE
from danlu.recipes.settings import Settings
from danlu.recipes.single_pretrain import corpus_names, pretrain_plan
from danlu.text.tables import read_rows

SENTENCES = {
    "en": "The pump of hall {n} runs at {m} bar. Close the valve before you open the cover, then wait until the pressure has fallen. ",
    "zh": "第{n}号车间的水泵在{m}巴压力下运行。打开盖子之前，请先关闭阀门，然后等待压力下降到安全范围。",
}
SMALL = [
    "--set", "tokenizer.size=420", "--set", "pretrain.layers=1", "--set", "pretrain.sequence_tokens=64",
    "--set", "pretrain.step_sequences=8", "--set", "pretrain.micro_batch_sequences=4",
    "--set", "pretrain.max_train_tokens=1000000", "--set", "pretrain.max_epochs=3",
]  # fmt: skip
FOLDERS = {"zh:manuals": "zh", "en": "en"}


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """A model of three rows of Chinese manuals, whose folder has a colon in its name, to one of English; and what was said."""
    folder = tmp_path_factory.mktemp("mixture")
    for name, language in FOLDERS.items():
        (folder / name).mkdir()
        for number in range(30):
            text = "".join(SENTENCES[language].format(n=number * 17 + line, m=line * number % 23) for line in range(5))
            (folder / name / f"{number:02}.txt").write_text(text, encoding="utf-8")
    done = here(folder, *pretrain("model", "zh:manuals", "en", "--weights", "3,1"))
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def pretrain(out, *more):
    return ["pretrain", *more, "--out", out, *SMALL]


def test_each_corpus_is_read_by_its_weight_until_one_is_used_up(ground):
    folder, printed = ground
    record = json.loads((folder / "model" / "training.json").read_text())
    english, chinese = record["corpora"]
    assert (english["name"], chinese["name"]) == ("en", "zh:manuals")
    assert chinese["rows_read"] == 3 * english["rows_read"] == 6 * record["steps"]
    assert english["tokens_read"] + chinese["tokens_read"] == record["train_tokens"] < 10**6
    assert chinese["epochs"] == round(chinese["rows_read"] / chinese["rows"], 3)
    assert record["used_up"] == "zh:manuals" and "the training ended when zh:manuals was used up" in printed
    assert 2.5 < chinese["epochs"] <= 3 and english["epochs"] < 1
    assert 0 < chinese["held_out"] < english["held_out"]


def test_the_mixture_belongs_to_the_identity_and_is_told(ground):
    folder, printed = ground
    manifest, record = Manifest.read(folder / "model"), json.loads((folder / "model" / "training.json").read_text())
    assert manifest.config["weights"] == {"en": 1.0, "zh:manuals": 3.0}
    assert manifest.counts["rows read of en"] == record["corpora"][0]["rows_read"]
    assert f"in zh:manuals {record['corpora'][1]['held_out']:.3f}" in printed
    shown = here(folder, "--lang", "zh", "show", "model").stdout
    assert "读取的 zh:manuals 的行" in shown and "zh:manuals 用尽时训练结束" in shown


def test_what_each_stage_of_each_corpus_did_is_kept(ground):
    folder, _ = ground
    kept = {path.name for path in (folder / "model" / "before").iterdir()}
    assert {"mix", "split", "tokenize", "tokenize-2", "tokenize-5", "extract-2"} <= kept
    mixed = Manifest.read(folder / "model" / "before" / "mix").counts
    assert (mixed["input"], mixed["kept"], mixed["rejected"]) == (60, 60, 0)


def test_the_order_of_the_corpora_changes_nothing(ground):
    folder, _ = ground
    names = list(FOLDERS)

    def id_of(names, weights):
        plan = pretrain_plan([folder / name for name in names], "MIT", None, None, Settings({}), 0, weights)
        return plan.ids[plan.target]

    assert id_of(names, [3.0, 1.0]) == id_of(names[::-1], [1.0, 3.0]) != id_of(names, [1.0, 3.0])


def test_folders_of_one_name_are_two_corpora():
    assert corpus_names([Path("/a/docs"), Path("/b/docs"), Path("/b/other"), Path("/c/docs")]) == [
        "docs", "docs-2", "other", "docs-3",
    ]  # fmt: skip


def test_a_document_that_both_corpora_have_is_on_one_side(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        for number in range(25):
            text = "".join(SENTENCES["en"].format(n=number * 31 + line * 7, m=line * number % 19) for line in range(5))
            (tmp_path / name / f"{number:02}.txt").write_text(f"{name} {text}", encoding="utf-8")
    plan = pretrain_plan([tmp_path / "one", tmp_path / "other"], "MIT", None, None, Settings({}), 0, [1.0, 1.0])
    parted = execute(plan, Store(tmp_path / "store"), Machine(threads=1, workers=1), "split")
    sides = json.loads((parted.path / SIDES_FILE).read_text())
    held = {
        row["source"].split("/")[-1]
        for part in sides["validation"]
        for row in read_rows(parted.path / "documents" / part)
    }
    learnt = {
        row["source"].split("/")[-1] for part in sides["train"] for row in read_rows(parted.path / "documents" / part)
    }
    assert held and learnt and not held & learnt


@pytest.mark.parametrize(
    ("corpora", "weights", "said"),
    [
        (("zh:manuals", "en"), "3", "expected a number above 0 for each of 2 corpora"),
        (("zh:manuals", "en"), "3,0", "expected a number above 0 for each of 2 corpora"),
        (("zh:manuals", "en"), "3,x", "expected a number above 0 for each of 2 corpora"),
        (("en",), "3", "expected a number above 0 for each of 1 corpora"),
    ],
)
def test_weights_that_do_not_fit_are_told(ground, corpora, weights, said):
    folder, _ = ground
    told = here(folder, *pretrain("never", *corpora, "--weights", weights))
    assert (told.returncode, said in told.stderr) == (2, True), told.stderr
    assert not Path(folder / "never").exists()


def test_several_corpora_without_weights_are_not_read_as_files(ground, tmp_path):
    folder, _ = ground
    for name in ("a", "b"):
        assert here(tmp_path, "clean", str(folder / "en"), "--out", name).returncode == 0
    told = here(tmp_path, "pretrain", "a", "b", "--out", "never")
    assert (told.returncode, "--weights 1,1" in told.stderr) == (2, True), told.stderr
