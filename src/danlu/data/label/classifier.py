"""Probabilities of labels from a linear classifier that did not see the document: the ground for finding label errors.

The classifier is that of danlu.text.linear. Folds follow from the text, so that copies of a text are in one fold and cannot
vouch for one another.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from danlu.text.linear import features, fit, probabilities

FOLDS = 5


def out_of_fold(texts: Sequence[str], given_D: NDArray[np.int64], labels: int, seed: int) -> NDArray[np.float64]:
    """The probability of each label for each text by a model fitted without its fold, shape DK."""
    matrix = features(texts)
    folds_D = np.array([_fold_of(text, seed) for text in texts])
    chances_DK = np.full((len(texts), labels), 1 / labels)
    for fold in range(FOLDS):
        held_D = folds_D == fold
        if held_D.any() and not held_D.all():
            weights_HK = fit(matrix[~held_D], given_D[~held_D], labels)
            chances_DK[held_D] = probabilities(matrix[held_D], weights_HK)
    return chances_DK


def _fold_of(text: str, seed: int) -> int:
    folded = f"{seed}\n{' '.join(text.split())}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(folded).digest()[:8], "big") % FOLDS
