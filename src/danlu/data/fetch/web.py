"""One HTTP request with every bound that a stranger's server makes necessary.

The body is read as it arrives and given up at a bound, on the wire and unpacked, so that neither an endless response
nor a compression bomb fills memory. Redirects are not followed here: each hop is the caller's to judge.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies

import aiohttp
from yarl import URL

from danlu.core.errors import Phrase
from danlu.data.fetch.addresses import PrivateAddress, PublicOnly, check_literal

Headers = tuple[tuple[str, str], ...]

_CHUNK = 65536
_CODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 47}
"""Window bits for zlib by content coding; `deflate` is detected, since servers disagree about what it is."""
_REDIRECTS = (301, 302, 303, 307, 308)
PRIVATE = "private address"
MAX_HOPS = 5
"""Redirects in a row, RFC 9309 section 2.3.1.2."""


class NoResponse(Exception):
    """A request without a usable response: a reason in a few words, what was met, and whether later may be better."""

    def __init__(self, reason: str, value: object, may_pass: bool, wait_s: float | None = None) -> None:
        super().__init__(f"{reason}: {value}")
        self.reason, self.value, self.may_pass, self.wait_s = reason, str(value)[:300], may_pass, wait_s

    def phrase(self) -> Phrase:
        """It as a part of a message."""
        return Phrase("{reason}: {value}", reason=Phrase(self.reason), value=self.value)

    @classmethod
    def of_status(cls, status: int, retry_after: str = "") -> "NoResponse":
        """What a status that is no success means."""
        if status in (408, 425, 429) or status >= 500:
            return cls("server busy", f"status {status}", may_pass=True, wait_s=_seconds(retry_after))
        return cls("status", status, may_pass=False)


@dataclass(frozen=True)
class Response:
    """What a server said. `body` is unpacked."""

    url: str
    status: int
    headers: Headers
    body: bytes
    fetched_at: datetime
    took_s: float

    def header(self, name: str) -> str:
        """The first header of that name, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def all(self, name: str) -> list[str]:
        """Every header of that name."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def location(self) -> str | None:
        """Where a redirect leads, as a full URL."""
        found = self.header("location") if self.status in _REDIRECTS else ""
        return urljoin(self.url, found) if found else None

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def retry_after_s(self) -> float | None:
        """How long the server asks to wait: seconds, or a date (RFC 9110 section 10.2.3)."""
        return _seconds(self.header("retry-after"))


class Web:
    """Makes requests. A context: leaving it closes the connections."""

    def __init__(self, agent: str, allow_private: bool = False, timeout_s: float = 120, idle_s: float = 30) -> None:
        self._agent, self._allow_private = agent, allow_private
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=idle_s, sock_read=idle_s)
        self.timeout_s = timeout_s

    async def __aenter__(self) -> "Web":
        proxies = frozenset(filter(None, (urlsplit(proxy).hostname for proxy in getproxies().values())))
        resolver = None if self._allow_private else PublicOnly(proxies)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolver, ttl_dns_cache=300, limit=0),
            headers={"User-Agent": self._agent, "Accept-Encoding": "gzip, deflate"},
            timeout=self._timeout,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=True,
            max_line_size=32_768,
            max_field_size=32_768,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    @asynccontextmanager
    async def open(self, url: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[aiohttp.ClientResponse]:
        """One response with its body unread, not redirected; every network trouble becomes NoResponse."""
        try:
            if not self._allow_private:
                check_literal(urlsplit(url).hostname or "")
            # encoded=True: the URL is canonical already, and yarl would unquote what a server told apart.
            async with self._session.get(URL(url, encoded=True), headers=headers, allow_redirects=False) as response:
                yield response
        except PrivateAddress as error:
            raise NoResponse(PRIVATE, error, may_pass=False) from None
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, PrivateAddress):
                raise NoResponse(PRIVATE, error.os_error, may_pass=False) from None
            raise NoResponse("no connection", error, may_pass=True) from None
        except (aiohttp.InvalidURL, ValueError) as error:
            raise NoResponse("not a URL", error, may_pass=False) from None
        except TimeoutError:
            raise NoResponse("timed out", f"{self._timeout.sock_read:g} s without a byte", may_pass=True) from None
        except (aiohttp.ClientError, ConnectionError) as error:
            raise NoResponse("connection broke", error or type(error).__name__, may_pass=True) from None

    async def get(
        self,
        url: str,
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
        only: tuple[str, ...] = (),
        cut: bool = False,
    ) -> Response:
        """A whole response; a media type that is not in `only` raises NoResponse.

        A body of more than `max_bytes` raises too, or is cut there.
        """
        started = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self.timeout_s), self.open(url, headers) as answer:
                found = tuple((key, value) for key, value in answer.headers.items())
                head = Response(url, answer.status, found, b"", datetime.now(UTC), 0)
                if only and head.status == 200 and head.media_type and head.media_type not in only:
                    raise NoResponse("content type", head.media_type, may_pass=False)
                body = await _body(answer, max_bytes, cut) if head.location is None else b""
                took_s = asyncio.get_running_loop().time() - started
                return Response(url, answer.status, found, body, head.fetched_at, took_s)
        except TimeoutError:
            raise NoResponse("timed out", f"{self.timeout_s:g} s", may_pass=True) from None

    async def follow(
        self, url: str, max_bytes: int, headers: Mapping[str, str] | None = None, cut: bool = False
    ) -> Response:
        """The response at the end of at most five redirects. Headers are not sent on to another host."""
        first_host = urlsplit(url).netloc
        for _ in range(MAX_HOPS + 1):
            own = headers if urlsplit(url).netloc == first_host else None
            response = await self.get(url, max_bytes, own, cut=cut)
            if response.location is None:
                return response
            url = response.location
        raise NoResponse("too many redirects", url, may_pass=False)


def _seconds(retry_after: str) -> float | None:
    asked = retry_after.strip()
    if asked.isdecimal():
        return float(asked)
    try:
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


async def _body(answer: aiohttp.ClientResponse, max_bytes: int, cut: bool) -> bytes:
    codings = [coding.strip().lower() for coding in answer.headers.get("Content-Encoding", "").split(",")]
    codings = [coding for coding in codings if coding not in ("", "identity")]
    if len(codings) > 1 or any(coding not in _CODINGS for coding in codings):
        raise NoResponse("content encoding", ", ".join(codings), may_pass=False)
    unpack = _Unpack(_CODINGS[codings[0]]) if codings else None
    found = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        found += unpack(chunk, max_bytes - len(found)) if unpack else chunk
        if len(found) > max_bytes:
            if cut:
                return bytes(found[:max_bytes])
            raise NoResponse("too large", f"more than {max_bytes} bytes", may_pass=False)
    if unpack and not unpack.is_whole:
        raise NoResponse("connection broke", "the packed body is cut short", may_pass=True)
    return bytes(found)


class _Unpack:
    """gzip or deflate as a stream, never more than one byte beyond the room that is left."""

    def __init__(self, window_bits: int) -> None:
        self._bits = window_bits
        self._stream = zlib.decompressobj(window_bits)
        self._has_begun = False

    @property
    def is_whole(self) -> bool:
        """Whether the packed stream came to its end, or never began."""
        return self._stream.eof or not self._has_begun

    def __call__(self, chunk: bytes, room: int) -> bytes:
        """What a chunk unpacks to."""
        try:
            found = self._stream.decompress(chunk, room + 1)
        except zlib.error as error:
            if self._has_begun or self._bits != _CODINGS["deflate"]:
                raise NoResponse("content encoding", error, may_pass=False) from None
            self._bits, self._stream = -zlib.MAX_WBITS, zlib.decompressobj(-zlib.MAX_WBITS)  # deflate without a header
            return self(chunk, room)
        self._has_begun = self._has_begun or bool(chunk)
        return found
