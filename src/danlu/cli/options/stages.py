"""Stages on explicit inputs, without a project."""

from danlu.cli.commands import (
    Commands,
    artifact_options,
    documents_arguments,
    json_option,
    licence_option,
    out_option,
    set_option,
)
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add these commands."""
    _clean(commands, say)
    _index(commands, say)
    _evaluate(commands, say)


def _clean(commands: Commands, say: Speech) -> None:
    clean = commands.add(
        "clean",
        "stand_alone:clean",
        say("read and clean documents, no project needed"),
        "danlu clean ./pages --out corpus --set clean.rules=web",
    )
    documents_arguments(clean, say)
    clean.add_argument(
        "--quality", metavar="JSONL", help=say("examples of good and bad text: one {text, label: good or bad} per line")
    )
    artifact_options(clean, say)


def _index(commands: Commands, say: Speech) -> None:
    index = commands.add(
        "index",
        "stand_alone:index",
        say("index documents for search, no project needed"),
        "danlu index ./manuals --out index",
    )
    index.add_argument(
        "paths", nargs="+", metavar="IN", help=say("folders or files of documents; referenced, not copied")
    )
    licence_option(index, say)
    artifact_options(index, say)


def _evaluate(commands: Commands, say: Speech) -> None:
    evaluate = commands.add(
        "evaluate",
        "stand_alone:evaluate",
        say("measure an index on questions, or a model on conversations"),
        "danlu evaluate index --data questions.jsonl --out report",
    )
    evaluate.add_argument(
        "subject",
        nargs="?",
        metavar="FOLDER",
        help=say("an index folder, or a model checkpoint; without it, the index of this project's release"),
    )
    evaluate.add_argument(
        "--data",
        metavar="JSONL",
        help=say(
            "for an index: {question, file, quote} per line; for a model: {id, messages: [...]}; "
            "without it, this project's own held-out questions"
        ),
    )
    out_option(evaluate, say, is_required=False)
    set_option(evaluate, say)
    json_option(evaluate, say)
