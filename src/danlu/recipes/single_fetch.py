"""`danlu fetch`: each source with what its kind needs, all into one folder with one ledger."""

import asyncio
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from danlu.core.errors import Phrase, UserError, WorkFailed
from danlu.core.progress import Progress
from danlu.data.fetch.account import account_of, first_trouble, opened
from danlu.data.fetch.common_crawl import CommonCrawlConfig
from danlu.data.fetch.crawl_config import CrawlConfig
from danlu.data.fetch.download import DownloadConfig
from danlu.data.fetch.ledger import FAILED, FETCHED, SKIPPED
from danlu.data.fetch.open_corpora import PileConfig
from danlu.data.fetch.sources import Source
from danlu.data.fetch.sql_wanted import Wanted
from danlu.data.fetch.web import PRIVATE, Web
from danlu.recipes.settings import Settings
from danlu.recipes.single_fetch_files import FILES
from danlu.recipes.single_fetch_run import Access, FetchRun
from danlu.recipes.single_fetch_sites import crawl_sites


def fetch(
    sources: Sequence[str],
    out: Path,
    settings: Settings,
    progress: Progress,
    licence: str = "unknown",
    wanted: Wanted | None = None,
    access: Access | None = None,
    refresh: bool = False,
) -> list[dict[str, Any]]:
    """Fetch all sources into `out`, and return the account of each.

    A source that is finished is left as it is unless `refresh`. Raises UserError for what cannot be asked for, and
    WorkFailed when a source could not be had; what was fetched is kept, with the ledger.
    """
    asked = [Source.of(text) for text in dict.fromkeys(sources)]
    configs = _configs(settings, asked)
    with opened(out) as ledger:
        run = FetchRun(ledger, configs, access or Access(), licence, refresh, progress, wanted or Wanted())
        for source in asked:
            if source.scheme == "sql":
                from danlu.recipes.single_fetch_sql import fetch_rows

                fetch_rows(run, source)
        asyncio.run(_from_the_web(run, [source for source in asked if source.scheme != "sql"]))
        account = account_of(ledger)
        for told in account:
            if told["label"] in ledger.asked:
                _check(told, *first_trouble(ledger, told["label"]))
    return account


def _configs(settings: Settings, asked: Sequence[Source]) -> dict[str, Any]:
    configs = {
        "crawl": settings.of("crawl", CrawlConfig), "download": settings.of("download", DownloadConfig),
        "common_crawl": settings.of("common_crawl", CommonCrawlConfig), "pile": settings.of("pile", PileConfig),
        "sql": _sql_config(settings, asked),
    }  # fmt: skip
    settings.check_all_used()
    return configs


def _sql_config(settings: Settings, asked: Sequence[Source]) -> Any:
    try:
        from danlu.data.fetch.sql import SqlConfig
    except ImportError as missing:
        if any(source.scheme == "sql" for source in asked):
            raise UserError(
                "danlu fetch needs the package {package}",
                "Install it: pip install 'danlu[fetch]'",
                package=missing.name,
            ) from None
        return None
    return settings.of("sql", SqlConfig)


async def _from_the_web(run: FetchRun, sources: Sequence[Source]) -> None:
    crawl: CrawlConfig = run.settings["crawl"]
    agent = f"danlu/{version('danlu')} ({f'+{crawl.contact}' if crawl.contact else 'collects documents for a language model'})"
    async with Web(agent, run.access.allow_private, crawl.timeout_s) as web:
        for source in sources:
            if source.scheme in FILES:
                await FILES[source.scheme](run, web, source)
        await crawl_sites(run, web, [source for source in sources if source.scheme not in FILES])


def _check(source: Mapping[str, Any], item: str, value: str) -> None:
    """Raise WorkFailed for a source that gave nothing, or that was given up."""
    refused, count, reasons = source.get("refused"), source["counts"][FETCHED], _said(source["reasons"])
    if (refused or [""])[0] == PRIVATE or (not count and f"{SKIPPED}: {PRIVATE}" in source["reasons"]):
        raise UserError(
            "{source} leads to an address that is not public",
            "Add --allow-private if that is meant: an intranet, a site on this machine, a proxy with addresses of its own.",
            source=source["source"],
        )
    if not count:
        raise WorkFailed(
            "Nothing was fetched from {source}: {reasons}; first {item}: {value}",
            "fetch.jsonl names every address with its reason.",
            source=source["source"], reasons=reasons, item=item, value=value,
        )  # fmt: skip
    if not source["finished_at"]:
        if refused:
            reasons = Phrase("{reason}: {value}", reason=Phrase(refused[0]), value=refused[1])
        raise WorkFailed(
            "{source} was given up after {count}: {reasons}", "The same command goes on where it stopped; later may be better.",
            source=source["source"], count=count, reasons=reasons,
        )  # fmt: skip


def _said(reasons: Mapping[str, int]) -> Phrase:
    """Reasons with their numbers, what failed first."""
    said: Phrase | None = None
    for name, count in sorted(reasons.items(), key=lambda pair: not pair[0].startswith(FAILED)):
        state, _, reason = name.partition(": ")
        one = Phrase("{rule} ({count})", rule=Phrase(reason or state), count=count)
        said = Phrase("{before}, {next}", before=said, next=one) if said else one
    return said or Phrase("it is empty")
