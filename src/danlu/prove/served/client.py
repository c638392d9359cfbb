"""A small synchronous client of an OpenAI-compatible server: bounded in time and size, with errors told to the user.

A request is repeated only where the server says that it did no work (429, 502, 503, 504), or, for reading requests, where
the connection broke.
"""

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from typing import Any

from danlu.core.endpoints import (
    MAX_REPLY_BYTES,
    Refused,
    error_message,
    headers_with,
    no_json,
    opener_for,
    server_of,
    shown,
)
from danlu.core.errors import UserError

KEY = "DANLU_PROVE_KEY"
"""The environment variable that holds the key."""
REQUEST_TIMEOUT_S = 120.0
"""For one request: a prompt of 10,000 tokens at the 100 tokens per second of a small processor."""
TOTAL_TIMEOUT_S = 900.0
"""For all requests of one run together."""
_TRIES = 3
_WAIT_S = (0.5, 2.0)
_MAX_WAIT_S = 10.0
"""The longest pause that a server may ask for by Retry-After."""
_NO_WORK_DONE = (429, 502, 503, 504)


class Client:
    """Speaks to one server; counts its requests in `requests`."""

    def __init__(self, url: str, key: str | None, *, total_timeout_s: float = TOTAL_TIMEOUT_S) -> None:
        """`url` with or without /v1 at its end. Raises UserError when it is no http(s) address."""
        self.root = server_of(url, KEY)
        """The address without /v1: where a server has what is its own, such as /props."""
        self.requests = 0
        self._key = key
        self._total_timeout_s = total_timeout_s
        self._deadline = time.monotonic() + total_timeout_s
        self._opener = opener_for(url)

    def get(self, path: str) -> Any:
        """The JSON that the server has at `path`. Raises Refused, or UserError when there is no speaking with the server."""
        return self._ask(path, None)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """What the server answers to `body`. Raises as `get` does."""
        return self._ask(path, json.dumps(body).encode())

    def _ask(self, path: str, body: bytes | None) -> Any:
        for number in range(_TRIES):
            last = number == _TRIES - 1
            try:
                return self._ask_once(path, body)
            except urllib.error.HTTPError as error:
                if last or error.code not in _NO_WORK_DONE or not self._pause(number, error.headers.get("Retry-After")):
                    raise self._told(error) from None
            except (OSError, http.client.HTTPException) as error:
                reason = error.reason if isinstance(error, urllib.error.URLError) else error
                broken = isinstance(reason, ConnectionResetError | http.client.RemoteDisconnected)
                if last or not broken or body is not None or not self._pause(number, None):
                    raise self._unreachable(reason) from None
        raise AssertionError("the last try returns or raises")

    def _ask_once(self, path: str, body: bytes | None) -> Any:
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise self._too_slow(self._total_timeout_s)
        self.requests += 1
        request = urllib.request.Request(self.root + path, data=body, headers=headers_with(self._key))  # noqa: S310  # http or https
        deadline = time.monotonic() + min(REQUEST_TIMEOUT_S, left_s)
        with self._opener.open(request, timeout=min(REQUEST_TIMEOUT_S, left_s)) as reply:
            return self._parse(path, _read(reply, deadline))

    def _parse(self, path: str, raw: bytes) -> Any:
        try:
            return json.loads(raw)
        except ValueError:
            raise no_json(self.root + path, raw, self._key) from None

    def _pause(self, number: int, asked: str | None) -> bool:
        """Wait before the next try; False when the server asks for more patience than there is."""
        wait_s = float(asked) if asked and asked.isdecimal() else _WAIT_S[number]
        if wait_s > _MAX_WAIT_S or time.monotonic() + wait_s > self._deadline:
            return False
        time.sleep(wait_s)
        return True

    def _told(self, error: urllib.error.HTTPError) -> Exception:
        with error:
            raw = error.read(MAX_REPLY_BYTES)
        if error.code in (301, 302, 303, 307, 308):
            place = shown(error.headers.get("Location") or "?", self._key)
            return UserError(
                "{url} redirects to {place}",
                "give that address instead, if you trust it: the key is never sent on",
                url=self.root,
                place=place,
            )
        if error.code in (401, 403):
            return UserError(
                "{url} asks for a key (HTTP {status})",
                "the key that was sent is not accepted: set DANLU_PROVE_KEY to one that is"
                if self._key
                else "set the variable DANLU_PROVE_KEY to the server's key",
                url=self.root,
                status=error.code,
            )
        if error.code == 429:
            return UserError("{url} has too many requests (HTTP 429)", "wait, or ask for a higher limit", url=self.root)
        return Refused(error.code, shown(error_message(raw), self._key))

    def _unreachable(self, reason: object) -> UserError:
        if isinstance(reason, TimeoutError):
            return self._too_slow(min(REQUEST_TIMEOUT_S, self._total_timeout_s))
        if isinstance(reason, ssl.SSLError):
            return UserError(
                "{url}: no secure connection: {problem}",
                "https needs a certificate that this machine trusts (SSL_CERT_FILE names others); a server without one has http",
                url=self.root,
                problem=str(reason),
            )
        return UserError(
            "{url} cannot be reached: {problem}", "start the server, and compare host and port", url=self.root, problem=str(reason)
        )  # fmt: skip

    def _too_slow(self, seconds: float) -> UserError:
        return UserError(
            "{url} did not answer within {seconds:.0f} seconds",
            "give the server less to do, a shorter context, or a faster machine",
            url=self.root,
            seconds=seconds,
        )


def _read(reply: http.client.HTTPResponse, deadline: float) -> bytes:
    """The whole body. A server that sends a byte now and then is too slow as well."""
    parts: list[bytes] = []
    size_bytes = 0
    while part := reply.read1(65536):
        parts.append(part)
        size_bytes += len(part)
        if time.monotonic() > deadline:
            raise TimeoutError
        if size_bytes > MAX_REPLY_BYTES:
            raise OSError("the answer is longer than 16 MB")
    return b"".join(parts)
