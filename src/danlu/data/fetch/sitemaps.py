"""Sitemaps (sitemaps.org protocol 0.9): the pages that a site lists, through indexes and gzip.

Read by pattern and not by an XML parser: half of the sitemaps in the wild are not well-formed, and a pattern neither
stumbles over that nor expands entities. A list of addresses, one a line, is a sitemap too.
"""

import gzip
import html
import io
import re
import zlib
from collections.abc import Iterator

from danlu.data.fetch.urls import canonical, host_of
from danlu.data.fetch.web import NoResponse, Web

MAX_BYTES = 50 * 2**20
"""Unpacked, as the protocol bounds a file."""
MAX_FILES = 500
"""Sitemaps read of one site: 500 of 50,000 addresses each are more than any crawl here takes."""
_PLACE = re.compile(rb"<(?:\w+:)?loc\b[^>]*>\s*(?:<!\[CDATA\[)?\s*(.*?)\s*(?:\]\]>)?\s*<", re.IGNORECASE | re.DOTALL)
_INDEX = re.compile(rb"<(?:\w+:)?sitemapindex\b", re.IGNORECASE)
_LINE = re.compile(rb"^\s*(https?://\S+)\s*$", re.IGNORECASE | re.MULTILINE)


class Sitemaps:
    """Reads the sitemaps of a site, and keeps what was wrong with each that could not be read."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self.problems: dict[str, str] = {}

    async def pages(self, addresses: list[str], host: str, most: int) -> list[str]:
        """The first `most` pages that the sitemaps name, indexes followed; a sitemap on another host is not read."""
        found: dict[str, None] = {}
        waiting, seen = list(addresses), set(addresses)
        while waiting and len(seen) <= MAX_FILES and len(found) < most:
            address = waiting.pop(0)
            if host_of(address) != host:
                self.problems[address] = "another host"
                continue
            content = await self._read(address)
            places = [place for place in (canonical(found, address) for found in _places(content)) if place]
            if _INDEX.search(content[:65536]):
                fresh = [place for place in places if place not in seen]
                waiting += fresh
                seen |= set(fresh)
            else:
                found |= dict.fromkeys(places)
        return list(found)[:most]

    async def _read(self, address: str) -> bytes:
        try:
            response = await self._web.follow(address, MAX_BYTES)
        except NoResponse as problem:
            self.problems[address] = f"{problem.reason}: {problem.value}"
            return b""
        if response.status != 200:
            self.problems[address] = f"status {response.status}"
            return b""
        return self._unpacked(address, response.body)

    def _unpacked(self, address: str, body: bytes) -> bytes:
        if not body.startswith(b"\x1f\x8b"):
            return body
        try:
            content = gzip.GzipFile(fileobj=io.BytesIO(body)).read(MAX_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            self.problems[address] = f"gzip: {error}"
            return b""
        if len(content) > MAX_BYTES:
            self.problems[address] = f"more than {MAX_BYTES} bytes unpacked"
            return b""
        return content


def _places(content: bytes) -> Iterator[str]:
    pattern = _PLACE if b"<" in content[:1000] else _LINE
    for match in pattern.finditer(content):
        yield html.unescape(match.group(1).decode("utf-8", "replace"))
