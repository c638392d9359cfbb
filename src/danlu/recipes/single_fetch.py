"""Fetch each source with what its kind needs, all into one folder with one ledger."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from danlu.core.errors import Phrase, UserError, WorkFailed
from danlu.core.progress import Progress
from danlu.data.fetch.common_crawl import CommonCrawlConfig, CrawlPart, fetch_records, whole_files
from danlu.data.fetch.crawl import Crawl, CrawlConfig
from danlu.data.fetch.download import DownloadConfig, Downloads, RemoteFile
from danlu.data.fetch.hub import DataSet, Listing, list_hugging_face, list_model_scope
from danlu.data.fetch.ledger import FETCHED, SKIPPED, FetchLedger, opened
from danlu.data.fetch.open_corpora import C4, PileConfig, Shards, c4_shards, pile_shards
from danlu.data.fetch.pace import Pace
from danlu.data.fetch.sources import Source
from danlu.data.fetch.urls import canonical, host_of
from danlu.data.fetch.web import PRIVATE, Web
from danlu.recipes.settings import Settings

HUGGING_FACE, MODEL_SCOPE = "https://huggingface.co", "https://www.modelscope.cn"
_MOST_HOSTS = 16
"""Hosts that are crawled at a time."""


@dataclass(frozen=True)
class Access:
    """How the outside is reached: what the user's environment says of hubs, and what a user allows."""

    allow_private: bool = False
    hugging_face: str = HUGGING_FACE
    model_scope: str = MODEL_SCOPE
    tokens: Mapping[str, str] = field(default_factory=dict)
    """By scheme: `hf`, `ms`."""


@dataclass(frozen=True)
class Columns:
    """What is read of a database: see `danlu.data.fetch.sql_source.Wanted`."""

    table: str | None = None
    query: str | None = None
    text: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    title: str | None = None


@dataclass
class _Fetch:
    """One run: the ledger, the settings and what all sources share."""

    ledger: FetchLedger
    settings: Mapping[str, Any]
    access: Access
    licence: str
    refresh: bool
    progress: Progress
    columns: Columns


def fetch(
    sources: Sequence[str],
    out: Path,
    settings: Settings,
    progress: Progress,
    licence: str = "unknown",
    columns: Columns | None = None,
    access: Access | None = None,
    refresh: bool = False,
) -> list[dict[str, Any]]:
    """Fetch all sources into `out`, and return the account of each.

    A source that is finished is left as it is unless `refresh`. Raises UserError for what cannot be asked for, and
    WorkFailed when a source could not be had; what was fetched is kept, with the ledger.
    """
    asked = [Source.of(text) for text in dict.fromkeys(sources)]
    configs = {
        "crawl": settings.of("crawl", CrawlConfig), "download": settings.of("download", DownloadConfig),
        "common_crawl": settings.of("common_crawl", CommonCrawlConfig), "pile": settings.of("pile", PileConfig),
        "sql": _sql_config(settings, asked),
    }  # fmt: skip
    settings.check_all_used()
    with opened(out) as ledger:
        run = _Fetch(ledger, configs, access or Access(), licence, refresh, progress, columns or Columns())
        for source in asked:
            if source.scheme == "sql":
                _sql(run, source)
        asyncio.run(_from_the_web(run, [source for source in asked if source.scheme != "sql"]))
        account = ledger.account()
    _check(account)
    return account


def _sql_config(settings: Settings, asked: Sequence[Source]) -> Any:
    try:
        from danlu.data.fetch.sql import SqlConfig
    except ImportError as missing:
        if any(source.scheme == "sql" for source in asked):
            raise _needs(missing) from None
        return None
    return settings.of("sql", SqlConfig)


def _needs(missing: ImportError) -> UserError:
    return UserError(
        "danlu fetch needs the package {package}", "Install it: pip install 'danlu[fetch]'", package=missing.name
    )


