"""How far annotators agree beyond chance, with what sampling leaves open.

- Cohen's kappa (Cohen 1960, doi 10.1177/001316446002000104): two annotators, on what both labelled.
- Fleiss' kappa (Fleiss 1971, doi 10.1037/h0031619): any annotators, documents that have the same number of labels.
- Krippendorff's alpha (Krippendorff 2019, Content Analysis, 4th ed., ch. 12): any annotators, missing labels, and distances: nominal
  (equal or not), ordinal (how many labels lie between, in the order of names), interval (the labels are numbers).

Intervals are percentiles of a bootstrap over documents, by seed. Equal rows count once with their number, so that cost follows
the number of distinct rows. A coefficient that is 0/0 (one label everywhere) is None: agreement was not tested.

Letters in shapes: U distinct rows of labels, A annotators, K labels, B bootstrap samples.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from danlu.core.artifacts import Labels
from danlu.core.errors import UserError
from danlu.data.label.records import Label, read_labels

Scale = Literal["nominal", "ordinal", "interval"]
SAMPLES = 1000
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Ratings:
    """Labels by document and annotator."""

    annotators: tuple[str, ...]
    names: tuple[str, ...]
    codes_UA: I64
    """Distinct rows: 0 where an annotator gave no label, or 1 + the label's place in `names`."""
    counts_U: I64
    """How many documents have each row."""


def ratings_of(labels: Iterable[Label], names: Sequence[str]) -> Ratings:
    """Gather labels. One annotator's several labels of a document are one answer: the set of them, joined by ` | `."""
    given: dict[tuple[str, str], dict[str, set[str]]] = {}
    for label in labels:
        if label.label is not None:
            place = given.setdefault((label.doc_id, label.text_hash), {})
            place.setdefault(f"{label.origin}: {label.annotator}", set()).add(label.label)
    annotators = sorted({annotator for by in given.values() for annotator in by})
    answers = {" | ".join(sorted(chosen)) for by in given.values() for chosen in by.values()}
    ordered = [*(name for name in names if name in answers), *sorted(answers - set(names))]
    numbers = {name: place for place, name in enumerate(ordered, start=1)}
    rows = [
        [numbers[" | ".join(sorted(by[annotator]))] if annotator in by else 0 for annotator in annotators]
        for by in given.values()
    ]
    codes = np.array(rows, np.int64).reshape(len(rows), len(annotators))
    distinct, counts = np.unique(codes, axis=0, return_counts=True)
    return Ratings(tuple(annotators), tuple(ordered), distinct, counts)


def compare(artifacts: Sequence[Labels], scale: Scale, seed: int) -> dict[str, Any]:
    """Agreement of all annotators of some artifacts; raises UserError when there is nothing to compare or to measure by."""
    names = list(dict.fromkeys(name for labels in artifacts for name in labels.names()))
    ratings = ratings_of((label for labels in artifacts for label in read_labels(labels)), names)
    if not ((ratings.codes_UA > 0).sum(axis=1) > 1).any():
        raise UserError(
            "No document has labels of two annotators: {annotators}",
            "Name further folders of labels for the same documents.",
            annotators=", ".join(ratings.annotators) or "0",
        )
    wordy = next((name for name in ratings.names if not _is_number(name)), None)
    if scale == "interval" and wordy is not None:
        raise UserError("The label {label!r} is no number, as the interval scale needs", label=wordy)
    return agreement(ratings, scale, seed)


def cohen_kappa(codes_U2: I64, weights_BU: F64) -> F64:
    """Kappa of two columns for each row of weights, shape B."""
    both = (codes_U2 > 0).all(axis=1)
    first, second = codes_U2[both].T
    weights_BU = weights_BU[:, both]
    total = weights_BU.sum(axis=1)
    observed = weights_BU @ (first == second) / total
    labels = range(1, int(codes_U2.max(initial=0)) + 1)
    expected = sum(((weights_BU @ (first == k)) * (weights_BU @ (second == k)) for k in labels), np.zeros(len(total)))
    return _beyond_chance(observed, expected / total**2)


def fleiss_kappa(codes_UA: I64, weights_BU: F64) -> F64:
    """Kappa over the documents with the most frequent number of labels, two or more, shape B."""
    kept, tally_UK = _most_rated(codes_UA, weights_BU[0])
    weights_BU = weights_BU[:, kept]
    raters = tally_UK[0].sum()
    total = weights_BU.sum(axis=1)
    observed = weights_BU @ ((tally_UK * (tally_UK - 1)).sum(axis=1) / (raters * (raters - 1))) / total
    shares_BK = weights_BU @ tally_UK / (raters * total[:, None])
    return _beyond_chance(observed, (shares_BK**2).sum(axis=1))


