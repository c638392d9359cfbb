"""join."""

from pathlib import Path

from danlu.cli.commands import Commands
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    join = commands.add(
        "join",
        "join:join",
        say("take part, with this machine, in a training that another one started"),
        "danlu join /shared/model",
    )
    join.add_argument(
        "folder", type=Path, metavar="DIR", help=say("the --out folder of that training, which all machines see")
    )
