"""A trained anomaly head on disk and at work: how far each moment is from what was foreseen.

Shapes: T moments, C columns.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from danlu.core.artifacts import Checkpoint
from danlu.core.errors import UserError
from danlu.train.anomaly.series import Series, check_columns, read_series

if TYPE_CHECKING:
    from danlu.loop.forecast import Forecaster

Floats = NDArray[np.float64]
_SCORED_AT_ONCE = 512


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


def errors_of(forecaster: "Forecaster", scaled_TC: Any, window: int) -> Floats:
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


def scores_of(errors_TC: Floats, error_C: Floats) -> Floats:
    """Shape (T,): mean squares of errors, each in units of its column's usual one."""
    scores_T: Floats = ((errors_TC / error_C) ** 2).mean(1)
    return scores_T


def open_head(model: Checkpoint) -> "tuple[Forecaster, Head]":
    """The forecaster of a checkpoint; raises UserError when it holds another kind of model."""
    from safetensors.torch import load_file

    from danlu.loop.forecast import Forecaster

    path = model.path / "config.json"
    facts: Any = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if facts.pop("model_type", "") != "danlu-forecast-anomaly":
        raise UserError(
            "{folder} holds no anomaly head", "`danlu head anomaly --data FILE --out DIR` makes one.", folder=model.path
        )
    kept: Any = {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}
    head = Head(**kept)
    forecaster = Forecaster(len(head.columns), head.channels, head.layers, 0.0)
    forecaster.load_state_dict(load_file(str(model.path / "model.safetensors")))
    return forecaster, head


def scored(forecaster: "Forecaster", head: Head, path: Path, label: str) -> tuple[Series, Floats]:
    """Another series and its scores, shape (T,)."""
    import torch

    series = read_series(path, head.time, label)
    check_columns(path, series.columns, head.columns)
    scaled = (series.values_TC - np.array(head.mean_C, np.float32)) / np.array(head.deviation_C, np.float32)
    errors_TC = errors_of(forecaster, torch.from_numpy(scaled), head.window)
    return series, scores_of(errors_TC, np.array(head.error_C))


def note_of(threshold: float, found: dict[str, Any]) -> str:
    """The threshold, and the figures of a test if there was one."""
    if not found:
        return f"threshold {threshold:.2f}, not tested"
    moments, events = found["moments"]["f1"], found["events"]["f1"]
    return f"threshold {threshold:.2f}; on the test F1 {_said(moments)} by moments, {_said(events)} by events, AUC-ROC {_said(found['auc_roc'])}"


def _said(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"


def write_json(path: Path, facts: Any) -> None:
    """Write facts for people and programs."""
    path.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
