"""Files: data sets of hubs, shards of open corpora, Common Crawl, single addresses."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from danlu.core.errors import UserError
from danlu.data.fetch import hugging_face, model_scope
from danlu.data.fetch.common_crawl import CommonCrawlConfig, CrawlPart, fetch_records, whole_files
from danlu.data.fetch.download import DownloadConfig, Downloads, RemoteFile
from danlu.data.fetch.hub import DataSet, Listing
from danlu.data.fetch.ledger import SKIPPED
from danlu.data.fetch.open_corpora import C4, Shards, c4_shards, pile_shards
from danlu.data.fetch.sources import Source
from danlu.data.fetch.urls import canonical
from danlu.data.fetch.web import Web
from danlu.model.hub_access import headers
from danlu.recipes.single_fetch_run import FetchRun


async def _download(
    run: FetchRun,
    web: Web,
    label: str,
    files: Sequence[RemoteFile],
    licence: str = "unknown",
    scheme: str = "",
) -> None:
    config: DownloadConfig = run.settings["download"]
    licence = run.licence if run.licence != "unknown" else licence
    sent = headers(scheme, run.access.tokens.get(scheme, ""))
    run.ledger.finish(label, False)
    await Downloads(web, run.ledger, label, config, run.progress, sent, licence).run(files)
    run.ledger.finish(label, True)


async def _data_set(run: FetchRun, web: Web, source: Source) -> None:
    asked, label = DataSet.of(source.rest, source.scheme), source.label()
    before = run.begun(label, f"{source.scheme}:{source.rest}")
    if before:
        listing = await _listing(run, web, source.scheme, label, asked, before.facts)
        for path, reason in listing.left_out.items():
            run.ledger.add(label, path, state=SKIPPED, reason=reason)
        await _download(run, web, label, listing.files, listing.licence, source.scheme)


async def _c4(run: FetchRun, web: Web, source: Source) -> None:
    shards, label = Shards.of(source.rest, "c4"), source.label()
    before = run.begun(label, f"c4:{source.rest}")
    if before:
        listing = await _listing(run, web, "hf", label, DataSet(C4), before.facts)
        await _download(run, web, label, c4_shards(listing, shards), listing.licence, "hf")


async def _listing(
    run: FetchRun, web: Web, scheme: str, label: str, asked: DataSet, facts: Mapping[str, Any]
) -> Listing:
    """What the hub has, at the commit that an unfinished fetch began with."""
    pinned, token = None if run.refresh else facts.get("revision"), run.access.tokens.get(scheme, "")
    if scheme == "ms":
        listing = await model_scope.list_model_scope(web, run.access.endpoints["ms"], asked, pinned, token)
    else:
        listing = await hugging_face.list_hugging_face(web, run.access.endpoints["hf"], asked, pinned, token)
    run.ledger.note(label, revision=listing.revision, licence=listing.licence)
    return listing


async def _pile(run: FetchRun, web: Web, source: Source) -> None:
    shards, label = Shards.of(source.rest, "pile"), source.label()
    if run.begun(label, f"pile:{source.rest}"):
        await _download(run, web, label, pile_shards(run.settings["pile"], shards))


async def _common_crawl(run: FetchRun, web: Web, source: Source) -> None:
    part, label = CrawlPart.of(source.rest), source.label()
    config: CommonCrawlConfig = run.settings["common_crawl"]
    before = run.ledger.ask(label, f"cc:{source.rest}", f"cc:{source.rest}")
    if before.is_finished:  # a crawl of Common Crawl never changes
        return
    if part.kind is None:
        await fetch_records(web, run.ledger, label, config, part, run.progress)
        run.ledger.finish(label, True)
    else:
        await _download(run, web, label, await whole_files(web, config, part))


async def _file(run: FetchRun, web: Web, source: Source) -> None:
    url, label = canonical(source.rest), source.label()
    name = urlsplit(url or "").path.rpartition("/")[2]
    if url is None or not name:
        raise UserError(
            "url:{url} names no file", "For example url:https://example.org/data/part-00.jsonl.zst", url=source.rest
        )
    if run.begun(label, f"url:{url}"):
        await _download(run, web, label, [RemoteFile(name, source.rest)])


FILES: Mapping[str, Callable[[FetchRun, Web, Source], Awaitable[None]]] = {
    "hf": _data_set, "ms": _data_set, "c4": _c4, "pile": _pile, "cc": _common_crawl, "url": _file,
}  # fmt: skip
"""How each scheme is fetched."""
