"""How well anomalies are found: by moments, by events, and by order alone.

"Point adjust" counts a whole event as found when one of its moments is, moment by moment, and a random score then beats the
best published detectors (Kim et al. 2022, arXiv 2109.05257). It is not computed here. Events are counted once each, as Hundman et al.
2018 (1802.04431) do: an event that an alarm touches is found, however many alarms touch it, and each run of alarms that touches
none is a false one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]


def figures(scores_T: NDArray[np.float64], alarms_T: Bools, labels_T: Bools) -> dict[str, Any]:
    """Precision, recall and F1 by moments and by events; AUC of ROC and of precision-recall, which no threshold touches.

    Figures that nothing defines (no anomaly, or nothing else) are None.
    """
    right = int((alarms_T & labels_T).sum())
    found: dict[str, Any] = {"moments": _prf(right, int(alarms_T.sum()), right, int(labels_T.sum()))}
    events = runs(labels_T)
    touched = sum(bool(alarms_T[start:end].any()) for start, end in events)
    false = sum(not labels_T[start:end].any() for start, end in runs(alarms_T))
    found["events"] = _prf(touched, touched + false, touched, len(events))
    is_defined = 0 < labels_T.sum() < len(labels_T)
    found["auc_roc"] = roc_area(scores_T, labels_T) if is_defined else None
    found["auc_pr"] = average_precision(scores_T, labels_T) if is_defined else None
    return found


def runs(flags_T: Bools) -> list[tuple[int, int]]:
    """Where runs of True start and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags_T, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def roc_area(scores_T: NDArray[np.float64], labels_T: Bools) -> float:
    """The chance that an anomalous moment scores higher than a normal one; ties count half."""
    _, inverse, counts = np.unique(scores_T, return_inverse=True, return_counts=True)
    ranks_T = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    bad = int(labels_T.sum())
    return float((ranks_T[labels_T].sum() - bad * (bad + 1) / 2) / (bad * (len(labels_T) - bad)))


def average_precision(scores_T: NDArray[np.float64], labels_T: Bools) -> float:
    """Sum over thresholds of precision times the recall that each adds."""
    order = np.argsort(-scores_T, kind="stable")
    sorted_scores, right = scores_T[order], np.cumsum(labels_T[order])
    ends = np.flatnonzero(np.append(np.diff(sorted_scores) != 0, True))
    precision, recall = right[ends] / (ends + 1), right[ends] / labels_T.sum()
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def _prf(right_alarms: int, alarms: int, found: int, wanted: int) -> dict[str, float | None]:
    precision = right_alarms / alarms if alarms else None
    recall = found / wanted if wanted else None
    total = (precision or 0) + (recall or 0)
    f1 = 2 * (precision or 0) * (recall or 0) / total if total else (0.0 if wanted else None)
    return {"precision": precision, "recall": recall, "f1": f1, "alarms": alarms, "anomalous": wanted}
