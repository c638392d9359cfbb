"""A model behind an OpenAI-compatible address: the client, its patience, and its bearer key.

The key comes from the environment and stands in no file and no message. A request is repeated where the server says that it
did no work (429, 500, 502, 503, 504) or the connection broke, after as long as Retry-After says or twice as long as the
time before (from 1 s, with a share by chance so that threads do not return together).
"""

import http.client
import json
import random
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
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
from danlu.core.errors import UserError, WorkFailed
from danlu.core.hashing import hash_facts
from danlu.data.endpoint.spending import Price, Spending

KEY = "DANLU_ENDPOINT_KEY"
"""The environment variable that holds the key."""
_REPEATED = (429, 500, 502, 503, 504)
_UNREACHABLE_TRIES = 3


@dataclass(frozen=True)
class Endpoint:
    """Where the model is and what it is called: these enter identity. Key, cache, budget and patience do not."""

    url: str
    """The base address, with or without /v1 at its end."""
    model: str
    cache: Path
    key: str | None = field(default=None, repr=False)
    spending: Spending = field(default_factory=lambda: Spending(Price()))
    concurrency: int = 8
    """Requests in flight."""
    tries: int = 6
    wait_s: float = 1.0
    """Before the second try; doubled before each further one."""
    max_wait_s: float = 120.0
    """The longest single pause, also when Retry-After asks for more."""
    timeout_s: float = 120.0

    def __post_init__(self) -> None:
        server_of(self.url, KEY)

    @property
    def root(self) -> str:
        """The address that ends in /v1."""
        return f"{server_of(self.url, KEY)}/v1"

    def content_hash(self) -> str:
        """Address and model's name: another server may have another model by that name."""
        return hash_facts([self.root, self.model])

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """One chat completion. Raises Refused, UserError for a wrong key or address, WorkFailed when patience is at its end."""
        body = json.dumps({"model": self.model} | request).encode()
        problem: object = ""
        tries = self.tries
        for attempt in range(self.tries):
            asked_s: float | None = None
            try:
                return self._once(body)
            except urllib.error.HTTPError as error:
                with error:
                    said = shown(error_message(error.read(MAX_REPLY_BYTES)), self.key)
                    asked_s = _retry_after_s(error.headers.get("Retry-After"))
                if error.code not in _REPEATED:
                    raise self._told(error.code, said) from None
                problem = f"HTTP {error.code}: {said}"
            except (OSError, http.client.HTTPException) as error:
                reason = getattr(error, "reason", error)
                problem = shown(str(reason) or type(error).__name__, self.key)
                if isinstance(reason, ConnectionRefusedError | socket.gaierror):  # nobody is there: do not wait long
                    tries = min(tries, _UNREACHABLE_TRIES)
            if attempt + 1 >= tries:
                break
            backoff_s = self.wait_s * 2**attempt * (1 + random.random() / 4)  # noqa: S311  # not for secrets
            time.sleep(min(self.max_wait_s, asked_s if asked_s is not None else backoff_s))
        raise WorkFailed(
            "{url} gave no answer in {tries} tries: {problem}",
            "Replies that arrived are kept: run again when the server can be reached, and they cost nothing.",
            url=self.root,
            tries=tries,
            problem=problem,
        )

    def _once(self, body: bytes) -> dict[str, Any]:
        address = f"{self.root}/chat/completions"
        request = urllib.request.Request(address, data=body, headers=headers_with(self.key))  # noqa: S310  # http or https
        with opener_for(self.url).open(request, timeout=self.timeout_s) as reply:
            raw: bytes = reply.read(MAX_REPLY_BYTES)
        try:
            read = json.loads(raw)
        except ValueError:
            read = None
        if not isinstance(read, dict):
            raise no_json(address, raw, self.key)
        return read

    def _told(self, status: int, said: str) -> Exception:
        if status in (401, 403):
            return UserError(
                "{url} does not accept the key (HTTP {status}): {said}"
                if self.key
                else "{url} asks for a key (HTTP {status}): {said}",
                "Set the variable DANLU_ENDPOINT_KEY to the server's key.",
                url=self.root,
                status=status,
                said=said,
            )
        if status in (400, 413, 422):
            return Refused(status, said)
        return UserError(
            "{url} answered HTTP {status}: {said}",
            "Compare the address and the model's name with what the server offers.",
            url=self.root,
            status=status,
            said=said,
        )


def _retry_after_s(said: str | None) -> float | None:
    """Retry-After (RFC 9110, 10.2.3): seconds, or a date."""
    if not said:
        return None
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return None
