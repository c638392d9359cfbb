"""The stages `anomaly` and `find_anomalies`: a small forecaster of a machine's normal operation, and what it did not foresee.

It learns from the first part of a series of normal operation; the rest says how large its errors are when nothing is wrong,
and so sets the threshold. A moment's score is the mean square of its errors, each in units of its column's usual one.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from danlu.core.artifacts import Checkpoint, Report
from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts
from danlu.core.outside import DataFile
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.loop.planned_feed import PlannedFeed, grouped
from danlu.train.anomaly.measure import figures, runs
from danlu.train.anomaly.series import Series, check_columns, read_series
from danlu.train.anomaly.threshold import Method, threshold_of
from danlu.train.learning import learn

if TYPE_CHECKING:
    from danlu.loop.forecast import Forecaster, WindowBatch

Floats = NDArray[np.float64]
_FEWEST_VALIDATION = 100
"""Moments: a threshold set on fewer is a guess."""
_SCORED_AT_ONCE = 512


class AnomalyConfig(Config):
    """What shapes an anomaly head."""

    time: str = ""
    """The column of times; none when empty."""
    label: str = ""
    """The column of labels, 0 or 1; none when empty. Nothing learns from it: anomalous moments are left out of learning."""
    window: Annotated[int, Field(ge=4, le=4096)] = 64
    """Moments that are looked back on: cover a machine's cycle where you can."""
    channels: Annotated[int, Field(ge=4, le=1024)] = 32
    """Width of the network."""
    layers: Annotated[int, Field(ge=1, le=12)] = 5
    """Convolutions, of reach 3 and dilation 1, 2, 4, ...: five see 63 moments back."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the activations that a step does not see."""
    epochs: Annotated[int, Field(ge=1, le=1000)] = 5
    """Passes over the windows."""
    batch_windows: Annotated[int, Field(ge=1, le=65_536)] = 64
    """Windows of an optimizer step."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-3
    """Peak of the schedule."""
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the steps over which the rate rises."""
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Per unit of rate."""
    max_gradient_norm: Annotated[float, Field(gt=0)] = 1.0
    """Longer gradients are scaled down to this."""
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """Share of the series, its end, that sets the threshold and is not learnt."""
    method: Method = "pot"
    """How the threshold is set: danlu.train.anomaly.threshold."""
    false_alarms: Annotated[float, Field(gt=0, lt=0.5)] = 1e-3
    """Share of normal moments that may be alarms."""


@dataclass(frozen=True)
class Head:
    """What config.json holds: all that is needed to score another series, beside the weights."""

    columns: tuple[str, ...]
    mean_C: tuple[float, ...]
    deviation_C: tuple[float, ...]
    """Of the values that were learnt."""
    error_C: tuple[float, ...]
    """Root mean square of the forecast's errors on validation, in deviations."""
    threshold: float
    window: int
    channels: int
    layers: int
    time: str
    label: str


