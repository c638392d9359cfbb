"""One collection of a Qdrant server over its REST interface: a request, its `result`, or StoreDown.

Only what an organisation's server of version 1.10 or later knows is used: https://api.qdrant.tech/api-reference
"""

import json
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from danlu.retrieve.outside.stores import StoreDown, StoreLimits


class Collection:
    """A collection and the connections to its server. Threads share it."""

    def __init__(self, url: str, collection: str, api_key: str, limits: StoreLimits) -> None:
        parts = urlsplit(url)
        self._is_safe = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or 6333
        self._prefix = f"{parts.path.rstrip('/')}/collections/{collection}"
        self._headers = {"Content-Type": "application/json"} | ({"api-key": api_key} if api_key else {})
        self._limits = limits
        self._idle: SimpleQueue[HTTPConnection] = SimpleQueue()
        self._is_closed = False
        self.server = f"Qdrant at {self._host}:{self._port}"

    def ask(self, method: str, path: str, body: Any, limit_s: float = 0, missing: Any = None) -> Any:
        """The `result` of one request, waited for as long as for a query where nothing is said; `missing` where the server has no
        such thing. Raises StoreDown, also for a reply that is none of Qdrant's.
        """
        content = None if body is None else json.dumps(body).encode()
        try:
            status, reply = self._sent(method, path, content, limit_s or self._limits.query_s)
            if status == HTTPStatus.NOT_FOUND:
                return missing
            said = json.loads(reply)
        except TimeoutError:
            raise StoreDown(f"{self.server}: no answer in time") from None
        except (OSError, HTTPException, ValueError) as error:
            raise StoreDown(f"{self.server}: {str(error) or type(error).__name__}") from None
        if status != HTTPStatus.OK:
            problem = said.get("status", said) if isinstance(said, dict) else said
            raise StoreDown(f"{self.server} answers {status}: {str(problem)[:300]}")
        if not isinstance(said, dict) or "result" not in said:
            raise self.stranger(said)
        return said["result"]

    def stranger(self, said: Any) -> StoreDown:
        """What is raised for a reply that Qdrant would not give: a proxy's, or that of a collection of somebody else's."""
        return StoreDown(
            f"{self.server} gives a reply that is none of Qdrant's, or of danlu's collection: {str(said)[:100]}"
        )

    def close(self) -> None:
        """Close every connection that is idle; those at work are closed when they come back."""
        self._is_closed = True
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _sent(self, method: str, path: str, body: bytes | None, limit_s: float) -> tuple[int, bytes]:
        """The status and the content of a reply, over an idle connection or, where the server closed it, a new one."""
        while True:
            try:
                line = self._idle.get_nowait()
            except Empty:
                return self._over(self._connected(), method, path, body, limit_s)
            try:
                return self._over(line, method, path, body, limit_s)
            except (HTTPException, ConnectionError):
                continue

    def _over(
        self, line: HTTPConnection, method: str, path: str, body: bytes | None, limit_s: float
    ) -> tuple[int, bytes]:
        try:
            assert line.sock is not None, "connected"
            line.sock.settimeout(limit_s)
            line.request(method, self._prefix + path, body, self._headers)
            reply = line.getresponse()
            content = reply.read()
        except BaseException:
            line.close()
            raise
        if line.sock is not None:  # the server keeps it open
            self._idle.put(line)
            if self._is_closed:
                self.close()
        return reply.status, content

    def _connected(self) -> HTTPConnection:
        kind = HTTPSConnection if self._is_safe else HTTPConnection
        line = kind(self._host, self._port, timeout=self._limits.connect_s)
        line.connect()
        return line
