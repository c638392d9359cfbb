"""How differently a classifier treats the groups of a protected attribute (Hardt, Price & Srebro 2016, arXiv 1610.02413).

Demographic parity: each label is said of each group equally often. Equalised odds: among rows of one true label, too.
A gap is the largest difference of two groups' rates; for two labels it is what Fairlearn calls the difference.
"""

from collections.abc import Sequence
from typing import Any


def gaps(truth: Sequence[str], said: Sequence[str], groups: Sequence[str]) -> dict[str, Any]:
    """Both gaps, accuracy and rows by group, and the fewest rows that a compared rate rests on.

    Rates of a group that has no row of a true label are left out; None where nothing can be compared.
    """
    labels, names = sorted({*truth, *said}), sorted(set(groups))
    of_group = {name: [at for at, group in enumerate(groups) if group == name] for name in names}
    given = {
        (label, name): [at for at in rows if truth[at] == label] for label in labels for name, rows in of_group.items()
    }
    odds = [
        _gap([[said[at] == label for at in given[true, name]] for name in names]) for true in labels for label in labels
    ]
    return {
        "demographic_parity_gap": _largest(
            _gap([[said[at] == label for at in rows] for rows in of_group.values()]) for label in labels
        ),
        "equalised_odds_gap": _largest(odds),
        "fewest_rows": min(len(rows) for rows in given.values() if rows),
        "groups": {
            name: {"rows": len(rows), "accuracy": sum(truth[at] == said[at] for at in rows) / len(rows)}
            for name, rows in of_group.items()
        },
    }


def _gap(by_group: list[list[bool]]) -> float | None:
    rates = [sum(said) / len(said) for said in by_group if said]
    return max(rates) - min(rates) if len(rates) > 1 else None


def _largest(found: Any) -> float | None:
    return max((gap for gap in found if gap is not None), default=None)
