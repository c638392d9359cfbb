"""How a command is added to the parser: its help, an example, and the function that it calls."""

import argparse

from danlu.cli.speech import LANGUAGES, Speech


class Commands:
    """Adds commands to a parser: each with its help, an example, and the function that it calls."""

    def __init__(self, parser: argparse.ArgumentParser, speech: Speech) -> None:
        self._children = parser.add_subparsers(metavar=speech("COMMAND"), required=True)
        self._speech = speech

    def add(self, name: str, call: str, help: str, example: str) -> argparse.ArgumentParser:
        """Add one command."""
        say = self._speech
        child = self._children.add_parser(
            name,
            help=help,
            description=help,
            epilog=say("example: {example}", example=example),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        child.add_argument(
            "--lang", choices=LANGUAGES, default=argparse.SUPPRESS, help=say("language of what danlu says")
        )
        child.set_defaults(call=call, compute=None, workers=None)  # for commands without `machine_options`
        return child

    def group(self, name: str, help: str) -> "Commands":
        """Add a command that has commands of its own."""
        child = self._children.add_parser(name, help=help, description=help)
        return Commands(child, self._speech)


def json_option(command: argparse.ArgumentParser, say: Speech) -> None:
    """--json."""
    command.add_argument("--json", action="store_true", help=say("print JSON"))


def set_option(command: argparse.ArgumentParser, say: Speech) -> None:
    """--set, as often as needed."""
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="K=V",
        help=say("change a setting, such as clean.rules=web"),
    )


def machine_options(command: argparse.ArgumentParser, say: Speech) -> None:
    """For commands whose work is done in workers."""
    command.add_argument(
        "--compute",
        metavar="ADDRESS",
        help=say("work on a Ray cluster: HOST:PORT, or auto for the one this machine belongs to"),
    )
    command.add_argument(
        "--workers", type=int, metavar="N", help=say("so many workers at a time (default: one for each core)")
    )
