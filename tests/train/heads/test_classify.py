"""The classifier: data checked, sides that share nothing, metrics, the checkpoint, resume."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from danlu.cli.speech import Speech
from danlu.core.errors import UserError
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.train.heads.apply import apply
from danlu.train.heads.classify import ClassifyConfig, train_classifier
from danlu.train.heads.classify_data import read_labelled
from danlu.train.heads.config import HeadInputs
from danlu.train.heads.framing import Framing, windows
from danlu.train.heads.metrics_classes import (
    calibration_error,
    class_nats,
    confusion,
    fit_temperature,
    scores,
    softmax,
    yes_no,
)
from danlu.train.heads.metrics_fairness import gaps
from danlu.train.heads.sides import known_in, part
from label_rows import reviews, topics, write
from tiny import make_tiny_checkpoint
from tiny_bert import make_tiny_bert

CONFIG = {"learning_rate": 5e-3, "epochs": 6, "step_rows": 8}
# Trains like the tests do, but kills itself with SIGKILL after a step or in the middle of writing a checkpoint.
SCRIPT = """
import json, os, signal, sys
from pathlib import Path
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.loop import checkpoint
from danlu.train.heads.classify import ClassifyConfig, train_classifier

base, data, out, work, when = sys.argv[1:6]
from danlu.train.heads.config import HeadInputs
class Progress(Silent):
    def advance(self, done, total, note=""):
        if when == f"step {done}":
            os.kill(os.getpid(), signal.SIGKILL)
saves = []
plain = os.fsync
def fsync(handle):
    saves.append(handle)
    if when == f"save {len(saves)}":
        os.kill(os.getpid(), signal.SIGKILL)
    plain(handle)
