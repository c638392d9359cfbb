"""One HTTP request with every bound that a stranger's server makes necessary.

The body is read as it arrives and given up at a bound, on the wire and unpacked, so that neither an endless response
nor a compression bomb fills memory. Redirects are not followed here: each hop is the caller's to judge.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import TracebackType
from urllib.parse import urlsplit
from urllib.request import getproxies

import aiohttp
from yarl import URL

from danlu.data.fetch.addresses import PrivateAddress, PublicOnly, check_literal
from danlu.data.fetch.response import NoResponse, Response
from danlu.data.fetch.unpack import read_body

PRIVATE = "private address"
MAX_HOPS = 5
"""Redirects in a row, RFC 9309 section 2.3.1.2."""


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
                body = await read_body(answer, max_bytes, cut) if head.location is None else b""
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
