"""tokenize."""

from pathlib import Path

from danlu.cli.commands import Commands, artifact_options, documents_arguments
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    tokenize = commands.add(
        "tokenize",
        "tokenize_command:tokenize",
        say("write documents as token ids, ready for pretraining"),
        "danlu tokenize corpus --tokenizer tokenizer --out shards",
    )
    documents_arguments(tokenize, say)
    tokenize.add_argument(
        "--tokenizer",
        required=True,
        type=Path,
        metavar="DIR",
        help=say("a folder with tokenizer.json: what `danlu tokenizer` wrote, or a checkpoint"),
    )
    tokenize.add_argument(
        "--chats",
        action="store_true",
        help=say("IN is a file of conversations: written as a chat model learns them, with the loss on replies alone"),
    )
    artifact_options(tokenize, say)
