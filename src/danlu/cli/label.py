"""label weak, model, export, import, agreement, errors."""

import json
import os
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

from danlu.cli.given import settings_of, user_cache
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import check_free, corpus, make
from danlu.cli.tables import print_table
from danlu.core.artifacts import Corpus
from danlu.core.execute import Machine, execute
from danlu.core.stages import Plan, Step
from danlu.core.store import Beside
from danlu.data.endpoint.client import KEY, Endpoint
from danlu.data.endpoint.spending import Price, Spending
from danlu.recipes import single_label


def weak(options: Namespace, say: Speech) -> None:
    """Label by functions, and say what each is worth."""
    settings = settings_of(options)
    documents = corpus(options, settings)
    make(single_label.weak_plan(documents, options.functions, options.known, settings, options.seed), options, say)
    if not options.json:
        _print_functions(_report(options), say)


def model(options: Namespace, say: Speech) -> None:
    """Tell what labelling by a model will cost, do it, and tell what it cost."""
    cache = user_cache() / "replies.sqlite"
    spending = Spending(Price(*options.price), options.max_cost)
    url, name = options.model
    endpoint = Endpoint(
        url,
        name,
        cache,
        key=os.environ.get(KEY) or None,
        spending=spending,
        concurrency=max(options.concurrency, 1),
    )
    given = options.schema, endpoint, options.known
    with tempfile.TemporaryDirectory(prefix="danlu-label-") as scratch:
        given_documents = corpus(options, settings_of(options))
        plan = single_label.model_plan(given_documents, *given, settings_of(options), options.seed)
        if not options.dry_run:
            check_free(plan, options)
        documents = _read(given_documents, Path(scratch))
        found = single_label.model_estimate(documents, *given, settings_of(options), options.seed)
        if options.dry_run and options.json:
            print(json.dumps(found._asdict(), indent=2))
            return
        told = say(
            "{documents} documents: {requests} requests to send, {from_cache} answered before; about {input_tokens} tokens in and {output_tokens} out, cost {cost:.4f}",
            **found._asdict(),
        )
        print(told, file=sys.stdout if options.dry_run else sys.stderr)
        if options.dry_run:
            return
        make(single_label.model_plan(documents, *given, settings_of(options), options.seed), options, say)
    print(
        say(
            "sent {requests} requests, {from_cache} answered from the cache; {input_tokens} tokens in and {output_tokens} out, cost {cost:.4f}",
            **spending.report(),
        ),
        file=sys.stderr,
    )


def export(options: Namespace, say: Speech) -> None:
    """Write tasks."""
    settings = settings_of(options, {"label.to": options.to, "label.count": options.count})
    documents = corpus(options, settings)
    make(single_label.export_plan(documents, options.labels, settings, options.seed), options, say)


def import_(options: Namespace, say: Speech) -> None:
    """Read what people labelled."""
    settings = settings_of(options, {"label.field": options.field})
    documents = corpus(options, settings)
    make(single_label.import_plan(documents, options.file, options.format, settings, options.seed), options, say)


def errors(options: Namespace, say: Speech) -> None:
    """Find wrong labels."""
    settings = settings_of(options)
    make(single_label.errors_plan(corpus(options, settings), options.labels, settings, options.seed), options, say)
    if not options.json:
        _print_errors(_report(options), say)


def agreement(options: Namespace, say: Speech) -> None:
    """Measure agreement."""
    found = single_label.agreement_of(options.folders, options.scale)
    if options.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    rows = [
        [say("Krippendorff's alpha"), "", found["with_two_labels"], *_interval(found["krippendorff_alpha"])],
        [say("Fleiss' kappa"), "", found["fleiss_kappa"]["documents"], *_interval(found["fleiss_kappa"])],
    ]
    for pair in found["pairs"]:
        between = " / ".join(pair["between"])
        rows.append([say("Cohen's kappa"), between, pair["documents"], *_interval(pair["cohen_kappa"])])
    print_table([say("measure"), say("between"), say("documents"), say("value"), say("95 % interval")], rows)


def _read(documents: Step[Corpus] | Corpus, scratch: Path) -> Corpus:
    """The corpus itself: an estimate needs its texts."""
    if isinstance(documents, Corpus):
        return documents
    plan = Plan(documents, 0)
    made = execute(plan, Beside(scratch / "corpus", documents, plan.ids[documents], scratch), Machine.here())
    assert isinstance(made, Corpus), "the plan ends in a corpus"
    return made


def _report(options: Namespace) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((Path(options.out) / "report.json").read_text(encoding="utf-8"))
    return report


def _print_functions(report: dict[str, Any], say: Speech) -> None:
    known = "known" in report
    header = [say("function"), say("coverage"), say("overlap"), say("conflict"), say("accuracy"), say("95 % interval")]
    header += [say("known accuracy")] if known else []
    rows = []
    for figures in report["functions"]:
        row = [figures["name"], *(_percent(figures[name]) for name in ("coverage", "overlap", "conflict"))]
        row += _accuracy(figures, say)
        row += [_percent(figures["known_accuracy"])] if known else []
        rows.append([*row, ", ".join(say(flag) for flag in figures["flags"])])
    print()
    print_table([*header, say("remarks")], rows)
    told = {name: report[name] for name in ("documents", "covered", "overlapping", "conflicting")}
    print(
        say(
            "{covered} of {documents} documents have a vote, {overlapping} several, {conflicting} votes in conflict",
            **told,
        )
    )
    if known and report["known"]["covered"]:
        print(
            say(
                "of {covered} known labels {accuracy:.1%} were found; majority vote finds {majority_accuracy:.1%}",
                **report["known"],
            )
        )


def _accuracy(figures: dict[str, Any], say: Speech) -> list[str]:
    """The accuracy and its interval."""
    if figures["accuracy"] is None:
        return [say("never voted"), ""]
    return [
        _percent(figures["accuracy"]),
        f"{_percent(figures['accuracy_low'])} – {_percent(figures['accuracy_high'])}",
    ]


def _print_errors(report: dict[str, Any], say: Speech) -> None:
    names = list(report["confident_joint"])
    print()
    rows = [[name, *(report["confident_joint"][name][other] for other in names)] for name in names]
    print_table([say("given, and what the classifier is sure of"), *names], rows)
    print(
        say(
            "{suspects} of {judged} labels are under suspicion; the classifier agrees with {classifier_agrees:.1%}",
            **report,
        )
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _interval(found: dict[str, float | None]) -> list[str]:
    if found["value"] is None:
        return ["", ""]
    return [f"{found['value']:.3f}", f"{found['low']:.3f} – {found['high']:.3f}"]
