"""head translate, head summarise."""

import argparse
from pathlib import Path

from danlu.cli.commands import Commands, artifact_options, check_option, seed_option, watch_options
from danlu.cli.speech import Speech


def add(group: Commands, say: Speech) -> None:
    """Add both commands to the group `head`."""
    translate = group.add(
        "translate",
        "seq2seq:translate",
        say("fit a translation model to pairs of sentences, from a base or from nothing"),
        "danlu head translate --data pairs.jsonl --out model --set seq2seq.width=256",
    )
    _reads(translate, say)
    summarise = group.add(
        "summarise",
        "seq2seq:summarise",
        say("fit a model that summarises to pairs of texts and summaries"),
        "danlu head summarise --data pairs.jsonl --base path:t5 --out model --set 'seq2seq.prefix=\"summarize: \"'",
    )
    _reads(summarise, say)


def _reads(command: argparse.ArgumentParser, say: Speech) -> None:
    command.add_argument("--data", type=Path, metavar="FILE", help=say("JSON Lines with source and target"))
    command.add_argument(
        "--parallel",
        nargs=2,
        type=Path,
        default=(),
        metavar=("SOURCES", "TARGETS"),
        help=say("instead: two text files, line n of one belongs to line n of the other"),
    )
    command.add_argument(
        "--base",
        metavar="SPEC",
        help=say(
            "an encoder-decoder checkpoint to start from: path:FOLDER; without it random weights and a vocabulary of their own"
        ),
    )
    seed_option(command, say)
    artifact_options(command, say)
    watch_options(command, say)
    check_option(command, say)
