"""Sitemaps (sitemaps.org protocol 0.9): the pages that a site lists, through indexes and gzip.

Read by pattern and not by an XML parser: half of the sitemaps in the wild are not well-formed, and a pattern neither
stumbles over that nor expands entities. A list of addresses, one a line, is a sitemap too.
"""

import gzip
import html
import io
import re
import zlib
from collections import deque
from collections.abc import Iterator
from itertools import islice

from danlu.data.fetch.pace import Pace
from danlu.data.fetch.response import NoResponse
from danlu.data.fetch.urls import canonical, host_of
from danlu.data.fetch.web import Web

MAX_BYTES = 50 * 2**20
"""Unpacked, as the protocol bounds a file."""
MAX_FILES = 500
"""Sitemaps read of one site: 500 of 50,000 addresses each are more than any crawl here takes."""
_MOST_KNOWN = 50_000
"""Sitemaps that indexes may name: as many as the protocol allows to one."""
_MOST_PROBLEMS = 50
_PLACE = re.compile(rb"<(?:\w+:)?loc\b[^>]*>\s*(?:<!\[CDATA\[)?\s*(.*?)\s*(?:\]\]>)?\s*<", re.IGNORECASE | re.DOTALL)
_INDEX = re.compile(rb"<(?:\w+:)?sitemapindex\b", re.IGNORECASE)
_LINE = re.compile(rb"^\s*(https?://\S+)\s*$", re.IGNORECASE | re.MULTILINE)


class Sitemaps:
    """Reads the sitemaps of a site at its pace, and keeps what was wrong with each that could not be read."""

    def __init__(self, web: Web, pace: Pace) -> None:
        self._web, self._pace = web, pace
        self.problems: dict[str, str] = {}

    async def pages(self, addresses: list[str], host: str, most: int) -> list[str]:
        """The first `most` pages that the sitemaps name, indexes followed; a sitemap on another host is not read."""
        found: dict[str, None] = {}
        waiting, seen, read = deque(addresses), set(addresses), 0
        while waiting and len(found) < most:
            address = waiting.popleft()
            if host_of(address) != host:
                self._problem(address, "another host")
                continue
            if read == MAX_FILES:
                self._problem(address, f"not read: more than {MAX_FILES} sitemaps")
                break
            read += 1
            content = await self._read(address)
            places = (place for place in (canonical(named, address) for named in _places(content)) if place)
            if _INDEX.search(content[:65536]):
                fresh = [place for place in islice(places, max(_MOST_KNOWN - len(seen), 0)) if place not in seen]
                waiting += fresh
                seen |= set(fresh)
            else:
                found |= dict.fromkeys(islice(places, most))
        return list(found)[:most]

    async def _read(self, address: str) -> bytes:
        await self._pace.turn()
        try:
            response = await self._web.follow(address, MAX_BYTES)
        except NoResponse as problem:
            return self._problem(address, f"{problem.reason}: {problem.value}")
        if response.status != 200:
            return self._problem(address, f"HTTP status {response.status}")
        return self._unpacked(address, response.body)

    def _unpacked(self, address: str, body: bytes) -> bytes:
        if not body.startswith(b"\x1f\x8b"):
            return body
        try:
            content = gzip.GzipFile(fileobj=io.BytesIO(body)).read(MAX_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            return self._problem(address, f"gzip: {error}")
        if len(content) > MAX_BYTES:
            return self._problem(address, f"more than {MAX_BYTES} bytes unpacked")
        return content

    def _problem(self, address: str, what: str) -> bytes:
        """Note why a sitemap gives nothing; returns that nothing."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems[address] = what
        return b""


def _places(content: bytes) -> Iterator[str]:
    pattern = _PLACE if b"<" in content[:1000] else _LINE
    for match in pattern.finditer(content):
        yield html.unescape(match.group(1).decode("utf-8", "replace"))
