"""Common Crawl: pages by an index query, one range request each, or whole WARC and WET files of a crawl.

`cc:CC-MAIN-2026-10?url=*.example.org/*&limit=100` asks the index (CDX server, index.commoncrawl.org) which pages a
crawl has and takes those records out of its archives; `cc:CC-MAIN-2026-10/wet/00000-00001` takes whole files, from the
crawl's own list of paths. Records are stored as they are, one gzip member each.
"""

import asyncio
import gzip
import io
import json
import re
import zlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from pydantic import Field

from danlu.core.errors import UserError, WorkFailed
from danlu.core.progress import Progress
from danlu.core.stages import Config
from danlu.data.fetch.archive import Archive
from danlu.data.fetch.download import RemoteFile
from danlu.data.fetch.ledger import FAILED, FETCHED, SKIPPED, FetchLedger, now
from danlu.data.fetch.response import NoResponse
from danlu.data.fetch.web import Web

_SOURCE = re.compile(
    r"(?P<crawl>CC-MAIN-\d{4}-\d{2})(?:\?(?P<query>.+)|/(?P<kind>warc|wet|wat)/(?P<first>\d+)(?:-(?P<last>\d+))?)"
)
_ANSWER_BYTES = 256 * 2**20
_TARGET = re.compile(rb"^WARC-Target-URI:\s*<?([^\r\n>]+)", re.IGNORECASE | re.MULTILINE)


class CommonCrawlConfig(Config):
    """Where Common Crawl is and how it is asked."""

    index_url: str = "https://index.commoncrawl.org"
    """The index server, or a mirror of it."""
    data_url: str = "https://data.commoncrawl.org"
    """The archives, or a mirror of them."""
    limit: int = Field(1000, ge=1)
    """Records of one query that names no limit of its own."""
    max_record_bytes: int = Field(32 * 2**20, ge=1)
    """Bytes of one packed record."""
    connections: int = Field(4, ge=1, le=16)
    """Records at a time: the archive refuses clients that ask for many."""
    max_tries: int = Field(5, ge=1)
    """Tries for one answer."""
    max_wait_s: float = Field(300, ge=0)
    """Seconds: a server that asks to wait longer is given up."""


@dataclass(frozen=True)
class CrawlPart:
    """What was asked of Common Crawl: an index query, or whole files by number."""

    crawl: str
    query: tuple[tuple[str, str], ...] = ()
    kind: str | None = None
    first: int = 0
    last: int = 0

    @classmethod
    def of(cls, text: str) -> "CrawlPart":
        """Read what follows `cc:`; raises UserError that shows the forms."""
        match = _SOURCE.fullmatch(text)
        query = tuple(parse_qsl(match["query"] or "", keep_blank_values=True)) if match else ()
        if match is None or (match["kind"] is None and "url" not in dict(query)):
            raise UserError(
                "{source} names nothing of Common Crawl",
                "For example cc:CC-MAIN-2026-10?url=*.example.org/*&limit=100 (in quotes), or cc:CC-MAIN-2026-10/wet/00000-00001.",
                source=f"cc:{text}",
            )
        first = int(match["first"] or 0)
        return cls(match["crawl"], query, match["kind"], first, int(match["last"] or first))


async def whole_files(web: Web, config: CommonCrawlConfig, part: CrawlPart) -> tuple[RemoteFile, ...]:
    """The files of a crawl by their numbers, from its list of paths."""
    listed = await _patiently(web, f"{config.data_url}/crawl-data/{part.crawl}/{part.kind}.paths.gz", config)
    try:
        paths = gzip.GzipFile(fileobj=io.BytesIO(listed)).read(_ANSWER_BYTES).decode("ascii").split()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise WorkFailed("The list of paths of {crawl} is damaged: {error}", crawl=part.crawl, error=error) from None
    if part.last >= len(paths) or part.last < part.first:
        raise UserError(
            "{crawl} has the {kind} files 0 to {last}", "Name a range among them.",
            crawl=part.crawl, kind=part.kind, last=len(paths) - 1,
        )  # fmt: skip
    chosen = paths[part.first : part.last + 1]
    return tuple(RemoteFile(path.rpartition("/")[2], f"{config.data_url}/{path}") for path in chosen)


async def fetch_records(
    web: Web, ledger: FetchLedger, label: str, config: CommonCrawlConfig, part: CrawlPart, progress: Progress
) -> None:
    """The records that the index names, into WARC files; raises WorkFailed when some failed."""
    archive = Archive(ledger, label)
    ledger.reopen(label, FAILED)
    if not ledger.count(label):
        await _ask_index(web, ledger, label, config, part)
    total = ledger.count(label)
    while waiting := ledger.first(label, config.connections):
        answers = await asyncio.gather(*(_record(web, config, row["item"]) for row in waiting))
        for row, answer in zip(waiting, answers, strict=True):
            _keep(ledger, label, archive, row["item"], answer)
        progress.advance(ledger.count(label, FETCHED), total, waiting[-1]["path"] or "")
    failed = ledger.count(label, FAILED)
    if failed:
        raise WorkFailed(
            "{failed} of {count} records of {label} failed",
            "What was fetched is kept: the same command asks for the rest again; fetch.jsonl says why.",
            failed=failed, count=total, label=label,
        )  # fmt: skip


