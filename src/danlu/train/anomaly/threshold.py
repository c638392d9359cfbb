"""From which score on a moment is an anomaly: set on scores of normal operation, before any anomaly is seen.

`quantile`: the score that a given share of normal moments passes. `pot`: peaks over threshold, Siffer et al. 2017 (SPOT,
doi 10.1145/3097983.3098144): a generalised Pareto distribution is fitted to the excesses over a high quantile, and the
threshold is where it says that one moment in 1 / `false_alarms` lies. It can reach beyond the highest score seen, which a
quantile cannot.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["quantile", "pot"]
_HIGH = 0.98
_FEWEST_PEAKS = 10


def threshold_of(scores_T: NDArray[np.float64], method: Method, false_alarms: float) -> float:
    """The threshold at which a share `false_alarms` of normal moments would be alarms. Falls back on the quantile with few peaks."""
    quantile = float(np.quantile(scores_T, 1 - false_alarms))
    high = float(np.quantile(scores_T, _HIGH))
    excesses = scores_T[scores_T > high] - high
    if method == "quantile" or len(excesses) < _FEWEST_PEAKS or false_alarms >= 1 - _HIGH:
        return quantile
    shape, scale = _pareto(excesses)
    ratio = false_alarms * len(scores_T) / len(excesses)
    if abs(shape) < 1e-8:
        return float(high - scale * np.log(ratio))
    return float(high + scale / shape * (ratio**-shape - 1))


def _pareto(excesses: NDArray[np.float64]) -> tuple[float, float]:
    """Shape and scale by probability-weighted moments (Hosking & Wallis 1987): no search that could fail to end.

    The shape is held to at most 0.5, where the moments still exist.
    """
    ordered = np.sort(excesses)
    count = len(ordered)
    first = float(ordered.mean())
    weights = (count - np.arange(1, count + 1)) / (count - 1)
    second = float((weights * ordered).mean())
    shape = min(2 - first / max(first - 2 * second, 1e-12), 0.5)
    return shape, first * (1 - shape)
