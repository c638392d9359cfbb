"""fetch: call it, print what came of it."""

import json
import os
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from danlu.cli.given import settings_of
from danlu.cli.speech import Speech
from danlu.cli.tables import print_table
from danlu.core.errors import UserError
from danlu.core.progress import Silent, progress
from danlu.data.fetch.sql_wanted import Wanted
from danlu.model.hub_access import endpoints, tokens
from danlu.recipes.single_fetch_run import Access


def fetch(options: Namespace, say: Speech) -> None:
    """Fetch the sources and print the account."""
    try:
        from danlu.recipes import single_fetch
    except ImportError as missing:
        raise UserError(
            "danlu fetch needs the package {package}", "Install it: pip install 'danlu[fetch]'", package=missing.name
        ) from None
    text, key = tuple(options.text_column), tuple(options.key_column)
    wanted = Wanted(options.table, options.query, text, key, options.title_column)
    with ExitStack() as stack:
        shown = Silent() if options.json else stack.enter_context(progress(say("fetch")))
        access = Access(options.allow_private, endpoints(os.environ), tokens(os.environ))
        out, settings = Path(options.out), settings_of(options)
        account = single_fetch.fetch(
            options.sources, out, settings, shown, options.licence, wanted, access, options.refresh
        )
    if options.json:
        print(json.dumps({"out": options.out, "sources": account}, indent=2, ensure_ascii=False))
    else:
        _print(account, options, say)


def _print(account: list[dict[str, Any]], options: Namespace, say: Speech) -> None:
    states = ("fetched", "skipped", "failed")
    print_table(
        [say("source"), *(say(state) for state in states), "MB", say("licences")],
        [
            [
                source["label"],
                *(source["counts"][state] for state in states),
                f"{source['bytes'] / 1e6:.2f}",
                _licences(source, say),
            ]
            for source in account
        ],
    )
    reasons = [
        [source["label"], *map(say, reason.split(": ", 1)), count]
        for source in account
        for reason, count in source["reasons"].items()
    ]
    if reasons:
        print()
        print_table([say("source"), say("state"), say("reason"), say("count")], reasons)
    _print_bounds(account, say)
    _print_news(account, options, say)
    print(say("Every address with what became of it: {path}", path=Path(options.out) / "fetch.jsonl"))
    print(say("Next: danlu clean {out} --out corpus", out=options.out))


_BOUNDS = {
    "page limit": "crawl.max_pages", "size limit": "crawl.max_bytes", "too deep": "crawl.max_depth",
    "too many variants": "crawl.max_variants",
}  # fmt: skip
"""The setting behind each bound of a crawl."""


def _print_bounds(account: list[dict[str, Any]], say: Speech) -> None:
    reasons = {reason.removeprefix("skipped: ") for source in account for reason in source["reasons"]}
    settings = [setting for reason, setting in _BOUNDS.items() if reason in reasons]
    if settings:
        print(say("Left out by a bound: raise {settings} with --set if it should come.", settings=", ".join(settings)))


def _print_news(account: list[dict[str, Any]], options: Namespace, say: Speech) -> None:
    """What a run brought that did not begin with an empty folder."""
    new = sum(source["new"] for source in account)
    kept = sum(source["counts"]["fetched"] for source in account) - new
    if new and kept:
        print(say("{new} new, {kept} kept from before.", new=new, kept=kept))
    elif kept and options.refresh:
        print(say("Nothing new: {kept} asked again and unchanged.", kept=kept))
    elif kept:
        print(say("Nothing new: {kept} kept from before. --refresh asks again.", kept=kept))


def _licences(source: dict[str, Any], say: Speech) -> str:
    return ", ".join(f"{say(name)} {count}" for name, count in source["licences"].items())