def krippendorff_alpha(codes_UA: I64, weights_BU: F64, scale: Scale, values: Sequence[float] = ()) -> F64:
    """Alpha for each row of weights, shape B; `values` are the labels' numbers for the interval scale."""
    tally_UK = _tally(codes_UA)
    pairable = tally_UK.sum(axis=1) > 1
    tally_UK, weights_BU = tally_UK[pairable], weights_BU[:, pairable]
    size = tally_UK.sum(axis=1)
    pairs_UKK = tally_UK[:, :, None] * tally_UK[:, None, :]
    pairs_UKK -= np.eye(tally_UK.shape[1]) * tally_UK[:, None, :]
    joint_BKK = np.tensordot(weights_BU, pairs_UKK / (size - 1)[:, None, None], axes=1)
    totals_BK = joint_BKK.sum(axis=2)
    distance_BKK = _distance(totals_BK, scale, values)
    observed = (joint_BKK * distance_BKK).sum(axis=(1, 2))
    expected = np.einsum("bi,bij,bj->b", totals_BK, distance_BKK, totals_BK) / np.maximum(totals_BK.sum(axis=1) - 1, 1)
    return np.where(expected > 0, 1 - observed / np.where(expected > 0, expected, 1), np.nan)


def agreement(ratings: Ratings, scale: Scale, seed: int) -> dict[str, Any]:
    """All coefficients with their 95 % intervals, as data."""
    codes, counts = ratings.codes_UA, ratings.counts_U
    random = np.random.default_rng(seed)
    drawn = random.multinomial(counts.sum(), counts / counts.sum(), SAMPLES)
    weights = np.concatenate((counts[None], drawn)).astype(np.float64)
    values = [float(name) for name in ratings.names] if scale == "interval" else []
    several = (codes > 0).sum(axis=1) > 1
    found: dict[str, Any] = {
        "documents": int(counts.sum()),
        "with_two_labels": int(counts[several].sum()),
        "annotators": {name: int(counts[codes[:, at] > 0].sum()) for at, name in enumerate(ratings.annotators)},
        "labels": list(ratings.names),
        "scale": scale,
        "krippendorff_alpha": _told(lambda part: krippendorff_alpha(codes, part, scale, values), weights, several),
        "fleiss_kappa": _told(lambda part: fleiss_kappa(codes, part), weights, several) | _left_out(codes, counts),
        "pairs": [],
    }
    for first, second in combinations(range(len(ratings.annotators)), 2):
        pair = codes[:, [first, second]]
        both: NDArray[np.bool_] = np.asarray((pair > 0).all(axis=1))
        if both.any():
            same = float(counts[both & (pair[:, 0] == pair[:, 1])].sum() / counts[both].sum())
            kappa = _told(partial(cohen_kappa, pair), weights, both)
            shared = {"documents": int(counts[both].sum()), "same": same}
            between = [ratings.annotators[first], ratings.annotators[second]]
            found["pairs"].append({"between": between} | shared | {"cohen_kappa": kappa})
    return found


def _told(measure: Callable[[F64], F64], weights_BU: F64, usable_U: NDArray[np.bool_]) -> dict[str, float | None]:
    """A coefficient and its interval; samples in which it is 0/0 are left out of the interval."""
    if not usable_U.any():
        return {"value": None, "low": None, "high": None}
    with np.errstate(invalid="ignore", divide="ignore"):
        found = measure(weights_BU)
    drawn = found[1:][np.isfinite(found[1:])]
    if not np.isfinite(found[0]) or not len(drawn):
        return {"value": None, "low": None, "high": None}
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"value": float(found[0]), "low": float(low), "high": float(high)}


def _left_out(codes_UA: I64, counts_U: I64) -> dict[str, int]:
    several = (codes_UA > 0).sum(axis=1) > 1
    if not several.any():
        return {"documents": 0}
    kept, _ = _most_rated(codes_UA, counts_U.astype(np.float64))
    return {"documents": int(counts_U[kept].sum())}


def _most_rated(codes_UA: I64, weights_U: F64) -> tuple[NDArray[np.bool_], F64]:
    """The rows with the most frequent number of labels, two or more, and their tallies."""
    sizes = (codes_UA > 0).sum(axis=1)
    frequent = np.bincount(sizes, weights=weights_U)
    frequent[:2] = 0
    kept = sizes == int(frequent.argmax())
    return kept, _tally(codes_UA)[kept]


def _tally(codes_UA: I64) -> F64:
    labels = range(1, int(codes_UA.max(initial=0)) + 1)
    return np.stack([(codes_UA == label).sum(axis=1) for label in labels], axis=1).astype(np.float64)


def _distance(totals_BK: F64, scale: Scale, values: Sequence[float]) -> F64:
    """Squared distances between labels, shape BKK (or 1KK)."""
    if scale == "nominal":
        return 1 - np.eye(totals_BK.shape[1])[None]
    if scale == "interval":
        points = np.array(values)
        return np.asarray((points[:, None] - points[None]) ** 2)[None]
    # Ordinal: how much was said between the two labels, half of each of their own counts included.
    middles_BK = np.cumsum(totals_BK, axis=1) - totals_BK / 2
    return np.asarray((middles_BK[:, :, None] - middles_BK[:, None, :]) ** 2)


def _is_number(name: str) -> bool:
    try:
        return math.isfinite(float(name))
    except ValueError:
        return False


def _beyond_chance(observed: F64, expected: F64) -> F64:
    return np.where(expected < 1 - 1e-12, (observed - expected) / np.maximum(1 - expected, 1e-12), np.nan)
