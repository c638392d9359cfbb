"""fetch: documents from outside."""

import argparse

from danlu.cli.commands import Commands, json_option, licence_option, set_option
from danlu.cli.speech import Speech


def add(commands: Commands, say: Speech) -> None:
    """Add the command."""
    fetch = commands.add(
        "fetch",
        "fetch:fetch",
        say("fetch documents from outside into a folder that other commands read"),
        "danlu fetch https://docs.example.org/guide/ --out guide --set crawl.contact=me@example.org",
    )
    fetch.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help=say(
            "https://SITE/FOLDER/, sql:DATABASE-URL, hf:OWNER/NAME, ms:OWNER/NAME, c4:en/00000, pile:00,"
            " cc:CRAWL?url=PATTERN, url:FILE-URL"
        ),
    )
    fetch.add_argument(
        "--out", required=True, metavar="DIR", help=say("folder for what is fetched; the same command goes on there")
    )
    licence_option(fetch, say)
    _database_options(fetch, say)
    fetch.add_argument(
        "--refresh", action="store_true", help=say("ask again for what is finished: only what changed is fetched")
    )
    fetch.add_argument(
        "--allow-private", action="store_true", help=say("allow addresses that are not public, such as an intranet's")
    )
    set_option(fetch, say)
    json_option(fetch, say)


def _database_options(fetch: argparse.ArgumentParser, say: Speech) -> None:
    fetch.add_argument("--table", help=say("table or view of a database"))
    fetch.add_argument("--query", metavar="SQL", help=say("a SELECT instead of a table"))
    for option, help in (
        ("--text-column", say("column with the text (several: repeat it)")),
        ("--key-column", say("unique column to read by; default: the table's primary key")),
    ):
        fetch.add_argument(option, action="append", default=[], metavar="NAME", help=help)
    fetch.add_argument("--title-column", metavar="NAME", help=say("column with the title"))
