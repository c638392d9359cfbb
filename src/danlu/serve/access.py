"""Nobody gets further than this without a key or a login, whatever the path."""

import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from danlu.core.errors import DanluError
from danlu.serve.errors import ApiError, keys_unavailable, unauthorized
from danlu.serve.keys import Keys
from danlu.serve.limits import RateLimit
from danlu.serve.login import Logins
from danlu.serve.pages import sign_in_page
from danlu.serve.replies import error_response

_log = logging.getLogger(__name__)
# Compared exactly as the router does, so that no spelling of another path passes for one of these.
_OPEN_PATHS = frozenset({"/healthz", "/login"})


@dataclass(frozen=True)
class Caller:
    """Who sends a request: the name that the rate limit counts under, and who that is for the documents."""

    name: str
    principals: frozenset[str]


def principals_of(scope: Scope) -> frozenset[str]:
    """Who the caller of a request is that the gate let through."""
    principals: frozenset[str] = scope["danlu.principals"]
    return principals


class Gate:
    """ASGI middleware: lets a request through when its caller is known and has requests left.

    `owner` is who somebody is that came by the link printed at the start.
    """

    def __init__(
        self, app: ASGIApp, keys: Keys, logins: Logins, rates: RateLimit, cookie: str, owner: frozenset[str]
    ) -> None:
        self._app = app
        self._keys = keys
        self._logins = logins
        self._rates = rates
        self._cookie = cookie
        self._owner = owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with 401, 403, 429 or 503."""
        if scope["type"] == "lifespan" or (scope["type"] == "http" and scope["path"] in _OPEN_PATHS):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            caller = self._known(headers, scope["method"])
            if scope["path"].startswith("/v1/"):
                self._rates.take(caller.name)
            scope["danlu.principals"] = caller.principals
        except ApiError as error:
            wants_page = error.status == 401 and "text/html" in headers.get("accept", "")
            response = sign_in_page("missing") if wants_page else error_response(error)
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _known(self, headers: Headers, method: str) -> Caller:
        """Who sends this. Raises ApiError 401 or 403; 503 while nobody can be known, since the keys cannot be read."""
        try:
            return self._caller(headers, method)
        except DanluError as error:
            _log.error("no key can be checked: %s", error)
            raise keys_unavailable() from None

    def _caller(self, headers: Headers, method: str) -> Caller:
        """Who sends this. Raises ApiError 401 or 403."""
        given = headers.get("authorization")
        if given is not None:
            return self._key_caller(given)
        caller = self._session_caller(cookie_parser(headers.get("cookie", "")).get(self._cookie, ""))
        if method not in ("GET", "HEAD") and not is_same_origin(headers):
            raise ApiError(403, "Requests with a login must come from the chat page itself.", code="cross_origin")
        return caller

    def _key_caller(self, authorization: str) -> Caller:
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise unauthorized("missing_api_key", "No API key: send 'Authorization: Bearer KEY'.")
        facts = self._keys.verify(key.strip())
        if facts is None:
            raise unauthorized("invalid_api_key", "Incorrect API key. 'danlu keys create' makes a new one.")
        if facts.revoked_at is not None:
            raise unauthorized("invalid_api_key", f"The API key {facts.id} was revoked.")
        return Caller(f"key:{facts.id}", frozenset(facts.principals))

    def _session_caller(self, secret: str) -> Caller:
        session = self._logins.session(secret)
        if session is None:
            raise unauthorized("missing_api_key", "No API key: send 'Authorization: Bearer KEY'.")
        if session.key_id is None:
            return Caller(session.caller, self._owner)
        facts = self._keys.active(session.key_id)
        if facts is None:
            raise unauthorized("invalid_api_key", f"The API key {session.key_id} was revoked.")
        return Caller(session.caller, frozenset(facts.principals))


def is_same_origin(headers: Headers) -> bool:
    """Whether a browser says that this request comes from a page of ours.

    SameSite cookies do not tell ports apart, so another server on the same host could otherwise spend a login.
    """
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")
