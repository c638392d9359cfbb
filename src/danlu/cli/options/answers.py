"""ask, why, serve, keys."""

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
    json_option(ask, say)
    why = commands.add(
        "why",
        "answers:why",
        say("lead an answer back to its sources, hashes verified"),
        "danlu why ans_0123456789abcdef",
    )
    why.add_argument("answer_id", metavar="ANSWER_ID", help=say("the id that `ask` or the server printed"))
    json_option(why, say)
    _serve(commands, say)
    _keys(commands, say)


def _serve(commands: Commands, say: Speech) -> None:
    serve = commands.add(
        "serve",
        "serving:serve",
        say("serve the current release: OpenAI-compatible API and chat page"),
        "danlu serve --port 8000",
    )
    serve.add_argument("--host", default="127.0.0.1", help=say("address to listen on (default 127.0.0.1)"))
    serve.add_argument("--port", type=int, default=8000, help=say("port to listen on (default 8000)"))


def _keys(commands: Commands, say: Speech) -> None:
    keys = commands.group("keys", say("make, list and revoke access keys"))
    for name, help in (
        ("create", say("make a key; it is shown once")),
        ("list", say("list keys")),
        ("revoke", say("revoke a key")),
    ):
        key = keys.add(name, f"keys:{name}", help, f"danlu keys {name}" + (" KEY_ID" if name == "revoke" else ""))
        if name == "revoke":
            key.add_argument("id", metavar="KEY_ID", help=say("the id that `danlu keys list` prints"))
        json_option(key, say)
