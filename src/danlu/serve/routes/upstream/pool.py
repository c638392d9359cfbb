"""Connections to servers, kept open from one request to the next."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from danlu.core.errors import UserError
from danlu.serve.routes.upstream.connection import Connection

_MOST_IDLE = 256


@dataclass(frozen=True)
class Patience:
    """How long a request may take."""

    connect_timeout_s: float = 5.0
    first_byte_timeout_s: float = 120.0
    """A long prompt is read before the first token comes."""
    stall_timeout_s: float = 60.0
    """Between two reads of an answer."""


class Server:
    """One server, by its base address, such as https://api.deepseek.com/v1; `headers` go with every request.

    It reads no proxy from the environment, follows no redirect and keeps no cookies. Raises UserError for a header that cannot be sent.
    """

    def __init__(self, base_url: str, headers: Mapping[str, str], patience: Patience) -> None:
        parts = urlsplit(base_url)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = parts.scheme == "https"
        self._path = parts.path.rstrip("/")
        self._patience = patience
        self._head = _lines({"Host": parts.netloc, "Accept-Encoding": "identity", **headers})
        self._idle: list[Connection] = []

    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Connection:
        """A connection with the head of the answer to this. Raises OSError, TimeoutError among them, and ValueError for a host that is none."""
        request = b"POST %b HTTP/1.1\r\n%b%bContent-Length: %d\r\n\r\n%b" % (
            f"{self._path}{path}".encode("ascii"), self._head, _lines(headers) if headers else b"", len(body), body,
        )  # fmt: skip
        while self._idle:
            kept = self._idle.pop()
            if kept.closed:
                continue
            try:
                return await self._asked(kept, request)
            except ConnectionError:
                # A server may close a connection that rests in the moment in which it is used: that was no attempt.
                if kept.heard:
                    raise
        async with asyncio.timeout(self._patience.connect_timeout_s):
            new = await self._connect()
        return await self._asked(new, request)

    async def _asked(self, connection: Connection, request: bytes) -> Connection:
        try:
            await connection.ask(request, self._patience.first_byte_timeout_s, self._patience.stall_timeout_s)
        except BaseException:
            connection.release()
            raise
        return connection

    async def _connect(self) -> Connection:
        tls, name = (_tls(), self._host) if self._tls else (None, None)
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(self._keep), self._host, self._port, ssl=tls, server_hostname=name
        )
        return connection

    def _keep(self, connection: Connection) -> None:
        self._idle = [kept for kept in self._idle if not kept.closed] if len(self._idle) >= _MOST_IDLE else self._idle
        if len(self._idle) < _MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close what rests."""
        while self._idle:
            self._idle.pop().close()


class Connections:
    """All servers that requests are sent to."""

    def __init__(self) -> None:
        self._servers: list[Server] = []

    def to(self, base_url: str, headers: Mapping[str, str], patience: Patience) -> Server:
        """See Server."""
        server = Server(base_url, headers, patience)
        self._servers.append(server)
        return server

    async def aclose(self) -> None:
        """Close what rests."""
        for server in self._servers:
            server.close()
        await asyncio.sleep(0)


def _lines(headers: Mapping[str, str]) -> bytes:
    for name, value in headers.items():
        if not (name + value).isprintable() or ":" in name:
            raise UserError("the header {name} cannot be sent: it holds line breaks or other controls", "Look at where its value comes from.", name=name)  # fmt: skip
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("utf-8")


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
