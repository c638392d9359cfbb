"""How a command is added to the parser: its help, an example, the function that it calls, and the options that many share."""

import argparse
from pathlib import Path

from danlu.cli.setting_examples import setting_example
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
        # For commands without the functions below.
        child.set_defaults(
            call=call, compute=None, workers=None, processes=None, machines=None, watch=False, track=None,
            check=False, minutes=None,
        )  # fmt: skip
        return child

    def group(self, name: str, help: str) -> "Commands":
        """Add a command that has commands of its own."""
        child = self._children.add_parser(name, help=help, description=help)
        return Commands(child, self._speech)


def documents_arguments(command: argparse.ArgumentParser, say: Speech) -> None:
    """IN and --licence: what a stage on documents reads."""
    command.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="IN",
        help=say("a corpus that danlu wrote, or folders or files of documents; referenced, not copied"),
    )
    licence_option(command, say)


def artifact_options(command: argparse.ArgumentParser, say: Speech) -> None:
    """--out, --set, where the work is done, and --json: what a command takes that makes an artifact."""
    out_option(command, say)
    set_option(command, say)
    machine_options(command, say)
    json_option(command, say)


def licence_option(command: argparse.ArgumentParser, say: Speech) -> None:
    """--licence."""
    command.add_argument(
        "--licence", default="unknown", help=say("SPDX licence of the documents, such as CC-BY-SA-3.0")
    )


def seed_option(command: argparse.ArgumentParser, say: Speech) -> None:
    """--seed, for stages in which chance has a part."""
    command.add_argument("--seed", type=int, default=0, help=say("number that all chance follows from (default 0)"))


def out_option(command: argparse.ArgumentParser, say: Speech, is_required: bool = True) -> None:
    """--out."""
    command.add_argument(
        "--out", required=is_required, metavar="DIR", help=say("folder of the artifact; made when missing")
    )


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
        help=say("change a setting, such as {example}", example=setting_example(command.prog)),
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


def process_options(command: argparse.ArgumentParser, say: Speech) -> None:
    """For commands whose training several processes can share."""
    command.add_argument(
        "--processes",
        metavar="N",
        help=say(
            "processes that share one training: a number, or NAME=N,… of shards, replicas, tensor, pipeline, zero"
        ),
    )
    command.add_argument(
        "--machines",
        type=int,
        metavar="N",
        help=say("machines that the processes are spread over; on each of the others: danlu join DIR"),
    )


def watch_options(command: argparse.ArgumentParser, say: Speech) -> None:
    """For commands that train."""
    command.add_argument("--watch", action="store_true", help=say("draw the curve of the loss while it trains"))
    command.add_argument(
        "--track",
        nargs="?",
        const="",
        metavar="URI",
        help=say(
            "keep a record in MLflow: of the server or file that is named, else of MLFLOW_TRACKING_URI, else in mlflow.db"
        ),
    )


def check_option(command: argparse.ArgumentParser, say: Speech, help: str = "") -> None:
    """For commands whose training is foreseen; `help` for one whose steps cannot be tried."""
    command.add_argument(
        "--check",
        action="store_true",
        help=help or say("try some steps, say what time, memory and disk the training will take, and end before it"),
    )


def minutes_option(command: argparse.ArgumentParser, say: Speech) -> None:
    """For commands whose training is limited by tokens."""
    command.add_argument(
        "--minutes",
        type=float,
        metavar="N",
        help=say("train on as many tokens as fit into this time: measured once, before the first step, and said"),
    )
