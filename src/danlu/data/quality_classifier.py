"""A classifier of good and bad text, trained on a few hundred examples of one's own.

FineWeb-Edu and DataComp-LM (Penedo et al. 2024, 2406.17557; Li et al. 2024, 2406.11794) found that a light classifier on examples
beats further hand-made rules. How well this one tells good from bad is measured on texts that it did not see (five folds)
before it judges anything, and it refuses to be trained when it is no better than chance.
"""

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danlu.core.artifacts import TextClassifier
from danlu.core.errors import UserError, WorkFailed
from danlu.core.outside import DataFile, read_lines
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.text.linear import features, fit, probabilities

_GOOD, _BAD = ("good", "1", "true", "yes", "好", "keep"), ("bad", "0", "false", "no", "坏", "drop")
_LEAST = 20
"""Examples of each side; a few hundred are better."""
_FOLDS = 5
_CHANCE = 0.6
"""Least area under the curve on texts that were held out: below it, the examples tell nothing."""


def _train(work: Work, config: Config, *, file: DataFile) -> Facts:
    texts, good_D = read_examples(file.path)
    matrix = features(texts)
    area = _held_out_area(matrix, good_D, work.seed)
    if area < _CHANCE:
        raise WorkFailed(
            "The examples do not tell good from bad: area under the curve {area:.2f} on held-out ones, and 0.5 is chance",
            "Give more examples, or check their labels (`danlu label errors` finds wrong ones).",
            area=area,
        )
    weights_H = np.diff(fit(matrix, good_D, 2), axis=1).ravel().astype(np.float32)
    np.save(work.folder / "weights.npy", weights_H)
    report = {"held_out_auc": round(area, 4), "good": int(good_D.sum()), "bad": int((1 - good_D).sum())}
    (work.folder / "report.json").write_text(json.dumps(report) + "\n", encoding="utf-8")
    counts = {
        "good": report["good"],
        "bad": report["bad"],
        "held-out area under the curve, in thousandths": round(area * 1000),
    }
    return Facts({name: int(count) for name, count in counts.items()})


def read_examples(path: Path) -> tuple[list[str], NDArray[np.int64]]:
    """Texts, and whether each is good (D,). Raises UserError for a line that is none, and for too few of a kind."""
    texts: list[str] = []
    good: list[int] = []
    for number, line in read_lines(path):
        try:
            row = json.loads(line)
            text, label = str(row["text"]), str(row["label"]).lower()
        except (ValueError, KeyError, TypeError):
            text, label = "", ""
        if not text or label not in _GOOD + _BAD:
            raise UserError(
                "{path}, line {number}: expected a text and a label, good or bad",
                'Write one {{"text": "...", "label": "good"}} per line.',
                path=path,
                number=number,
            )
        texts.append(text)
        good.append(label in _GOOD)
    if min(sum(good), len(good) - sum(good)) < _LEAST:
        raise UserError(
            "{path} has {good} good and {bad} bad examples",
            "At least {least} of each are needed; a few hundred are better.",
            path=path,
            good=sum(good),
            bad=len(good) - sum(good),
            least=_LEAST,
        )
    return texts, np.array(good, np.int64)


def _held_out_area(matrix: object, good_D: NDArray[np.int64], seed: int) -> float:
    """Area under the ROC curve (Mann–Whitney), each fifth judged by a model of the other four."""
    folds_D = np.random.default_rng(seed).permutation(len(good_D)) % _FOLDS
    chance_D = np.zeros(len(good_D))
    for fold in range(_FOLDS):
        held_D = folds_D == fold
        weights = fit(matrix[~held_D], good_D[~held_D], 2)  # type: ignore[index]
        chance_D[held_D] = probabilities(matrix[held_D], weights)[:, 1]  # type: ignore[index]
    good, bad = chance_D[good_D == 1], np.sort(chance_D[good_D == 0])
    above = np.searchsorted(bad, good, side="left") + np.searchsorted(bad, good, side="right")
    return float(above.sum() / 2 / (len(good) * len(bad)))


def scores(model: Path, texts: pa.ChunkedArray) -> NDArray[np.float32]:
    """The probability that each text is good (D,)."""
    matrix, weights_H = features(texts.to_pylist()), _weights(model)
    return np.asarray(1 / (1 + np.exp(-(matrix @ weights_H[:-1] + weights_H[-1]))), np.float32)


@lru_cache(maxsize=1)
def _weights(model: Path) -> NDArray[np.float32]:
    return np.asarray(np.load(model / "weights.npy"))


train_quality = Stage(
    "train_quality",
    version=1,
    makes=TextClassifier,
    body=_train,
    libraries=("numpy", "scipy"),
    rules=(("shingle tokens", 1),),
    numeric=True,
)
