"""Nobody gets further than this without a key or a login, whatever the path."""

import logging
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.requests import cookie_parser

from danlu.core.errors import DanluError
from danlu.serve.access.keys import Keys
from danlu.serve.access.login import Logins
from danlu.serve.models import Caller
from danlu.serve.wire.errors import ApiError, keys_unavailable, unauthorized

_log = logging.getLogger(__name__)
RawHeaders = Iterable[tuple[bytes, bytes]]


class Gate:
    """Tells who sends a request. `owner` is who somebody is that came by the link printed at the start."""

    def __init__(self, keys: Keys, logins: Logins, cookie: str, owner: frozenset[str]) -> None:
        self._keys = keys
        self._logins = logins
        self._cookie = cookie
        self._owner = owner

    def caller(self, headers: RawHeaders, method: str) -> Caller:
        """Who sends this. Raises ApiError 401 or 403; 503 while nobody can be known, since the keys cannot be read."""
        authorization = b""
        for name, value in headers:
            if name == b"authorization":
                authorization = value
        try:
            if authorization:
                return self._key_caller(authorization.decode("latin-1"))
            return self._session_caller({name: value.decode("latin-1") for name, value in headers}, method)
        except DanluError as error:
            _log.error("no key can be checked: %s", error)
            raise keys_unavailable() from None

    def _key_caller(self, authorization: str) -> Caller:
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise unauthorized("missing_api_key", "No API key: send 'Authorization: Bearer KEY'.")
        facts = self._keys.verify(key.strip())
        if facts is None:
            raise unauthorized("invalid_api_key", "Incorrect API key. 'danlu keys create' makes a new one.")
        if why := facts.why_not():
            raise unauthorized("invalid_api_key", f"The API key {facts.id} {why}.")
        return facts.caller(f"key:{facts.id}")

    def _session_caller(self, headers: dict[bytes, str], method: str) -> Caller:
        session = self._logins.session(cookie_parser(headers.get(b"cookie", "")).get(self._cookie, ""))
        if session is None:
            raise unauthorized("missing_api_key", "No API key: send 'Authorization: Bearer KEY'.")
        if method not in ("GET", "HEAD") and not _is_same_origin(headers):
            raise ApiError(403, "Requests with a login must come from the chat page itself.", code="cross_origin")
        if session.key_id is None:
            return Caller(session.caller, self._owner, "admin")
        facts = self._keys.active(session.key_id)
        if facts is None:
            raise unauthorized("invalid_api_key", f"The API key {session.key_id} was revoked or has expired.")
        return facts.caller(session.caller)


def _is_same_origin(headers: dict[bytes, str]) -> bool:
    """Whether a browser says that this request comes from a page of ours.

    SameSite cookies do not tell ports apart, so another server on the same host could otherwise spend a login.
    """
    origin = headers.get(b"origin")
    return origin is None or urlsplit(origin).netloc == headers.get(b"host")