def _check(account: list[dict[str, Any]]) -> None:
    """Raise WorkFailed for a source that gave nothing, or that was given up."""
    for source in account:
        reasons = _said(source["reasons"])
        if not source["counts"][FETCHED] and f"{SKIPPED}: {PRIVATE}" in source["reasons"]:
            raise UserError(
                "{source} leads to an address that is not public",
                "Add --allow-private if that is meant: an intranet, a site on this machine, a proxy with addresses of its own.",
                source=source["source"],
            )
        if not source["counts"][FETCHED]:
            raise WorkFailed(
                "Nothing was fetched from {source}: {reasons}", "fetch.jsonl names every address with its reason.",
                source=source["source"], reasons=reasons,
            )  # fmt: skip
        if not source["finished_at"]:
            raise WorkFailed(
                "{source} was given up after {count}: {reasons}", "The same command goes on where it stopped; later may be better.",
                source=source["source"], count=source["counts"][FETCHED], reasons=reasons,
            )  # fmt: skip


def _said(reasons: Mapping[str, int]) -> Phrase:
    said = Phrase("")
    for name, count in reasons.items():
        state, _, reason = name.partition(": ")
        said = Phrase("{before}{rule} {count}  ", before=said, rule=Phrase(reason or state), count=count)
    return said


async def _from_the_web(run: _Fetch, sources: Sequence[Source]) -> None:
    crawl: CrawlConfig = run.settings["crawl"]
    agent = f"danlu/{version('danlu')} ({f'+{crawl.contact}' if crawl.contact else 'collects documents for a language model'})"
    async with Web(agent, run.access.allow_private, crawl.timeout_s) as web:
        for source in sources:
            if source.scheme not in ("http", "https"):
                await _OTHERS[source.scheme](run, web, source)
        sites: dict[str, list[str]] = defaultdict(list)
        for source in sources:
            if source.scheme in ("http", "https"):
                seed = canonical(source.rest)
                if seed is None:
                    raise UserError(
                        "{url} is no web address", "For example https://www.example.org/docs/", url=source.rest
                    )
                sites[host_of(seed)].append(seed)
        turns = asyncio.Semaphore(_MOST_HOSTS)
        await asyncio.gather(*(_host(run, web, seeds, turns) for seeds in sites.values()))


async def _host(run: _Fetch, web: Web, seeds: Sequence[str], turns: asyncio.Semaphore) -> None:
    """Crawl all sites of one host, one after the other and at one pace."""
    config: CrawlConfig = run.settings["crawl"]
    pace = Pace(config.delay_s)
    async with turns:
        for seed in seeds:
            label = Source.of(seed).label()
            asked = run.ledger.ask(label, seed, seed)
            if asked.is_finished and not run.refresh and not _has_more_room(run, label):
                continue
            run.ledger.finish(label, False)
            licence = None if run.licence == "unknown" else run.licence
            crawl = Crawl(web, run.ledger, label, seed, config, pace, run.progress, licence)
            await crawl.run(asked.is_finished and run.refresh)


def _has_more_room(run: _Fetch, label: str) -> bool:
    """Whether a bound that ended a crawl was raised since."""
    config: CrawlConfig = run.settings["crawl"]
    ended = any(row["reason"] in ("page limit", "size limit") for row in run.ledger.items(label, SKIPPED))
    within = run.ledger.count(label, FETCHED) < config.max_pages and run.ledger.fetched_bytes(label) < config.max_bytes
    return ended and within


async def _download(
    run: _Fetch,
    web: Web,
    label: str,
    files: Sequence[RemoteFile],
    licence: str,
    headers: Mapping[str, str] | None = None,
) -> None:
    config: DownloadConfig = run.settings["download"]
    licence = run.licence if run.licence != "unknown" else licence
    run.ledger.finish(label, False)
    await Downloads(web, run.ledger, label, config, run.progress, headers or {}, licence).run(files)
    run.ledger.finish(label, True)


async def _hub(run: _Fetch, web: Web, source: Source) -> None:
    asked = DataSet.of(source.rest, source.scheme)
    label = source.label()
    before = run.ledger.ask(label, f"{source.scheme}:{source.rest}", f"{source.scheme}:{source.rest}")
    if before.is_finished and not run.refresh:
        return
    listing = await _listing(run, web, source.scheme, asked, before.facts)
    run.ledger.note(label, revision=listing.revision, licence=listing.licence)
    for path, reason in listing.left_out.items():
        run.ledger.add(label, path, state=SKIPPED, reason=reason)
    await _download(run, web, label, listing.files, listing.licence, _headers(run, source.scheme))


