"""Web sites: many hosts at a time, the sites of one host one after the other and at one pace."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from danlu.core.errors import UserError
from danlu.data.fetch.bounds import has_more_room
from danlu.data.fetch.crawl import Crawl
from danlu.data.fetch.crawl_config import CrawlConfig
from danlu.data.fetch.pace import Pace
from danlu.data.fetch.sources import Source
from danlu.data.fetch.urls import canonical, host_of
from danlu.data.fetch.web import Web
from danlu.recipes.single_fetch_run import FetchRun

_MOST_HOSTS = 16
"""Hosts that are crawled at a time."""


async def crawl_sites(run: FetchRun, web: Web, sources: Sequence[Source]) -> None:
    """Crawl all sites; raises UserError for one that is no web address."""
    sites: dict[str, list[str]] = defaultdict(list)
    for source in sources:
        seed = canonical(source.rest)
        if seed is None:
            raise UserError("{url} is no web address", "For example https://www.example.org/docs/", url=source.rest)
        sites[host_of(seed)].append(seed)
    turns = asyncio.Semaphore(_MOST_HOSTS)
    await asyncio.gather(*(_host(run, web, seeds, turns) for seeds in sites.values()))


async def _host(run: FetchRun, web: Web, seeds: Sequence[str], turns: asyncio.Semaphore) -> None:
    config: CrawlConfig = run.settings["crawl"]
    pace = Pace(config.delay_s)
    async with turns:
        for seed in seeds:
            label = Source.of(seed).label()
            asked = run.ledger.ask(label, seed, seed)
            if asked.is_finished and not run.refresh and not has_more_room(run.ledger, label, config):
                continue
            run.ledger.finish(label, False)
            licence = None if run.licence == "unknown" else run.licence
            crawl = Crawl(web, run.ledger, label, seed, config, pace, run.progress, licence)
            await crawl.run(asked.is_finished and run.refresh)
