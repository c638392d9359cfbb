"""Where the cuts of a cleaning run fell: for every rule how its values lie about the bound, with documents on either side.

A threshold that nobody looked at is a guess. The report shows the kept and the rejected document nearest to each bound, and
how many documents the rule took first; `report.json` holds the same figures for programs.
"""

import json
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from danlu.core.artifacts import Corpus
from danlu.data.cuts_page import page
from danlu.data.repair import MEASURED
from danlu.data.rules import Rule, RuleSet, judge
from danlu.text.tables import read_groups, stream_rows

EXAMPLES = pa.schema(
    [
        ("set", pa.string()),
        ("rule", pa.string()),
        ("side", pa.string()),
        ("value", pa.float64()),
        ("distance", pa.float64()),
    ]
    + [(name, pa.string()) for name in ("doc_id", "source", "excerpt")]
)
CLASSIFIER = "classifier"
"""In place of a set's name, for the cut by a trained classifier."""
_Side = tuple[str, str, str]
"""Set, rule, and kept or rejected."""
_SHOWN = 3
"""Documents on each side of a bound."""
_EXCERPT_CHARACTERS = 240
_BINS = 40
_SAMPLE = 200_000
"""Documents whose values are drawn: with more, every n-th."""


@dataclass(frozen=True)
class Outcome:
    """What one rule of a set measured of some documents of a batch, and which of them it rejected. `at_D` are places in the batch."""

    set: str
    rule: Rule
    at_D: NDArray[np.int64]
    values_D: NDArray[np.float64]
    rejected_D: NDArray[np.bool_]


def examples_of(outcomes: Sequence[Outcome], table: pa.Table, kept: Sequence[bool]) -> pa.Table:
    """The document nearest to the bound of each rule, on either side."""
    kept_D = np.array(kept)
    rows = [
        _example(outcome, side, candidates_D, table)
        for outcome in outcomes
        for side, candidates_D in (("kept", kept_D[outcome.at_D]), ("rejected", outcome.rejected_D))
        if (candidates_D & ~np.isnan(outcome.values_D)).any()
    ]
    return pa.Table.from_pylist(rows, schema=EXAMPLES)


def _example(outcome: Outcome, side: str, candidates_D: NDArray[np.bool_], table: pa.Table) -> dict[str, Any]:
    distance_D = np.abs(outcome.values_D - outcome.rule.bound) / (abs(outcome.rule.bound) or 1)
    nearest = int(np.nanargmin(np.where(candidates_D, distance_D, np.nan)))
    place = int(outcome.at_D[nearest])
    text = table["text"][place].as_py()[: 4 * _EXCERPT_CHARACTERS]
    return {
        "set": outcome.set, "rule": outcome.rule.code, "side": side, "value": float(outcome.values_D[nearest]),
        "distance": float(distance_D[nearest]), "doc_id": table["doc_id"][place].as_py(),
        "source": table["source"][place].as_py(), "excerpt": " ".join(text.split())[:_EXCERPT_CHARACTERS],
    }  # fmt: skip


def stage_before(corpus: Corpus) -> dict[str, Any]:
    """What the stage that made a corpus rejected and changed, by rule."""
    changed: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for group in read_groups(corpus.path / "edits", ["rule", "count"]):
        for row in group.group_by("rule").aggregate([("count", "sum"), ("count", "count")]).to_pylist():
            changed[row["rule"]][0] += row["count_sum"]
            changed[row["rule"]][1] += row["count_count"]
    return {
        "stage": corpus.manifest.stage,
        "counts": dict(corpus.manifest.counts),
        "changed": dict(sorted(changed.items())),
    }


def write_report(
    folder: Path,
    name: str,
    sets: Sequence[RuleSet],
    statistics: Path,
    counts: Mapping[str, int],
    quality: Rule | None,
    before: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write report.json and report.html into a cleaned corpus; the examples of the parts become those of the whole."""
    examples = _nearest(folder / "examples")
    shutil.rmtree(folder / "examples")
    sample = _sample(statistics, ("language", *MEASURED))
    cuts = [cut for rules in sets for cut in _cuts(rules, sample, examples)]
    if quality:
        values_D = _sample(folder / "scores", ("quality",))["quality"].to_numpy().astype(np.float64)
        cuts.append(_cut(quality, CLASSIFIER, values_D, quality.broken(values_D), examples))
    report = {
        "rules": name,
        "counts": dict(counts),
        "before": list(before),
        "cuts": sorted(cuts, key=lambda cut: (-cut["first"], -cut["broken"])),
    }
    (folder / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / "report.html").write_text(page(report), encoding="utf-8")


def _nearest(examples: Path) -> dict[_Side, list[dict[str, Any]]]:
    """The few examples nearest to each bound on each side."""
    found: dict[_Side, list[dict[str, Any]]] = defaultdict(list)
    for row in stream_rows(examples):
        nearest = found[row.pop("set"), row.pop("rule"), row.pop("side")]
        nearest.append(row)
        nearest.sort(key=lambda example: (example["distance"], example["doc_id"]))
        del nearest[_SHOWN:]
    return found


def _sample(table: Path, columns: Sequence[str]) -> pa.Table:
    """Every n-th row of a table, so that there are at most _SAMPLE."""
    rows = sum(group.num_rows for group in read_groups(table, columns[:1]))
    step = max(-(-rows // _SAMPLE), 1)
    found, at = [], 0
    for group in read_groups(table, columns):
        first = -at % step
        found.append(group.take(pa.array(np.arange(first, group.num_rows, step))))
        at += group.num_rows
    return pa.concat_tables(found)


def _cuts(rules: RuleSet, sample: pa.Table, examples: Mapping[_Side, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Every rule of a set, over the documents of the sample that it is for."""
    if rules.language:
        sample = sample.filter(pc.equal(sample["language"], rules.language))
    if not sample.num_rows:
        return []
    columns = {name: sample[name].to_numpy() for name in MEASURED}
    first_D = judge(rules.rules, columns).rule_D
    return [
        _cut(rule, rules.name, rule.values(columns), first_D == number, examples)
        for number, rule in enumerate(rules.rules)
    ]


def _cut(
    rule: Rule,
    set_name: str,
    values_D: NDArray[np.float64],
    first_D: NDArray[np.bool_],
    examples: Mapping[_Side, list[dict[str, Any]]],
) -> dict[str, Any]:
    measured_D = values_D[~np.isnan(values_D)]
    return {
        "rule": rule.code, "set": set_name, "bound": rule.bound, "bound_is": "least" if rule.at_least is not None else "most",
        "measured": len(measured_D), "broken": int(rule.broken(values_D).sum()), "first": int(first_D.sum()),
        "histogram": _histogram(measured_D, rule.bound),
        "examples": {side: examples.get((set_name, rule.code, side), []) for side in ("kept", "rejected")},
    }  # fmt: skip


def _histogram(values_D: NDArray[np.float64], bound: float) -> dict[str, Any]:
    """Counts between the first and the 99th percentile, the bound always among them; what lies outside is at the edges.

    Nothing that is measured is below 0, and neither is an edge.
    """
    if not len(values_D):
        return {"edges": [], "counts": []}
    low, high = (float(value) for value in np.quantile(values_D, (0.01, 0.99)))
    low, high = min(low, bound), max(high, bound)
    margin = (high - low or 1) / _BINS
    low, high = max(low - margin, 0.0) if low == bound else low, high + margin * (high == bound)
    counts, edges = np.histogram(np.clip(values_D, low, high), _BINS, (low, high))
    return {"edges": [float(f"{edge:.6g}") for edge in edges], "counts": counts.tolist()}