checkpoint.os.fsync = fsync
config = ClassifyConfig(**json.loads(sys.argv[6]))
Path(out).mkdir()
train_classifier(HeadInputs(Path(base), Path(data)), config, Work(Path(out), Path(work), 5, 1, 1, Progress()))
"""


def trained(base, data, folder, held_out=None, **changes):
    out = folder / "out"
    out.mkdir(exist_ok=True)
    config = ClassifyConfig(**{**CONFIG, **changes})
    dataset, report = train_classifier(
        HeadInputs(base, data, held_out), config, Work(out, folder / "work", 5, 1, 1, Silent())
    )
    return out, dataset, report


def hashes(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_tiny_bert(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write(tmp_path_factory.mktemp("data") / "reviews.jsonl", reviews())


@pytest.fixture(scope="module")
def reference(base, data, tmp_path_factory):
    return trained(base, data, tmp_path_factory.mktemp("reference"))


def test_it_learns_and_the_report_counts_every_row(reference):
    _, dataset, report = reference
    sides = dataset.sides
    assert report["test"]["accuracy"] >= 0.9 > report["test"]["most_frequent_label_accuracy"]
    assert len(dataset.texts) + len(dataset.rejects) == dataset.input == 96
    assert sorted([*sides.train, *sides.validation, *sides.test]) == list(range(96))
    assert sum(map(sum, report["test"]["confusion"])) == len(sides.test) == 10
    assert report["steps_left_out"] == 0 and report["largest_difference_on_disk"] == 0.0
    assert len(report["validation_score_by_epoch"]) == 6


def test_pipeline_gives_the_same_labels_and_apply_too(reference, tmp_path):
    from transformers import pipeline

    out, dataset, _ = reference
    texts = [dataset.texts[at].text for at in (*dataset.sides.test, *dataset.sides.validation)]
    said = list(apply(out, write(tmp_path / "texts.jsonl", [{"text": text} for text in texts]), 1))
    theirs = pipeline("text-classification", model=str(out))(texts)
    assert [row["label"] for row in said] == [row["label"] for row in theirs]
    facts = json.loads((out / "head.json").read_text())
    if facts["temperature"] == 1.0:
        np.testing.assert_allclose([row["probability"] for row in said], [row["score"] for row in theirs], atol=1e-5)
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in out.rglob("*") if path.is_file())


def test_any_number_of_labels(base, tmp_path):
    from transformers import pipeline

    data = write(tmp_path / "topics.jsonl", topics())
    out, dataset, report = trained(base, data, tmp_path, epochs=30)
    assert dataset.labels == ("film", "food", "praise")
    assert report["test"]["micro"]["f1"] > 0.8
    texts = [dataset.texts[at].text for at in dataset.sides.test]
    said = list(apply(out, write(tmp_path / "texts.jsonl", [{"text": text} for text in texts]), 1))
    theirs = pipeline("text-classification", model=str(out), top_k=None)(texts)
    assert [set(row["labels"]) for row in said] == [{p["label"] for p in row if p["score"] > 0.5} for row in theirs]


def test_a_causal_model_takes_the_head_too(data, tmp_path):
    from transformers import pipeline

    out, dataset, report = trained(
        make_tiny_checkpoint(tmp_path / "llama"), data, tmp_path, learning_rate=1e-2, epochs=3
    )
    assert report["test"]["accuracy"] > report["test"]["most_frequent_label_accuracy"]
    texts = [dataset.texts[at].text for at in dataset.sides.test]
    said = list(apply(out, write(tmp_path / "texts.jsonl", [{"text": text} for text in texts]), 1))
    assert [row["label"] for row in said] == [
        row["label"] for row in pipeline("text-classification", model=str(out))(texts)
    ]


def in_another_process(base, data, folder, when=""):
    src = Path(__file__).parents[3] / "src"
    arguments = [str(base), str(data), str(folder / "out"), str(folder / "work"), when, json.dumps(CONFIG)]
    environment = {**os.environ, "PYTHONPATH": str(src), "PYTHONHASHSEED": "99"}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], env=environment, stderr=subprocess.DEVNULL
    ).returncode


def test_resume_after_sigkill_equals_uninterrupted_run_in_this_process(base, data, reference, tmp_path):
    assert in_another_process(base, data, tmp_path, "step 13") == -signal.SIGKILL
    assert any((tmp_path / "work").rglob("state.json"))
    out, _, report = trained(base, data, tmp_path)
    assert hashes(out) == hashes(reference[0])
    assert report == reference[2]


def test_equal_texts_never_cross_sides_and_rare_labels_train():
    texts = [f"text number {n} says {n * n} things of {n} colours" for n in range(40)]
    texts += [texts[0].upper(), " ".join(texts[1].split()) + " ", f"{texts[2]} indeed", texts[2]]
    strata = ["rare" if n == 7 else "often" for n in range(len(texts))]
    sides = part(texts, strata, 3, validation=0.2, test=0.2, threshold=0.5)
    where = {row: name for name, rows in vars(sides).items() for row in rows}
    assert sorted(where) == list(range(len(texts)))
    assert where[0] == where[40] and where[1] == where[41] and where[2] == where[42] == where[43]
    assert where[7] == "train"
    assert min(len(rows) for rows in vars(sides).values()) >= 6
    assert part(texts, strata, 3, validation=0.2, test=0.2, threshold=0.5) == sides
    assert known_in(["fresh words here", texts[3]], texts[3:5], 0.7) == {1}


def test_rows_that_are_held_out_do_not_train(base, tmp_path):
    rows = reviews()
    data = write(tmp_path / "reviews.jsonl", rows)
    apart = write(tmp_path / "apart.jsonl", [{**rows[0], "text": rows[0]["text"].upper()}, rows[-1]])
    _, dataset, report = trained(base, data, tmp_path, apart, epochs=1)
    assert {reject.rule for reject in dataset.rejects} == {"also held out"}
    assert len(dataset.texts) + len(dataset.rejects) == dataset.input == 98
    assert report["test"]["rows"] == 2


@pytest.mark.parametrize("policy", ["window", "cut", "reject"])
def test_long_texts_are_counted_whatever_becomes_of_them(base, tmp_path, policy):
    rows = reviews()
    rows[5] = {"text": rows[5]["text"] + " the" * 100, "label": rows[5]["label"]}
    _, dataset, _ = trained(base, write(tmp_path / "d.jsonl", rows), tmp_path, epochs=1, long_texts=policy)
    lengths = {len(windows_of_text) for windows_of_text in dataset.rows}
    assert lengths == ({1, 2} if policy == "window" else {1})
    assert len(dataset.rejects) == (policy == "reject") and dataset.long_texts == (policy != "reject")
    assert len(dataset.texts) + len(dataset.rejects) == dataset.input


def test_a_short_text_has_the_ids_that_the_tokenizer_gives(base, tmp_path):
    from transformers import AutoTokenizer

    for folder in (base, make_tiny_checkpoint(tmp_path / "llama")):
        framing, tokenizer = Framing.load(folder, 64), AutoTokenizer.from_pretrained(folder)
        text, other = "this film 很好看 was nice", "who ?"
        pieces, first = framing.pieces([text, other])
        assert list(framing.one(pieces.ids)[0]) == tokenizer(text)["input_ids"]
        assert list(framing.two(first.ids, pieces.ids)[0]) == tokenizer(other, text)["input_ids"]
        assert all(text[start:end].strip() == text[start:end] for start, end in pieces.spans)


@pytest.mark.parametrize(
    ("count", "room", "overlap"), [(0, 5, 2), (5, 5, 2), (6, 5, 2), (50, 7, 3), (50, 7, 0), (9, 2, 8)]
)
def test_windows_own_each_token_once(count, room, overlap):
    cuts = windows(count, room, overlap)
    assert [at for cut in cuts for at in range(cut.own_start, cut.own_end)] == list(range(count))
    assert all(0 <= cut.start <= cut.own_start <= cut.own_end <= cut.end <= count for cut in cuts)
    assert all(cut.end - cut.start <= room for cut in cuts)


def test_metrics_are_those_of_scikit_learn():
    from sklearn import metrics

    random = np.random.default_rng(0)
    logits, truth = random.normal(size=(200, 4)), random.integers(0, 4, 200)
    truth[truth == 3] = 2  # said, and never true
    said = logits.argmax(axis=1)
    names = ["a", "b", "c", "d"]
    found = scores(*yes_no(truth, said, 4), names)
    for average in ("macro", "micro"):
        expected = metrics.precision_recall_fscore_support(
            truth, said, labels=range(4), average=average, zero_division=0
        )[:3]
        np.testing.assert_allclose([found[average][name] for name in ("precision", "recall", "f1")], expected)
    assert found["accuracy"] == metrics.accuracy_score(truth, said)
    assert confusion(truth, said, 4) == metrics.confusion_matrix(truth, said, labels=range(4)).tolist()
    np.testing.assert_allclose(class_nats(logits, truth), metrics.log_loss(truth, softmax(logits), labels=range(4)))
    tables = random.random((2, 50, 3)) > 0.6
    many = scores(tables[0], tables[1], names[:3])
    assert many["accuracy"] == metrics.accuracy_score(*tables)
    assert many["macro"]["f1"] == pytest.approx(metrics.f1_score(*tables, average="macro", zero_division=0))
    assert many["micro"]["f1"] == pytest.approx(metrics.f1_score(*tables, average="micro", zero_division=0))


def test_calibration_error_and_temperature_are_those_of_their_definitions():
    from scipy.optimize import minimize_scalar

    random = np.random.default_rng(1)
    logits = random.normal(size=(500, 3)) * 4
    truth = np.array([random.choice(3, p=row) for row in softmax(logits / 2.5)])
    certainty, right = softmax(logits).max(axis=1), logits.argmax(axis=1) == truth
    expected = 0.0
    for low in range(15):
        inside = (certainty > low / 15) & (certainty <= (low + 1) / 15)
        if inside.any():
            expected += abs(right[inside].mean() - certainty[inside].mean()) * inside.mean()
    assert calibration_error(certainty, right) == pytest.approx(expected)
    best = minimize_scalar(lambda t: class_nats(logits, truth, t), bounds=(0.1, 10), method="bounded").x
    assert fit_temperature(logits, truth) == pytest.approx(best, rel=1e-3)
    assert fit_temperature(logits, truth) == pytest.approx(2.5, rel=0.2)


def test_gaps_are_the_largest_differences_of_rates():
    random = np.random.default_rng(2)
    truth, said, groups = (
        random.choice(names, 300).tolist() for names in (["x", "y", "z"], ["x", "y", "z"], ["g", "h"])
    )
    found = gaps(truth, said, groups)
    rows = list(zip(truth, said, groups, strict=True))

    def rate(label, group, true=None):
        given = [s == label for t, s, g in rows if g == group and true in (None, t)]
        return sum(given) / len(given)

    parity = max(abs(rate(label, "g") - rate(label, "h")) for label in "xyz")
    odds = max(abs(rate(label, "g", true) - rate(label, "h", true)) for label in "xyz" for true in "xyz")
    assert found["demographic_parity_gap"] == pytest.approx(parity)
    assert found["equalised_odds_gap"] == pytest.approx(odds)
    assert found["groups"]["g"]["rows"] + found["groups"]["h"]["rows"] == 300


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "d.jsonl:2: not JSON"),
        ("[1]", "d.jsonl:2: list, and not an object"),
        ('{"label": "good"}', "d.jsonl:2: text is missing"),
        ('{"text": "", "label": "good"}', 'd.jsonl:2: text is ""'),
        ('{"text": "x"}', "d.jsonl:2: label is missing"),
        ('{"text": "x", "label": null}', "d.jsonl:2: label is null"),
        ('{"text": "x", "label": true}', "d.jsonl:2: label is true"),
        ('{"text": "x", "label": "god"}', "the label god is none of those that are declared"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, complaint):
    path = tmp_path / "d.jsonl"
    path.write_text('{"text": "y", "label": "good"}\n' + line)
    with pytest.raises(UserError, match=complaint):
        read_labelled(path, ("good", "bad"), None)


def test_data_that_nothing_can_be_learnt_from_are_refused(base, tmp_path):
    same = write(tmp_path / "same.jsonl", [{"text": f"text {n}", "label": "good"} for n in range(9)])
    with pytest.raises(UserError, match="all 9 rows have the label good"):
        read_labelled(same, (), None)
    with pytest.raises(UserError, match="kind is missing"):
        read_labelled(same, (), "kind")
    few = write(tmp_path / "few.jsonl", [{"text": "one", "label": "a"}, {"text": "two", "label": "b"}])
    with pytest.raises(UserError, match="2 different texts, too few"):
        trained(base, few, tmp_path)
    declared = write(tmp_path / "declared.jsonl", reviews())
    with pytest.raises(UserError, match="No training row has the label mixed"):
        trained(base, declared, tmp_path, labels=("good", "bad", "mixed"))


def test_an_encoder_without_its_weights_is_refused(base, data, tmp_path):
    from safetensors.torch import load_file, save_file

    broken = tmp_path / "broken"
    broken.mkdir()
    for path in base.iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    weights = load_file(broken / "model.safetensors")
    del weights["bert.encoder.layer.1.output.dense.weight"]
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match="1 weights of the encoder are missing"):
        trained(broken, data, tmp_path)


def test_csv_and_json_lines_are_the_same_data(tmp_path):
    import csv

    rows = [{"text": 'it "is", so\nit seems', "label": "a"}, {"text": "是，好", "label": "b"}]
    with (tmp_path / "rows.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, ["text", "label"])
        writer.writeheader()
        writer.writerows(rows)
    from_csv = read_labelled(tmp_path / "rows.csv", (), None)[0]
    from_json = read_labelled(write(tmp_path / "rows.jsonl", rows), (), None)[0]
    assert [(row.text, row.labels) for row in from_csv] == [(row.text, row.labels) for row in from_json]
    (tmp_path / "short.csv").write_text("text,label\nonly a text\n")
    with pytest.raises(UserError, match=r"short.csv:2: not as many values"):
        read_labelled(tmp_path / "short.csv", (), None)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_first_line_of_a_csv_tells_its_delimiter(tmp_path, delimiter):
    lines = [["id", "text", "label"], ["1", '"so, it is; good"', "a"], ["2", "是，好", "b"]]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(delimiter.join(cells) for cells in lines), encoding="utf-8")
    assert [(row.text, row.labels) for row in read_labelled(path, (), None)[0]] == [
        ("so, it is; good", ("a",)), ("是，好", ("b",)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "complaint", "step"),
    [
        ("d.csv", b"sentence,category\na,b\n", "has the columns sentence, category, parted by commas: expected text, label", "Call them so"),
        ("d.csv", b"sentence;category\na;b\n", "has the columns sentence, category, parted by semicolons", "Call them so"),
        ("d.csv", b'text,label\n"a"b,c\n', "d.csv:2: no CSV", "into quotation marks"),
        ("d.jsonl", b'{"sentence": "x", "category": "y"}', "text is missing: the row has the columns sentence, category", "Call the column text"),
        ("d.csv", "text,label\n不错,好\n".encode("gbk"), "d.csv:2: not UTF-8: the byte 0xb2", "iconv -f GB18030"),
        ("d.jsonl", '{"text": "不错", "label": "好"}'.encode("gb18030"), "d.jsonl:1: not UTF-8: the byte 0xb2", "iconv -f GB18030"),
        ("d.csv", "text,label\n不错,好\n".encode("utf-16"), "d.csv:1: not UTF-8", "iconv -f UTF-16"),
        ("d.csv", b"text,label\n\xff,a\n", "d.csv:2: not UTF-8: the byte 0xff", "Save it as UTF-8."),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_told_with_what_it_has_and_the_next_step(
    tmp_path, name, content, complaint, step
):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError, match=complaint) as told:
        read_labelled(path, (), None)
    assert step in told.value.hint
    chinese = Speech("zh").error(told.value)
    assert "应" in chinese or "请" in chinese
