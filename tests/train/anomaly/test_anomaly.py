"""The anomaly head: series checked cell by cell, planted anomalies found, figures by their definitions, resume exact.

The series are made here: three sensors of a cycle with noise, and in the test a stuck sensor, a jump and a change of phase.
"""

import json
import signal

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from danlu.core.errors import UserError
from danlu.recipes.settings import Settings
from danlu.recipes.single_anomaly import anomaly_plan, find_plan
from danlu.train.anomaly.measure import average_precision, figures, roc_area, runs
from danlu.train.anomaly.series import read_series
from danlu.train.anomaly.threshold import threshold_of
from plan_runs import run, run_killed

SETTINGS = {"anomaly.window": 24, "anomaly.channels": 16, "anomaly.layers": 3, "anomaly.epochs": 3,
            "anomaly.time": "when", "anomaly.label": "wrong", "anomaly.batch_windows": 32}  # fmt: skip
EVENTS = ((200, 210), (400, 401), (600, 620))


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    folder = tmp_path_factory.mktemp("series")
    for name, seed in (("normal", 0), ("later", 1)):
        draw = np.random.default_rng(seed)
        time = np.arange(1200 if name == "normal" else 800)
        values = np.stack([np.sin(time / 4), np.cos(time / 4), np.sin(time / 8)], axis=1) + 0.05 * draw.standard_normal(
            (len(time), 3)
        )
        labels = np.zeros(len(time), int)
        if name == "later":
            for start, end in EVENTS:
                labels[start:end] = 1
            values[200:210, 0] = values[199, 0]
            values[400, 1] += 2
            values[600:620] = values[600:620][::-1].copy()
        lines = [
            f"{at},{a:.5f},{b:.5f},{c:.5f},{label}\n" for at, (a, b, c), label in zip(time, values, labels, strict=True)
        ]
        (folder / f"{name}.csv").write_text("when,a,b,c,wrong\n" + "".join(lines))
    return folder


@pytest.fixture(scope="module")
def head(series, tmp_path_factory):
    return run(_plan(series), tmp_path_factory.mktemp("head"))


def _plan(series):
    return anomaly_plan(series / "normal.csv", series / "later.csv", Settings(dict(SETTINGS)))


def test_planted_anomalies_are_found(head):
    test = json.loads((head.path / "report.json").read_text())["test"]
    assert test["auc_roc"] > 0.9
    assert test["events"]["recall"] == 1.0
    assert test["moments"]["precision"] > 0.5


def test_resume_after_sigkill_equals_the_uninterrupted_run(series, head, tmp_path):
    imports = "from danlu.recipes.settings import Settings\nfrom danlu.recipes.single_anomaly import anomaly_plan"
    folder = str(series)
    plan = f"anomaly_plan(Path({folder!r}) / 'normal.csv', Path({folder!r}) / 'later.csv', Settings({SETTINGS!r}))"
    assert run_killed(imports, plan, tmp_path, step=30) == -signal.SIGKILL
    assert list(tmp_path.glob("out/*/checkpoints/step-*"))
    assert run(_plan(series), tmp_path).manifest.content_hash == head.manifest.content_hash


def test_a_saved_head_finds_the_same_in_another_series(series, head, tmp_path):
    found = run(find_plan(head.path, series / "later.csv", "wrong"), tmp_path)
    report = found.read()
    assert report["test"] == json.loads((head.path / "report.json").read_text())["test"]
    scores = [line.split(",") for line in (found.path / "scores.csv").read_text().splitlines()[1:]]
    assert len(scores) == 800 and scores[400][2] == "1"
    assert any(event["start"] == "400" for event in report["alarms"])


def test_labelled_moments_are_not_learnt(series, tmp_path):
    made = run(anomaly_plan(series / "later.csv", None, Settings(SETTINGS | {"anomaly.epochs": 1})), tmp_path)
    assert made.manifest.counts["left out as anomalous"] == sum(end - start for start, end in EVENTS)
    assert made.manifest.note.endswith("not tested")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3,x\n", "s.csv:3: b is 'x', and not a number"),
        ("a,b\n1,2\n3,\n", "s.csv:3: b is '', and not a number"),
        ("a,b\n1,nan\n", "s.csv:2: b is 'nan', and not a number"),
        ("a,b\n1,2\n3\n", "s.csv:3 has 1 cells where the first line has 2"),
        ("a,a\n1,2\n", "must name each column once"),
        ("a,b\n", "has no measurements"),
    ],
)
def test_a_wrong_cell_is_told_with_its_line_and_column(tmp_path, text, message):
    path = tmp_path / "s.csv"
    path.write_text(text)
    with pytest.raises(UserError) as told:
        read_series(path)
    assert message in told.value.message


def test_other_columns_and_short_series_are_refused(series, head, tmp_path):
    (tmp_path / "other.csv").write_text("when,a,b,wrong\n1,2,3,0\n")
    with pytest.raises(UserError, match="the model learnt a, b, c"):
        run(find_plan(head.path, tmp_path / "other.csv", "wrong"), tmp_path / "run")
    (tmp_path / "short.csv").write_text("a\n" + "1\n" * 50)
    with pytest.raises(UserError, match="50 moments are too few"):
        run(anomaly_plan(tmp_path / "short.csv", None, Settings({})), tmp_path / "run")
    with pytest.raises(UserError, match="has no column nothing"):
        read_series(series / "normal.csv", "nothing")
    with pytest.raises(UserError, match="needs the column of labels"):
        anomaly_plan(series / "normal.csv", series / "later.csv", Settings({}))


def test_areas_equal_scikit_learn_with_ties():
    draw = np.random.default_rng(0)
    scores, labels = np.round(draw.random(300), 1), draw.random(300) < 0.2
    assert roc_area(scores, labels) == pytest.approx(roc_auc_score(labels, scores))
    assert average_precision(scores, labels) == pytest.approx(average_precision_score(labels, scores))


def test_an_event_counts_once_and_is_not_adjusted_by_points():
    labels = np.zeros(20, bool)
    labels[2:12] = True
    alarms = np.zeros(20, bool)
    alarms[[5, 15]] = True
    found = figures(alarms.astype(float), alarms, labels)
    assert runs(labels) == [(2, 12)]
    assert found["moments"]["recall"] == 0.1 and found["moments"]["precision"] == 0.5
    assert found["events"]["recall"] == 1.0 and found["events"]["precision"] == 0.5
    nothing = figures(np.zeros(20), np.zeros(20, bool), np.zeros(20, bool))
    assert nothing["auc_roc"] is None and nothing["moments"]["f1"] is None


@pytest.mark.parametrize("false_alarms", [1e-2, 1e-3, 1e-4])
def test_peaks_over_threshold_reach_the_tail_of_an_exponential(false_alarms):
    scores = np.random.default_rng(0).exponential(size=20_000)
    assert threshold_of(scores, "pot", false_alarms) == pytest.approx(-np.log(false_alarms), rel=0.2)


def test_few_peaks_fall_back_on_the_quantile():
    scores = np.arange(100.0)
    assert threshold_of(scores, "pot", 1e-3) == threshold_of(scores, "quantile", 1e-3)
