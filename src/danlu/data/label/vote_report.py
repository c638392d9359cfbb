"""What a set of labelling functions is worth: coverage, overlaps, conflicts, accuracies, and what looks wrong with it.

Coverage, overlap and conflict are the shares of all documents on which a function votes, votes beside another, and votes
against another (Ratner et al. 2017, arXiv 1711.10160). `chance` is how often the function would be right if it dealt the
same votes out blindly, by the class balance: worse than that means that its label is the wrong way round.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from danlu.data.label.label_model import F64, U8, LabelModel, majority
from danlu.data.label.votes import Patterns

_SAME_VOTES = 0.95
"""Two functions that share at least this part of the documents on which either votes, and never disagree, are one."""
_FEW_VOTES = 10
"""Below this the prior speaks louder than the data: that of the label model weighs ten votes."""
_FAR = 0.1
"""An estimate that misses the measured accuracy by more than this comes of functions that err together."""


@dataclass
class Known:
    """How votes and labels fared on documents whose label is known; never used to fit anything."""

    judged_F: F64
    right_F: F64
    documents: int = 0
    covered: int = 0
    right: int = 0
    majority_right: float = 0.0
    confusion: dict[str, dict[str, int]] = field(default_factory=dict)
    """Known label to given label to count, of covered documents."""

    def report(self) -> dict[str, Any]:
        """The figures of all functions together."""
        return {
            "documents": self.documents, "covered": self.covered,
            "accuracy": _share(self.right, self.covered), "majority_accuracy": _share(self.majority_right, self.covered),
            "confusion": self.confusion,
        }  # fmt: skip


def report(
    names: Sequence[str], labels: Sequence[str], patterns: Patterns, model: LabelModel, known: Known | None
) -> dict[str, Any]:
    """All figures, as data."""
    votes_PF, counts_P = patterns.votes_PF, patterns.counts_P
    total = int(counts_P.sum())
    voters_P = (votes_PF > 0).sum(axis=1)
    twins = _twins(names, patterns)
    functions = []
    for at, name in enumerate(names):
        figures = _figures(votes_PF, counts_P, at, total) | _accuracy(patterns, model, at)
        if known is not None:
            figures |= {
                "known_judged": int(known.judged_F[at]),
                "known_accuracy": _share(known.right_F[at], known.judged_F[at]),
            }
        functions.append(
            {"name": name} | figures | {"flags": _flags(figures, twins.get(name, []), voters_P, patterns, at)}
        )
    summary: dict[str, Any] = {
        "documents": total,
        "covered": int(counts_P[voters_P > 0].sum()),
        "overlapping": int(counts_P[voters_P > 1].sum()),
        "conflicting": int(counts_P[_conflicts(votes_PF)].sum()),
        "balance": {label: float(share) for label, share in zip(labels, model.balance_K, strict=True)},
        "functions": functions,
    }
    return summary | ({"known": known.report()} if known is not None else {})


def judge(known: Known, votes_F: U8, true: int, given: int | None, labels: Sequence[str]) -> None:
    """Count one document whose label is the place `true`, and which was given the label at `given`, or none."""
    known.documents += 1
    known.judged_F += votes_F > 0
    known.right_F += votes_F == true + 1
    if given is None:
        return
    known.covered += 1
    known.right += given == true
    shares = majority(votes_F[None], len(labels))[0]
    best = np.flatnonzero(shares == shares.max())
    known.majority_right += (true in best) / len(best)
    row = known.confusion.setdefault(labels[true], {})
    row[labels[given]] = row.get(labels[given], 0) + 1


def _figures(votes_PF: Any, counts_P: Any, at: int, total: int) -> dict[str, Any]:
    voted_P = votes_PF[:, at] > 0
    others = np.delete(votes_PF, at, axis=1)
    beside_P = voted_P & (others > 0).any(axis=1)
    against_P = voted_P & ((others > 0) & (others != votes_PF[:, at : at + 1])).any(axis=1)
    votes, beside, against = (int(counts_P[chosen].sum()) for chosen in (voted_P, beside_P, against_P))
    return {
        "votes": votes, "coverage": _share(votes, total), "overlap": _share(beside, total),
        "conflict": _share(against, total),
    }  # fmt: skip


def _accuracy(patterns: Patterns, model: LabelModel, at: int) -> dict[str, float | None]:
    """None for a function that never votes: it has no accuracy."""
    votes_P = patterns.votes_PF[:, at]
    by_label = np.bincount(votes_P, weights=patterns.counts_P, minlength=len(model.balance_K) + 1)[1:]
    voted = by_label.sum()
    if not voted:
        return {"accuracy": None, "accuracy_low": None, "accuracy_high": None, "chance": None}
    return {
        "accuracy": float(model.accuracy_F[at]), "accuracy_low": float(model.low_F[at]),
        "accuracy_high": float(model.high_F[at]), "chance": float(by_label @ model.balance_K / voted),
    }  # fmt: skip


def _flags(figures: Mapping[str, Any], twins: Sequence[str], voters_P: Any, patterns: Patterns, at: int) -> list[str]:
    if not figures["votes"]:
        return ["never votes"]
    flags = [f"same votes as {twin}" for twin in twins]
    if figures["accuracy_high"] < figures["chance"]:
        flags.append("worse than chance")
    known, judged = figures.get("known_accuracy"), figures.get("known_judged", 0)
    if known is not None and judged >= _FEW_VOTES and abs(known - figures["accuracy"]) > _FAR:
        flags.append("estimate far from known accuracy")
    if figures["votes"] < _FEW_VOTES:
        flags.append("few votes")
    three_P = (patterns.votes_PF[:, at] > 0) & (voters_P > 2)
    if patterns.votes_PF.shape[1] < 3 or not patterns.counts_P[three_P].sum():
        flags.append("never beside two others: the accuracy is mostly assumed")
    return flags


def _conflicts(votes_PF: Any) -> Any:
    lowest = np.where(votes_PF > 0, votes_PF, 255).min(axis=1)
    return (votes_PF.max(axis=1) > 0) & (votes_PF.max(axis=1) != lowest)


def _twins(names: Sequence[str], patterns: Patterns) -> dict[str, list[str]]:
    """For each function, the earlier ones that it repeats."""
    found: dict[str, list[str]] = {}
    for later in range(len(names)):
        for earlier in range(later):
            first, second = patterns.votes_PF[:, earlier], patterns.votes_PF[:, later]
            either = patterns.counts_P[(first > 0) | (second > 0)].sum()
            same = patterns.counts_P[(first > 0) & (first == second)].sum()
            against = patterns.counts_P[(first > 0) & (second > 0) & (first != second)].sum()
            if either and not against and same / either >= _SAME_VOTES:
                found.setdefault(names[later], []).append(names[earlier])
    return found


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None
