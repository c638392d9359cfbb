"""Logging in to the chat page: a link that works once, and the session that it opens.

Links and sessions live in memory and as hashes: a restart logs everyone out and prints a new link.
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

_MAX_SESSIONS = 1_000


@dataclass(frozen=True)
class Session:
    """Who is logged in; `key_id` is None for whoever used the link printed at the start. What a key may see is looked up anew."""

    caller: str
    key_id: str | None
    expires_at: float


class Logins:
    """The open links and sessions of one server. Secrets are looked up by hash, so timing tells nothing of them."""

    def __init__(self, link_ttl_s: float, session_ttl_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._link_ttl_s = link_ttl_s
        self._session_ttl_s = session_ttl_s
        self._now = now
        self._links: dict[bytes, float] = {}
        self._sessions: dict[bytes, Session] = {}

    def new_link_token(self) -> str:
        """A token for `/login?token=`, good for one use."""
        token = secrets.token_urlsafe(32)
        self._links[_hash(token)] = self._now() + self._link_ttl_s
        return token

    def exchange(self, token: str) -> str | None:
        """Use up a link: the secret of a new session, or None when the link is unknown, used or expired."""
        expires_at = self._links.pop(_hash(token), None)
        return self.open(None) if expires_at is not None and expires_at > self._now() else None

    def open(self, key_id: str | None) -> str:
        """The secret of a new session, which lives no longer than the key it was opened with."""
        now = self._now()
        self._sessions = {hashed: session for hashed, session in self._sessions.items() if session.expires_at > now}
        while len(self._sessions) >= _MAX_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        secret = secrets.token_urlsafe(32)
        # A session opened with a key shares its rate limit, or logging in again would be a way around it.
        caller = f"key:{key_id}" if key_id else f"login:{secrets.token_hex(8)}"
        self._sessions[_hash(secret)] = Session(caller, key_id, now + self._session_ttl_s)
        return secret

    def session(self, secret: str) -> Session | None:
        """The session with this secret, unless it has expired."""
        session = self._sessions.get(_hash(secret))
        return session if session is not None and session.expires_at > self._now() else None


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
