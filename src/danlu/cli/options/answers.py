"""ask, why, serve."""

from argparse import ArgumentParser

from danlu.cli.commands import Commands, json_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add these commands."""
    ask = commands.add(
        "ask",
        "answers:ask",
        say("answer one question from the documents, with citations"),
        'danlu ask "How do I install a source package?"',
    )
    ask.add_argument("question", metavar="QUESTION", help=say("the question, in quotes"))
    ask.add_argument(
        "--follow",
        metavar="ID",
        help=say("id of an earlier answer: what this question leaves out is taken from the question asked there"),
    )
    as_option(ask, say("ask as this group or person of danlu.yaml's `access`; may be repeated"))
    json_option(ask, say)
    why = commands.add(
        "why",
        "answers:why",
        say("lead an answer back to its sources, or a document to all that used it, hashes verified"),
        "danlu why ans_0123456789abcdef",
    )
    why.add_argument(
        "about",
        metavar="ID_OR_DOC",
        help=say("the id that `ask` or the server printed; or a document, by name, id or path"),
    )
    json_option(why, say)
    _serve(commands, say)


def as_option(command: ArgumentParser, help: str) -> None:
    """--as, as often as needed."""
    command.add_argument("--as", dest="principals", action="append", default=[], metavar="NAME", help=help)


def _serve(commands: Commands, say: Speech) -> None:
    serve = commands.add(
        "serve",
        "serving:serve",
        say("serve the current release: OpenAI-compatible API and chat page"),
        "danlu serve --port 8000",
    )
    serve.add_argument("--host", default="127.0.0.1", help=say("address to listen on (default 127.0.0.1)"))
    serve.add_argument("--port", type=int, default=8000, help=say("port to listen on (default 8000)"))
    as_option(serve, say("who comes by the printed link is this group or person; keys have their own"))
