"""Confident learning: which given labels are probably wrong (Northcutt, Jiang & Chuang 2021, doi 10.1613/jair.1.12125).

A class's threshold is the mean predicted probability of that class over the examples that carry its label. An example is
counted as class j when its probability of j reaches j's threshold, of several such classes the most probable; where that
is not its given label it is a suspect (an off-diagonal entry of the confident joint, section 3.1). Suspects are ranked by the
probability of their given label, lowest first. The probabilities must come from a model that did not train on the example.

Letters in shapes: D documents, K labels.
"""

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]


def thresholds(given_D: I64, chances_DK: F64) -> F64:
    """Each class's mean self-confidence; 1 for a class that nothing carries, which then nothing reaches."""
    return np.array(
        [chances_DK[given_D == k, k].mean() if (given_D == k).any() else 1.0 for k in range(chances_DK.shape[1])]
    )


def confident_classes(given_D: I64, chances_DK: F64) -> I64:
    """The class that each example is counted as; K for one that reaches no threshold."""
    # The slack of 1e-6 lets an example that is exactly average count, whatever the last bits of the mean.
    reaches_DK = chances_DK >= thresholds(given_D, chances_DK) - 1e-6
    best_D = np.where(reaches_DK, chances_DK, -np.inf).argmax(axis=1)
    return np.asarray(np.where(reaches_DK.any(axis=1), best_D, chances_DK.shape[1]))


def confident_joint(given_D: I64, chances_DK: F64) -> I64:
    """Counts by given label (rows) and the class that the model is confident of (columns)."""
    labels = chances_DK.shape[1]
    counted_D = confident_classes(given_D, chances_DK)
    joint = np.zeros((labels, labels + 1), np.int64)
    np.add.at(joint, (given_D, counted_D), 1)
    return joint[:, :labels]


def find_errors(given_D: I64, chances_DK: F64) -> I64:
    """Places of the suspects, the surest error first; of equal ones the first in order."""
    counted_D = confident_classes(given_D, chances_DK)
    suspects = np.flatnonzero((counted_D != given_D) & (counted_D < chances_DK.shape[1]))
    return np.asarray(suspects[np.argsort(chances_DK[suspects, given_D[suspects]], kind="stable")])
