"""How well classes are told: accuracy, precision, recall and F1, confusion, calibration and temperature.

F1 and its averages as scikit-learn defines them (a label that never occurs nor is said counts 0); expected calibration error and
temperature scaling as in Guo et al. 2017 (arXiv 1706.04599).

Shapes: N rows, L labels.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BINS = 15
"""Of the calibration error, as in Guo."""
_Z95 = 1.959964
_GOLDEN = (math.sqrt(5) - 1) / 2
_TEMPERATURES = (0.01, 20.0)
"""A model that is wrong by more than this in its certainty is not mended by a temperature."""


def softmax(logits_NL: Floats) -> Floats:
    """Probabilities of one label of several."""
    shifted = np.exp(logits_NL - logits_NL.max(axis=1, keepdims=True))
    found: Floats = shifted / shifted.sum(axis=1, keepdims=True)
    return found


def sigmoid(logits_NL: Floats) -> Floats:
    """Probabilities of a yes for each label."""
    found: Floats = 0.5 * (1 + np.tanh(0.5 * logits_NL))
    return found


def yes_no(truth_N: Ints, said_N: Ints, labels: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Labels as tables of yes and no (N, L), in which one label of several is a special case."""
    every = np.arange(labels)
    return truth_N[:, None] == every, said_N[:, None] == every


def scores(truth_NL: NDArray[np.bool_], said_NL: NDArray[np.bool_], names: list[str]) -> dict[str, Any]:
    """Precision, recall and F1 of each label, their plain mean (macro) and that over all decisions (micro).

    `accuracy` is the share of rows of which all labels are right, with its 95 % interval (Wilson 1927).
    """
    hits_L = (truth_NL & said_NL).sum(axis=0)
    said_L, true_L = said_NL.sum(axis=0), truth_NL.sum(axis=0)
    of_label = {name: _of_counts(int(hits_L[at]), int(said_L[at]), int(true_L[at])) for at, name in enumerate(names)}
    right = int((truth_NL == said_NL).all(axis=1).sum())
    low, high = wilson(right, len(truth_NL))
    return {
        "rows": len(truth_NL),
        "accuracy": right / len(truth_NL),
        "accuracy_low": low,
        "accuracy_high": high,
        "macro": {
            measure: sum(of_label[name][measure] for name in names) / len(names)
            for measure in ("precision", "recall", "f1")
        },
        "micro": _of_counts(int(hits_L.sum()), int(said_L.sum()), int(true_L.sum())),
        "labels": of_label,
    }


def confusion(truth_N: Ints, said_N: Ints, labels: int) -> list[list[int]]:
    """Rows by their true label (outer) and by what was said."""
    table: list[list[int]] = np.bincount(truth_N * labels + said_N, minlength=labels**2).reshape(labels, -1).tolist()
    return table


def calibration_error(certainty_N: Floats, right_N: NDArray[np.bool_], bins: int = _BINS) -> float:
    """Mean distance of certainty and share of right answers over bins of equal width, weighted by their rows."""
    bin_N = np.clip(np.ceil(certainty_N * bins).astype(int) - 1, 0, bins - 1)
    distances = [abs(right_N[bin_N == b].sum() - certainty_N[bin_N == b].sum()) for b in range(bins)]
    return float(sum(distances) / len(certainty_N))


def class_nats(logits_NL: Floats, truth_N: Ints, temperature: float = 1.0) -> float:
    """Mean of -ln p of the true label."""
    scaled = logits_NL / temperature
    normed = scaled - scaled.max(axis=1, keepdims=True)
    nats_N = np.log(np.exp(normed).sum(axis=1)) - normed[np.arange(len(truth_N)), truth_N]
    return float(nats_N.mean())


def yes_no_nats(logits_NL: Floats, truth_NL: NDArray[np.bool_], temperature: float = 1.0) -> float:
    """Mean of -ln p of the true answers."""
    signed = np.where(truth_NL, 1, -1) * logits_NL / temperature
    return float(np.logaddexp(0, -signed).mean())


def fit_temperature(logits_NL: Floats, truth: Any) -> float:
    """What logits are divided by so that held-out labels are likeliest: `truth` is (N,) numbers, or (N, L) yes and no.

    The loss is convex in 1 / T, so a golden-section search along it finds the one minimum.
    """
    nats = yes_no_nats if truth.ndim == 2 else class_nats
    low, high = 1 / _TEMPERATURES[1], 1 / _TEMPERATURES[0]
    for _ in range(60):
        third, two_thirds = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if nats(logits_NL, truth, 1 / third) <= nats(logits_NL, truth, 1 / two_thirds):
            high = two_thirds
        else:
            low = third
    return round(2 / (low + high), 6)


def wilson(right: int, rows: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    share, spread = right / rows, _Z95**2 / rows
    middle = (share + spread / 2) / (1 + spread)
    half = _Z95 * math.sqrt(share * (1 - share) / rows + spread / rows / 4) / (1 + spread)
    return middle - half, middle + half


def _of_counts(hits: int, said: int, true: int) -> dict[str, float]:
    return {
        "precision": hits / said if said else 0.0,
        "recall": hits / true if true else 0.0,
        "f1": 2 * hits / (said + true) if said + true else 0.0,
        "rows": true,
    }