async def _ask_index(web: Web, ledger: FetchLedger, label: str, config: CommonCrawlConfig, part: CrawlPart) -> None:
    asked = dict(part.query)
    limit = int(asked["limit"]) if asked.get("limit", "").isdecimal() else config.limit
    query = [pair for pair in part.query if pair[0] not in ("limit", "output")]
    if not any(name.startswith("filter") for name, _ in query):
        query.append(("filter", "=status:200"))
    address = f"{config.index_url}/{part.crawl}-index?{urlencode([*query, ('output', 'json'), ('limit', str(limit))])}"
    lines = (await _patiently(web, address, config)).decode("utf-8", "replace").splitlines()
    seen: set[str] = set()
    if not ledger.add_all(label, [_listed(line, config.max_record_bytes, seen) for line in lines[:limit]]):
        raise UserError(
            "{crawl} has no pages for {url}", "A host and all below it is written *.example.org/*",
            crawl=part.crawl, url=asked["url"],
        )  # fmt: skip


def _listed(line: str, max_bytes: int, seen: set[str]) -> dict[str, Any]:
    """A line of the index as an item of the ledger; `seen` are the digests of the lines before."""
    try:
        found = json.loads(line)
        start, length = int(found["offset"]), int(found["length"])
        item = f"{found['filename']}:{start}+{length}"
    except (ValueError, KeyError, TypeError):
        return {"item": line[:500], "state": SKIPPED, "reason": "index line damaged", "value": line[:100]}
    row = {"item": item, "path": str(found.get("url", ""))}
    digest = str(found.get("digest", item))
    if length > max_bytes:
        return row | {"state": SKIPPED, "reason": "too large", "value": f"{length} bytes"}
    if digest in seen:
        return row | {"state": SKIPPED, "reason": "same content", "value": digest}
    seen.add(digest)
    return row


async def _record(web: Web, config: CommonCrawlConfig, item: str) -> bytes | NoResponse:
    filename, start, length = _parsed(item)
    headers = {"Range": f"bytes={start}-{start + length - 1}", "Accept-Encoding": "identity"}
    try:
        return await _with_patience(web, f"{config.data_url}/{filename}", config, length, headers)
    except NoResponse as problem:
        return problem


def _parsed(item: str) -> tuple[str, int, int]:
    filename, _, place = item.rpartition(":")
    start, _, length = place.partition("+")
    return filename, int(start), int(length)


def _keep(ledger: FetchLedger, label: str, archive: Archive, item: str, answer: bytes | NoResponse) -> None:
    if isinstance(answer, NoResponse):
        ledger.settle(label, item, FAILED, answer.reason, answer.value, status=answer.status)
        return
    try:
        unpack = zlib.decompressobj(31)
        head = unpack.decompress(answer, 65536)
    except zlib.error as error:
        ledger.settle(label, item, FAILED, "record damaged", error)
        return
    target = _TARGET.search(head)
    if not head.startswith(b"WARC/") or target is None:
        ledger.settle(label, item, FAILED, "record damaged", "no WARC header")
        return
    ledger.settle(label, item, FETCHED, fetched_at=now(), size_bytes=len(answer), **archive.add_record(answer))


async def _patiently(web: Web, url: str, config: CommonCrawlConfig) -> bytes:
    try:
        return await _with_patience(web, url, config, _ANSWER_BYTES, {})
    except NoResponse as problem:
        if problem.status == 404:
            raise UserError(
                "Common Crawl has nothing at {url}", "Check the crawl's name and the query.", url=url
            ) from None
        raise WorkFailed(
            "{url} cannot be had: {problem}",
            "Try again later, or name a mirror with --set common_crawl.data_url=... and common_crawl.index_url=...",
            url=url, problem=problem.phrase(),
        ) from None  # fmt: skip


async def _with_patience(web: Web, url: str, config: CommonCrawlConfig, most: int, headers: dict[str, str]) -> bytes:
    for tries in range(config.max_tries):
        try:
            response = await web.follow(url, most, headers)
            if response.status == (206 if headers else 200):
                return response.body
            raise response.trouble()
        except NoResponse as problem:
            wait_s = min(0.5 * 2.0**tries, config.max_wait_s) if problem.wait_s is None else problem.wait_s
            if not problem.may_pass or tries + 1 == config.max_tries or wait_s > config.max_wait_s:
                raise
            await asyncio.sleep(wait_s)
    raise AssertionError("unreachable")
