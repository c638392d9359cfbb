"""label weak, model, export, import, agreement, errors."""

import argparse
from pathlib import Path

from danlu.cli.commands import Commands, artifact_options, documents_arguments, json_option, seed_option
from danlu.cli.speech import Speech

TOOLS = ("label-studio", "argilla", "csv")
SCALES = ("nominal", "ordinal", "interval")


def add(commands: Commands, say: Speech) -> None:
    """Add the group and its commands."""
    group = commands.group("label", say("label documents: by rules, by a model, by people"))
    _weak(group, say)
    _model(group, say)
    _export(group, say)
    _import(group, say)
    _errors(group, say)
    _agreement(group, say)


def _weak(group: Commands, say: Speech) -> None:
    weak = group.add(
        "weak",
        "label:weak",
        say("label by labelling functions that vote"),
        "danlu label weak corpus --functions functions.yaml --out labels",
    )
    weak.add_argument(
        "--functions",
        type=Path,
        required=True,
        metavar="FILE",
        help=say("YAML with keywords, regular expressions and other conditions; or your own .py, which is run"),
    )
    _known(weak, say("labels that are known, to measure by; nothing learns from them"))
    _reads(weak, say)


def _model(group: Commands, say: Speech) -> None:
    model = group.add(
        "model",
        "label:model",
        say("label by a language model behind an OpenAI-compatible address"),
        "danlu label model corpus --schema labels.yaml --model http://127.0.0.1:8000/v1 qwen3 --out labels",
    )
    model.add_argument(
        "--schema",
        type=Path,
        required=True,
        metavar="FILE",
        help=say("YAML with the question, and each label with its definition and examples"),
    )
    model.add_argument(
        "--model",
        nargs=2,
        required=True,
        metavar=("URL", "NAME"),
        help=say("the address and the model's name there; the key comes from DANLU_ENDPOINT_KEY"),
    )
    _known(model, say("labels by people, from which examples are taken (label.shots)"))
    model.add_argument(
        "--price", nargs=2, type=float, default=(0.0, 0.0), metavar=("IN", "OUT"), help=say("for a million tokens")
    )
    model.add_argument("--max-cost", type=float, metavar="COST", help=say("stop before more than this is spent"))
    model.add_argument("--concurrency", type=int, default=8, metavar="N", help=say("requests in flight (default 8)"))
    model.add_argument("--dry-run", action="store_true", help=say("print what it would cost, and send nothing"))
    _reads(model, say)


def _export(group: Commands, say: Speech) -> None:
    export = group.add(
        "export",
        "label:export",
        say("write tasks for people to label, in the format of a labelling tool"),
        "danlu label export corpus --to label-studio --labels labels --count 200 --out tasks",
    )
    export.add_argument("--to", choices=TOOLS, default="label-studio", help=say("the tool (default label-studio)"))
    export.add_argument(
        "--labels",
        type=Path,
        metavar="DIR",
        help=say("labels so far: shown as suggestions, and they say what is unsure"),
    )
    export.add_argument(
        "--count",
        type=int,
        default=0,
        metavar="N",
        help=say("how many documents, the most instructive first; default all"),
    )
    _reads(export, say)


def _import(group: Commands, say: Speech) -> None:
    imported = group.add(
        "import",
        "label:import_",
        say("read what people labelled; every answer is kept or refused with a reason"),
        "danlu label import corpus --file export.json --from label-studio --out labels",
    )
    source = imported.add_mutually_exclusive_group(required=True)
    source.add_argument("--file", type=Path, metavar="FILE", help=say("what the labelling tool exported"))
    source.add_argument("--field", default="", metavar="NAME", help=say("a field of the documents' own metadata"))
    imported.add_argument(
        "--from", dest="format", choices=TOOLS, default="label-studio", help=say("the tool (default label-studio)")
    )
    _reads(imported, say)


def _errors(group: Commands, say: Speech) -> None:
    errors = group.add(
        "errors",
        "label:errors",
        say("find labels that are probably wrong, the surest first"),
        "danlu label errors corpus --labels labels --out suspects",
    )
    errors.add_argument("--labels", type=Path, required=True, metavar="DIR", help=say("the labels to check"))
    _reads(errors, say)


def _agreement(group: Commands, say: Speech) -> None:
    agreement = group.add(
        "agreement",
        "label:agreement",
        say("measure how far annotators agree, beyond chance"),
        "danlu label agreement people rules",
    )
    agreement.add_argument("folders", nargs="+", type=Path, metavar="LABELS", help=say("folders of labels"))
    agreement.add_argument(
        "--scale",
        choices=SCALES,
        default="nominal",
        help=say("nominal: equal or not; ordinal: in the order of the names; interval: labels are numbers"),
    )
    json_option(agreement, say)


def _known(command: argparse.ArgumentParser, help: str) -> None:
    command.add_argument("--known", type=Path, metavar="DIR", help=help)


def _reads(command: argparse.ArgumentParser, say: Speech) -> None:
    documents_arguments(command, say)
    seed_option(command, say)
    artifact_options(command, say)
