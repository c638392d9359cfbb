"""keys, audit, dashboards: who may call the server, what it wrote down, and how it is watched."""

from pathlib import Path

from danlu.cli.commands import Commands, json_option
from danlu.cli.options.answers import as_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add these commands."""
    keys = commands.group("keys", say("make, list and revoke access keys"))
    _create(keys, say)
    json_option(keys.add("list", "keys:list", say("list keys"), "danlu keys list"), say)
    revoke = keys.add("revoke", "keys:revoke", say("revoke a key"), "danlu keys revoke KEY_ID")
    revoke.add_argument("id", metavar="KEY_ID", help=say("the id that `danlu keys list` prints"))
    json_option(revoke, say)
    restore = keys.add("restore", "keys:restore", say("let a suspended key ask again"), "danlu keys restore KEY_ID")
    restore.add_argument("id", metavar="KEY_ID", help=say("the id that `danlu keys list` prints"))
    audit = commands.group("audit", say("check and read the server's log of who asked what model"))
    verify = audit.add(
        "verify", "audit:verify", say("check that no record was changed, removed or put in"), "danlu audit verify"
    )
    verify.add_argument(
        "--head", metavar="NUMBER:HASH", help=say("the last record of an earlier check, which has to be there still")
    )
    json_option(verify, say)
    audit.add("show", "audit:show", say("print every record as one line of JSON"), "danlu audit show")
    feedback = commands.group("feedback", say("read what people think of answers, and learn from it"))
    json_option(
        feedback.add("show", "feedback:show", say("show what people think of answers"), "danlu feedback show"), say
    )
    export = feedback.add(
        "export",
        "feedback:export",
        say("write corrections, preferences and ratings as rows to train on"),
        "danlu feedback export learnt",
    )
    export.add_argument("folder", type=Path, metavar="FOLDER", help=say("folder to write the files to"))
    json_option(export, say)
    dashboards = commands.add(
        "dashboards",
        "dashboards:write",
        say("write what Prometheus and Grafana need to watch the server: scrape configuration, alerts, dashboard"),
        "danlu dashboards watching --address 127.0.0.1:8000",
    )
    dashboards.add_argument("folder", type=Path, metavar="FOLDER", help=say("folder to write the files to"))
    dashboards.add_argument(
        "--address",
        default="127.0.0.1:8000",
        metavar="HOST:PORT",
        help=say("where the server is (default 127.0.0.1:8000)"),
    )


def _create(keys: Commands, say: Speech) -> None:
    create = keys.add(
        "create",
        "keys:create",
        say("make a key; it is shown once"),
        "danlu keys create --model 'handbook*' --limit tokens_per_day=100000 --days 90",
    )
    as_option(create, say("its holder is this group or person of danlu.yaml's `access`; may be repeated"))
    create.add_argument(
        "--role",
        choices=("user", "monitor", "admin"),
        default="user",
        help=say("user asks models (default); monitor also reads measurements; admin also reads feedback"),
    )
    create.add_argument(
        "--model", dest="models", action="append", default=[], metavar="NAME",
        help=say("a model that it may use, * for any ending; may be repeated (default: all)"),
    )  # fmt: skip
    create.add_argument(
        "--days", type=float, metavar="N", help=say("days after which it stops working (default: never)")
    )
    create.add_argument(
        "--limit", dest="limits", action="append", default=[], metavar="NAME=NUMBER",
        help=say("a limit of its own, such as tokens_per_day=100000; may be repeated"),
    )  # fmt: skip
    json_option(create, say)
