"""head classify, tag, span, apply."""

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from danlu.cli.given import outside_of, settings_of
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.cli.tables import print_table
from danlu.recipes import single_head

_SHOWN_LABELS = 20


def classify(options: Namespace, say: Speech) -> None:
    """Train a classifier and print its figures."""
    make(single_head.classify_plan(*_inputs(options), settings_of(options), options.seed), options, say)
    report = _report(options)
    if options.json or "test" not in report:
        return
    test = report["test"]
    _print_labels(test["labels"], "rows", say)
    print(
        say(
            "accuracy {accuracy:.1%} (95 %: {accuracy_low:.1%} to {accuracy_high:.1%}) on {rows} rows; macro F1 {macro_f1:.3f}",
            **{name: test[name] for name in ("accuracy", "accuracy_low", "accuracy_high", "rows")},
            macro_f1=test["macro"]["f1"],
        )
    )
    _print_calibration(test["calibration"], say)
    if "without_debiasing" in test:
        _print_gaps(test["without_debiasing"], test, say)


def tag(options: Namespace, say: Speech) -> None:
    """Train a tagger and print its figures."""
    make(single_head.tag_plan(*_inputs(options), settings_of(options), options.seed), options, say)
    report = _report(options)
    if not options.json and "test" in report:
        _print_labels(report["test"]["labels"], "entities", say)


def span(options: Namespace, say: Speech) -> None:
    """Train a reader of answers."""
    make(single_head.span_plan(*_inputs(options), settings_of(options), options.seed), options, say)


def apply(options: Namespace, say: Speech) -> None:
    """Print what a head says, row by row."""
    rejected = 0
    for said in single_head.applied(options.head, options.data):
        rejected += "rejected" in said
        print(json.dumps(said, ensure_ascii=False))
    if rejected:
        print(say("{rejected} rows were not judged: see their `rejected`", rejected=rejected), file=sys.stderr)


def _inputs(options: Namespace) -> tuple[str, Path, Path | None]:
    folder = options.base.removeprefix("path:")
    outside_of([folder] if Path(folder).is_dir() else [], Path(options.out))
    return options.base, options.data, options.held_out


def _report(options: Namespace) -> dict[str, Any]:
    """What the head is worth; nothing of one that was not trained."""
    if options.check:
        return {}
    report: dict[str, Any] = json.loads((Path(options.out) / "report.json").read_text(encoding="utf-8"))
    return report


def _print_labels(labels: dict[str, dict[str, float]], counted: str, say: Speech) -> None:
    """The labels with most rows first."""
    rows = [
        [name, *(f"{figures[measure]:.3f}" for measure in ("precision", "recall", "f1")), int(figures[counted])]
        for name, figures in sorted(labels.items(), key=lambda item: (-item[1][counted], item[0]))
    ]
    print()
    print_table([say("label"), say("precision"), say("recall"), "F1", say("held out")], rows[:_SHOWN_LABELS])
    if len(rows) > _SHOWN_LABELS:
        print(say("and {count} more in report.json", count=len(rows) - _SHOWN_LABELS))


def _print_calibration(found: dict[str, Any], say: Speech) -> None:
    print(
        say(
            "calibration error {before:.3f}, and {after:.3f} with the temperature {temperature:.2f}",
            before=found["before"]["expected_calibration_error"],
            after=found["after"]["expected_calibration_error"],
            temperature=found["temperature"],
        )
    )


def _print_gaps(before: dict[str, Any], after: dict[str, Any], say: Speech) -> None:
    names = {"demographic_parity_gap": say("demographic parity gap"), "equalised_odds_gap": say("equalised odds gap")}
    rows = [
        [said, *(_figure(found["fairness"][name]) for found in (before, after))]
        for name, said in names.items()
        if "fairness" in before and "fairness" in after
    ]
    rows.append([say("accuracy"), _figure(before["accuracy"]), _figure(after["accuracy"])])
    print_table([say("held out"), say("without debiasing"), say("with")], rows)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
