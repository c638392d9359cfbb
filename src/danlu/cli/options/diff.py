"""diff."""

from danlu.cli.commands import Commands, json_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    diff = commands.add(
        "diff",
        "diff:diff",
        say(
            "what differs between two artifacts; between two corpora, which documents, by which rules; between two models, what they learnt from, how, and their weights"
        ),
        "danlu diff extract clean",
    )
    for name, metavar in (("first", "A"), ("second", "B")):
        diff.add_argument(
            name,
            metavar=metavar,
            help=say("folder of an artifact; in a project also an id, the start of one, or a stage"),
        )
    diff.add_argument(
        "--examples", type=int, default=3, metavar="N", help=say("documents shown of each kind; default 3")
    )
    json_option(diff, say)