def _anomaly(work: Work, config: AnomalyConfig, *, file: DataFile, test: DataFile | None = None) -> Facts:
    import torch
    from safetensors.torch import save_file

    from danlu.loop.forecast import Forecaster, ForecastLearner

    series = read_series(file.path, config.time, config.label)
    cut = _cut(series, config)
    torch.set_num_threads(work.threads)
    normal_T = np.ones(len(series.values_TC), bool) if series.labels_T is None else ~series.labels_T
    learnt = series.values_TC[:cut][normal_T[:cut]]
    mean_C, deviation_C = learnt.mean(0), np.maximum(learnt.std(0), 1e-6)
    scaled_TC = torch.from_numpy((series.values_TC - mean_C) / deviation_C)
    ends = _clean_ends(normal_T, cut, config.window)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(work.seed)
        forecaster = Forecaster(len(series.columns), config.channels, config.layers, config.dropout)
    feed = _feed(config, work.seed, scaled_TC, ends)
    key = hash_facts([file.content_hash(), config.model_dump(), work.seed])
    losses = learn(ForecastLearner(forecaster), feed, config, work, key)
    errors_TC = _errors(forecaster, scaled_TC, config.window)
    checked = np.flatnonzero(normal_T & (np.arange(len(normal_T)) >= cut))
    error_C = np.maximum(np.sqrt((errors_TC[checked] ** 2).mean(0)), 1e-6)
    threshold = threshold_of(_scores(errors_TC, error_C)[checked], config.method, config.false_alarms)
    head = Head(
        series.columns, tuple(mean_C.tolist()), tuple(deviation_C.tolist()), tuple(error_C.tolist()), threshold,
        config.window, config.channels, config.layers, config.time, config.label,
    )  # fmt: skip
    weights = {name: weight.contiguous() for name, weight in forecaster.state_dict().items()}
    save_file(weights, str(work.folder / "model.safetensors"))
    (work.folder / "model.safetensors").chmod(0o644)
    _write_json(work.folder / "config.json", {"model_type": "danlu-forecast-anomaly", **asdict(head)})
    counts = {
        "moments": len(normal_T), "windows": len(ends), "left out as anomalous": int((~normal_T[:cut]).sum()),
        "validation": len(checked), "steps": feed.steps,
    }  # fmt: skip
    found = _tested(forecaster, head, test) if test else {}
    _write_json(work.folder / "report.json", {"test": found, "counts": counts, "loss_by_step": losses})
    return Facts(counts, ("unknown",), note=_note(threshold, found))


def _cut(series: Series, config: AnomalyConfig) -> int:
    """Where validation begins; raises UserError when a side has too few moments."""
    total = len(series.values_TC)
    cut = round(total * (1 - config.validation_share))
    if cut <= 2 * config.window or total - cut < _FEWEST_VALIDATION:
        raise UserError(
            "{moments} moments are too few: {learnt} to learn from and {validation} to set the threshold on",
            "Expected more than two windows ({window} moments each) and {least} for the threshold; shorten anomaly.window or give more.",
            moments=total,
            learnt=cut,
            validation=total - cut,
            window=config.window,
            least=_FEWEST_VALIDATION,
        )
    return cut


def _clean_ends(normal_T: NDArray[np.bool_], cut: int, window: int) -> list[int]:
    """Moments before `cut` that are normal, as are all of the window before them; raises UserError when there is none."""
    bad = np.concatenate([[0], np.cumsum(~normal_T)])
    ends = [end for end in range(window, cut) if bad[end + 1] == bad[end - window]]
    if not ends:
        raise UserError("No window of {window} moments is free of anomalies", "Shorten anomaly.window.", window=window)
    return ends


def _feed(config: AnomalyConfig, seed: int, scaled_TC: Any, ends: Sequence[int]) -> "PlannedFeed[WindowBatch]":
    from danlu.loop.forecast import WindowBatch

    def make(numbers: Sequence[int], step: int) -> WindowBatch:
        return WindowBatch.of(scaled_TC, [ends[at] for at in numbers], config.window)

    plan = grouped(len(ends), seed, config.epochs, config.batch_windows)
    return PlannedFeed(plan, make, lambda _: config.window * scaled_TC.shape[1])


def _errors(forecaster: "Forecaster", scaled_TC: Any, window: int) -> Floats:
    """How far each moment is from what was foreseen, shape (T, C), in deviations; 0 where no whole window is before it."""
    import torch

    from danlu.loop.forecast import WindowBatch

    forecaster.eval()
    errors_TC = torch.zeros_like(scaled_TC, dtype=torch.float64)
    with torch.inference_mode():
        for start in range(window, len(scaled_TC), _SCORED_AT_ONCE):
            ends = range(start, min(start + _SCORED_AT_ONCE, len(scaled_TC)))
            batch = WindowBatch.of(scaled_TC, ends, window)
            errors_TC[ends.start : ends.stop] = batch.next_BC - forecaster(batch.windows_BWC)
    found: Floats = errors_TC.numpy()
    return found


def _scores(errors_TC: Floats, error_C: Floats) -> Floats:
    scores_T: Floats = ((errors_TC / error_C) ** 2).mean(1)
    return scores_T


