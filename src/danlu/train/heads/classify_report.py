"""The figures of a classifier on one side of its data.

Shapes: N texts, L labels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.train.heads.metrics_classes import (
    calibration_error,
    class_nats,
    confusion,
    scores,
    sigmoid,
    softmax,
    yes_no_nats,
)
from danlu.train.heads.metrics_fairness import gaps

_GAPS = {"demographic parity": "demographic_parity_gap", "equalised odds": "equalised_odds_gap"}


@dataclass(frozen=True)
class Judged:
    """What was said of texts whose labels are known."""

    logits_NL: NDArray[np.float64]
    truth_NL: NDArray[np.bool_]
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    """The protected attribute of each text; all empty where there is none."""
    is_multi_label: bool

    @property
    def truth_N(self) -> NDArray[np.int64]:
        """The number of the one true label."""
        found: NDArray[np.int64] = self.truth_NL.argmax(axis=1)
        return found

    @property
    def said_NL(self) -> NDArray[np.bool_]:
        """The likeliest label, or each that is likelier than not."""
        if self.is_multi_label:
            return self.logits_NL > 0
        found: NDArray[np.bool_] = np.arange(len(self.labels)) == self.logits_NL.argmax(axis=1)[:, None]
        return found

    def score(self, debias_for: str = "") -> float:
        """What chooses an epoch: macro F1, less the gap that is to be closed. What is smaller than one row is a tie."""
        score: float = scores(self.truth_NL, self.said_NL, list(self.labels))["macro"]["f1"]
        if debias_for:
            score -= self.gaps()[_GAPS[debias_for]] or 0.0
        return round(score * len(self.truth_NL)) / len(self.truth_NL)

    def gaps(self) -> dict[str, Any]:
        """Differences between the groups; with any number of labels a row counts by the set of its labels."""
        return gaps(self._names(self.truth_NL), self._names(self.said_NL), self.groups)

    def _names(self, table_NL: NDArray[np.bool_]) -> list[str]:
        return ["|".join(label for label, is_it in zip(self.labels, row, strict=True) if is_it) for row in table_NL]


def report(judged: Judged, temperature: float) -> dict[str, Any]:
    """Accuracy, F1, confusion, calibration before and after the temperature, and the gaps between groups if there are any."""
    found = scores(judged.truth_NL, judged.said_NL, list(judged.labels))
    found["most_frequent_label_accuracy"] = _baseline(judged.truth_NL)
    if not judged.is_multi_label:
        said_N = judged.logits_NL.argmax(axis=1)
        found["confusion"] = confusion(judged.truth_N, said_N, len(judged.labels))
    found["calibration"] = {"temperature": temperature} | {
        name: _calibration(judged, at) for name, at in (("before", 1.0), ("after", temperature))
    }
    if len(set(judged.groups)) > 1:
        found["fairness"] = judged.gaps()
    return found


def _baseline(truth_NL: NDArray[np.bool_]) -> float:
    """Accuracy of always saying the labels that most texts have."""
    _, counts = np.unique(truth_NL, axis=0, return_counts=True)
    return float(counts.max() / counts.sum())


def _calibration(judged: Judged, temperature: float) -> dict[str, float]:
    """Nats and expected calibration error; with any number of labels over all yes-or-no decisions."""
    if judged.is_multi_label:
        chance_NL = sigmoid(judged.logits_NL / temperature)
        certainty = np.maximum(chance_NL, 1 - chance_NL).ravel()
        right = (judged.said_NL == judged.truth_NL).ravel()
        nats = yes_no_nats(judged.logits_NL, judged.truth_NL, temperature)
    else:
        certainty = softmax(judged.logits_NL / temperature).max(axis=1)
        right = judged.logits_NL.argmax(axis=1) == judged.truth_N
        nats = class_nats(judged.logits_NL, judged.truth_N, temperature)
    return {"nats": nats, "expected_calibration_error": calibration_error(certainty, right)}
