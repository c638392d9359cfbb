"""The stage `anomaly`: a small forecaster of a machine's normal operation, and what it did not foresee.

It learns from the first part of a series of normal operation; the rest says how large its errors are when nothing is wrong,
and so sets the threshold. A moment's score is the mean square of its errors, each in units of its column's usual one.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from danlu.core.artifacts import Checkpoint
from danlu.core.errors import UserError
from danlu.core.hashing import hash_facts
from danlu.core.outside import DataFile
from danlu.core.stages import Facts, Stage, Work
from danlu.loop.planned_feed import PlannedFeed, grouped
from danlu.train.anomaly.head import Head, errors_of, note_of, scored, scores_of, write_json
from danlu.train.anomaly.measure import figures
from danlu.train.anomaly.series import Series, read_series
from danlu.train.anomaly.threshold import Method, threshold_of
from danlu.train.learning import LearningConfig, learn

if TYPE_CHECKING:
    from danlu.loop.forecast import Forecaster, WindowBatch
    from danlu.train.outlook import Outlook

_FEWEST_VALIDATION = 100
"""Moments: a threshold set on fewer is a guess."""


class AnomalyConfig(LearningConfig):
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
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Per unit of rate; so few weights need none."""
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """Share of the series, its end, that sets the threshold and is not learnt."""
    method: Method = "pot"
    """How the threshold is set: danlu.train.anomaly.threshold."""
    false_alarms: Annotated[float, Field(gt=0, lt=0.5)] = 1e-3
    """Share of normal moments that may be alarms."""


@dataclass(frozen=True)
class Material:
    """A series as it is learnt: scaled to the moments of its first part, which are normal."""

    series: Series
    mean_C: NDArray[np.float32]
    deviation_C: NDArray[np.float32]
    scaled_TC: Any
    normal_T: NDArray[np.bool_]
    ends: list[int]
    """Moments that are learnt, each from the window before it."""
    checked: NDArray[np.intp]
    """Moments that set the threshold."""
    forecaster: "Forecaster"
    feed: "PlannedFeed[WindowBatch]"

    @property
    def counts(self) -> dict[str, int]:
        """What becomes of the moments."""
        return {
            "windows": len(self.ends), "left out as anomalous": int((~self.normal_T).sum()),
            "without a clean window": int(self.normal_T.sum()) - len(self.checked) - len(self.ends),
            "validation": len(self.checked),
        }  # fmt: skip


def _anomaly(work: Work, config: AnomalyConfig, *, file: DataFile, test: DataFile | None = None) -> Facts:
    import torch

    from danlu.loop.forecast import ForecastLearner

    torch.set_num_threads(work.threads)
    got = prepare(file, config, work.seed)
    key = hash_facts([file.content_hash(), config.model_dump(), work.seed])
    losses = learn(ForecastLearner(got.forecaster), got.feed, config, config.learning_rate, work, key)
    errors_TC = errors_of(got.forecaster, got.scaled_TC, config.window)
    error_C = np.maximum(np.sqrt((errors_TC[got.checked] ** 2).mean(0)), 1e-6)
    threshold = threshold_of(scores_of(errors_TC, error_C)[got.checked], config.method, config.false_alarms)
    head = Head(
        got.series.columns, tuple(got.mean_C.tolist()), tuple(got.deviation_C.tolist()), tuple(error_C.tolist()),
        threshold, config.window, config.channels, config.layers, config.time, config.label,
    )  # fmt: skip
    write_weights(got.forecaster, work.folder)
    write_json(work.folder / "config.json", {"model_type": "danlu-forecast-anomaly", **asdict(head)})
    counts = {"moments": len(got.normal_T), **got.counts, "steps": got.feed.steps}
    found = _tested(got.forecaster, head, test) if test else {}
    write_json(work.folder / "report.json", {"test": found, "counts": counts, "loss_by_step": losses})
    return Facts(counts, ("unknown",), note=note_of(threshold, found))


def outlook(work: Work, config: AnomalyConfig, *, file: DataFile, test: DataFile | None = None) -> "Outlook":
    """What is known before the stage's body begins, which is given the same."""
    from danlu.train.anomaly.outlook import anomaly_outlook

    return anomaly_outlook(file, config, work)


def prepare(file: DataFile, config: AnomalyConfig, seed: int) -> Material:
    """All that is there before the first step. Raises UserError for a series that cannot be learnt from."""
    import torch

    from danlu.loop.forecast import Forecaster

    series = read_series(file.path, config.time, config.label)
    cut = _cut(series, config)
    normal_T = np.ones(len(series.values_TC), bool) if series.labels_T is None else ~series.labels_T
    learnt = series.values_TC[:cut][normal_T[:cut]]
    mean_C, deviation_C = learnt.mean(0), np.maximum(learnt.std(0), 1e-6)
    scaled_TC = torch.from_numpy((series.values_TC - mean_C) / deviation_C)
    ends = _clean_ends(normal_T, cut, config.window)
    checked = np.flatnonzero(normal_T & (np.arange(len(normal_T)) >= cut))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        forecaster = Forecaster(len(series.columns), config.channels, config.layers, config.dropout)
    feed = _feed(config, seed, scaled_TC, ends)
    return Material(series, mean_C, deviation_C, scaled_TC, normal_T, ends, checked, forecaster, feed)


def write_weights(forecaster: "Forecaster", folder: Path) -> None:
    """Write `model.safetensors`."""
    from safetensors.torch import save_file

    weights = {name: weight.contiguous() for name, weight in forecaster.state_dict().items()}
    save_file(weights, str(folder / "model.safetensors"))
    (folder / "model.safetensors").chmod(0o644)


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


def _tested(forecaster: "Forecaster", head: Head, test: DataFile) -> dict[str, Any]:
    """Figures on a labelled series; the first window is not scored and does not count."""
    series, scores_T = scored(forecaster, head, test.path, head.label)
    assert series.labels_T is not None, "the plan asks for a label with a test"
    measured = slice(head.window, None)
    return figures(scores_T[measured], scores_T[measured] > head.threshold, series.labels_T[measured])


anomaly = Stage(
    "anomaly", version=2, makes=Checkpoint, body=_anomaly, config=AnomalyConfig,
    libraries=("numpy", "safetensors", "torch"), numeric=True, resumable=True, trains=True,
)  # fmt: skip