def _open(model: Checkpoint) -> "tuple[Forecaster, Head]":
    """The forecaster of a checkpoint; raises UserError when it holds another kind of model."""
    from safetensors.torch import load_file

    from danlu.loop.forecast import Forecaster

    facts: Any = json.loads((model.path / "config.json").read_text(encoding="utf-8"))
    if facts.pop("model_type", "") != "danlu-forecast-anomaly":
        raise UserError(
            "{folder} holds no anomaly head", "`danlu head anomaly --data FILE --out DIR` makes one.", folder=model.path
        )
    kept: Any = {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}
    head = Head(**kept)
    forecaster = Forecaster(len(head.columns), head.channels, head.layers, 0.0)
    forecaster.load_state_dict(load_file(str(model.path / "model.safetensors")))
    return forecaster, head


def _scored(forecaster: "Forecaster", head: Head, path: Path, label: str) -> tuple[Series, Floats]:
    import torch

    series = read_series(path, head.time, label)
    check_columns(path, series.columns, head.columns)
    scaled = (series.values_TC - np.array(head.mean_C, np.float32)) / np.array(head.deviation_C, np.float32)
    errors_TC = _errors(forecaster, torch.from_numpy(scaled), head.window)
    return series, _scores(errors_TC, np.array(head.error_C))


def _tested(forecaster: "Forecaster", head: Head, test: DataFile) -> dict[str, Any]:
    """Figures on a labelled series; the first window is not scored and does not count."""
    series, scores_T = _scored(forecaster, head, test.path, head.label)
    assert series.labels_T is not None, "the plan asks for a label with a test"
    scored = slice(head.window, None)
    return figures(scores_T[scored], scores_T[scored] > head.threshold, series.labels_T[scored])


def _note(threshold: float, found: dict[str, Any]) -> str:
    if not found:
        return f"threshold {threshold:.2f}, not tested"
    moments, events = found["moments"]["f1"], found["events"]["f1"]
    return f"threshold {threshold:.2f}; on the test F1 {_said(moments)} by moments, {_said(events)} by events, AUC-ROC {_said(found['auc_roc'])}"


def _said(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"


def _write_json(path: Path, facts: Any) -> None:
    path.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


class FindConfig(Config):
    """What the new series has beside the columns that were learnt."""

    label: str = ""
    """A column of labels, 0 or 1, to measure by; none when empty."""


def _find(work: Work, config: FindConfig, *, model: Checkpoint, file: DataFile) -> Facts:
    import torch

    torch.set_num_threads(work.threads)
    forecaster, head = _open(model)
    series, scores_T = _scored(forecaster, head, file.path, config.label)
    alarms_T = scores_T > head.threshold
    rows = (
        f'"{time}",{score:.6g},{int(alarm)}\n'
        for time, score, alarm in zip(series.times, scores_T, alarms_T, strict=True)
    )
    (work.folder / "scores.csv").write_text("time,score,alarm\n" + "".join(rows), encoding="utf-8")
    events = [
        {"start": series.times[start], "end": series.times[end - 1], "moments": end - start, "score": float(scores_T[start:end].max())}
        for start, end in runs(alarms_T)
    ]  # fmt: skip
    scored = slice(head.window, None)
    found = {} if series.labels_T is None else figures(scores_T[scored], alarms_T[scored], series.labels_T[scored])
    _write_json(work.folder / "report.json", {"threshold": head.threshold, "alarms": events, "test": found})
    counts = {
        "moments": len(scores_T), "not scored": min(head.window, len(scores_T)), "alarms": int(alarms_T.sum()),
        "events": len(events),
    }  # fmt: skip
    return Facts(counts, model.manifest.licences, note=_note(head.threshold, found))


anomaly = Stage(
    "anomaly", version=1, makes=Checkpoint, body=_anomaly, config=AnomalyConfig,
    libraries=("numpy", "safetensors", "torch"), numeric=True, resumable=True,
)  # fmt: skip

find_anomalies = Stage(
    "find_anomalies", version=1, makes=Report, body=_find, config=FindConfig,
    libraries=("numpy", "safetensors", "torch"), numeric=True,
)  # fmt: skip
