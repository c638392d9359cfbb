"""forget."""

from danlu.cli.commands import Commands, json_option, machine_options
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    forget = commands.add(
        "forget",
        "forget:forget",
        say("forget a document: at once in every answer; list what still holds it and what learnt from it"),
        "danlu forget docs/contracts/2019.pdf --rebuild",
    )
    forget.add_argument(
        "document",
        nargs="?",
        metavar="DOC",
        help=say("its name as citations show it, its id, or the path of a source file; a file with everything in it"),
    )
    forget.add_argument(
        "--rebuild", action="store_true", help=say("then make everything that used it anew, as `danlu run` does")
    )
    forget.add_argument(
        "--purge",
        action="store_true",
        help=say("then delete the artifacts that used it; the current release must not be one of them"),
    )
    forget.add_argument("--lift", action="store_true", help=say("take the order back: the next run reads it again"))
    forget.add_argument("--list", action="store_true", help=say("list the orders and what became of them"))
    forget.add_argument(
        "--verify", action="store_true", help=say("check the records: hashes, signatures, and that nothing came back")
    )
    machine_options(forget, say)
    json_option(forget, say)
    forget.set_defaults(set=[], until=None)