async def _listing(run: _Fetch, web: Web, scheme: str, asked: DataSet, facts: Mapping[str, Any]) -> Listing:
    """What the hub has, at the commit that an unfinished fetch began with."""
    pinned, token = None if run.refresh else facts.get("revision"), run.access.tokens.get(scheme)
    if scheme == "ms":
        return await list_model_scope(web, run.access.model_scope, asked, pinned, token)
    return await list_hugging_face(web, run.access.hugging_face, asked, pinned, token)


def _headers(run: _Fetch, scheme: str) -> dict[str, str]:
    token = run.access.tokens.get(scheme)
    if token is None:
        return {}
    return {"Cookie": f"m_session_id={token}"} if scheme == "ms" else {"Authorization": f"Bearer {token}"}


async def _c4(run: _Fetch, web: Web, source: Source) -> None:
    shards, label = Shards.of(source.rest, "c4"), source.label()
    before = run.ledger.ask(label, f"c4:{source.rest}", f"c4:{source.rest}")
    if before.is_finished and not run.refresh:
        return
    listing = await _listing(run, web, "hf", DataSet(C4), before.facts)
    run.ledger.note(label, revision=listing.revision, licence=listing.licence)
    await _download(run, web, label, c4_shards(listing, shards), listing.licence, _headers(run, "hf"))


async def _pile(run: _Fetch, web: Web, source: Source) -> None:
    label = source.label()
    before = run.ledger.ask(label, f"pile:{source.rest}", f"pile:{source.rest}")
    if not before.is_finished or run.refresh:
        await _download(run, web, label, pile_shards(run.settings["pile"], Shards.of(source.rest, "pile")), "unknown")


async def _common_crawl(run: _Fetch, web: Web, source: Source) -> None:
    part, label = CrawlPart.of(source.rest), source.label()
    config: CommonCrawlConfig = run.settings["common_crawl"]
    before = run.ledger.ask(label, f"cc:{source.rest}", f"cc:{source.rest}")
    if before.is_finished:  # a crawl of Common Crawl never changes
        return
    if part.kind is None:
        await fetch_records(web, run.ledger, label, config, part, run.progress)
        run.ledger.finish(label, True)
    else:
        await _download(run, web, label, await whole_files(web, config, part), "unknown")


async def _file(run: _Fetch, web: Web, source: Source) -> None:
    url, label = canonical(source.rest), source.label()
    name = urlsplit(url or "").path.rpartition("/")[2]
    if url is None or not name:
        raise UserError(
            "url:{url} names no file", "For example url:https://example.org/data/part-00.jsonl.zst", url=source.rest
        )
    before = run.ledger.ask(label, f"url:{url}", f"url:{url}")
    if not before.is_finished or run.refresh:
        await _download(run, web, label, [RemoteFile(name, source.rest)], "unknown")


_OTHERS = {"hf": _hub, "ms": _hub, "c4": _c4, "pile": _pile, "cc": _common_crawl, "url": _file}


def _sql(run: _Fetch, source: Source) -> None:
    from danlu.data.fetch.sql import Rows
    from danlu.data.fetch.sql_source import Wanted, database_url, masked, open_database, reading, shape_of, source_of

    url = database_url(source.rest)
    columns = run.columns
    wanted = Wanted(columns.table, columns.query, columns.text, columns.key, columns.title)
    engine = open_database(url)
    with reading(engine, url) as connection:
        table = source_of(connection, wanted)
        shape = shape_of(connection, table, wanted)
    what = columns.table or f"({columns.query})"
    label = source.label(columns.table or f"query-{url.database or url.get_backend_name()}")
    before = run.ledger.ask(label, masked(url), f"{masked(url)} {what} {shape}")
    if before.is_finished and not run.refresh:
        return
    run.ledger.finish(label, False)
    run.ledger.note(label, table=columns.table, query=columns.query, columns={"text": shape.text, "key": shape.key})
    Rows(engine, url, table, shape, run.ledger, label, run.settings["sql"], run.progress, run.licence).run()
    run.ledger.finish(label, True)
