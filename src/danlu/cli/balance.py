"""balance: a report of a corpus, a corpus of given shares, or a corpus with counterfactuals."""

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from danlu.cli.given import inputs_of, parsed_settings
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.cli.tables import print_table
from danlu.core.errors import UserError
from danlu.core.stages import Plan
from danlu.recipes import single_balance
from danlu.recipes.settings import Settings


def balance(options: Namespace, say: Speech) -> None:
    """Do one of the three."""
    make(_plan(options), options, say)
    report = Path(options.out) / "report.json"
    if report.exists() and not options.json:
        _print_groups(json.loads(report.read_text(encoding="utf-8")), say)
        print(say("the whole report: {file}", file=report.with_suffix(".html")), file=sys.stderr)


def _plan(options: Namespace) -> Plan:
    settings = parsed_settings(options.set)
    paths = inputs_of(options)
    if options.swap:
        settings["counterfactual.swap"] = [name.strip() for name in options.swap.split(",")]
        return single_balance.counterfactual_plan(paths, options.licence, Settings(settings), options.seed)
    stage = "resample" if options.resample else "balance"
    given = {"group_by": options.group_by, "targets": _targets(options.target)}
    given |= {} if options.resample else {"label_by": options.label_by}
    settings |= {f"{stage}.{name}": value for name, value in given.items() if value}
    plan = single_balance.resample_plan if options.resample else single_balance.diversity_plan
    return plan(paths, options.licence, Settings(settings), options.words, options.seed)


def _targets(pairs: list[str]) -> dict[str, float]:
    """GROUP=SHARE, each share above 0; raises UserError for anything else."""
    targets = {}
    for pair in pairs:
        group, _, share = pair.rpartition("=")
        try:
            targets[group] = float(share)
        except ValueError:
            group = ""
        if not group or targets[group] < 0:
            raise UserError("--target {pair}: expected GROUP=SHARE", "For example: --target zh=0.5", pair=pair)
    return targets


def _print_groups(report: dict[str, Any], say: Speech) -> None:
    header = [say("group"), say("documents"), say("share"), say("target"), say("tokens")]
    print_table(
        header,
        [
            [g["group"], g["documents"], f"{g['share']:.1%}", f"{g['target']:.1%}", g["tokens"]]
            for g in report["groups"]
        ],
    )
    if report["too_small"]:
        named = ", ".join(report["too_small"])
        print(say("too small to be evened out, so that they keep their share: {groups}", groups=named))
