"""The chat page and how a browser gets in: static files from the package, the login link and the sign-in page."""

import base64
import hashlib
import logging
import re
from functools import cache
from importlib import resources
from typing import Literal
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from danlu.core.errors import DanluError
from danlu.serve.access.keys import Keys
from danlu.serve.access.login import Logins
from danlu.serve.wire.body import read_all
from danlu.serve.wire.errors import ApiError, keys_unavailable

_log = logging.getLogger(__name__)
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".html": "text/html"}
_ASSETS = ("page.css", "page.js", "api.js", "render.js", "tables.js", "strings.js", "icon.svg")
_MAX_FORM_BYTES = 4_096
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src {style}; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_REASONS = {
    "missing": "",
    "link": (
        '<p class="reason" lang="zh">这个登录链接已经用过或过期了。</p>'
        '<p class="reason" lang="en">This login link has been used or has expired.</p>'
    ),
    "key": (
        '<p class="reason" lang="zh">这个密钥不正确或已被吊销。</p>'
        '<p class="reason" lang="en">This key is wrong or was revoked.</p>'
    ),
}


@cache
def _file(name: str) -> bytes:
    return resources.files("danlu.serve.web").joinpath("page").joinpath(name).read_bytes()


def _page(body: bytes, media_type: str, *, status: int = 200, style: str = "'self'") -> Response:
    headers = {
        "content-security-policy": _POLICY.format(style=style),
        "cache-control": "no-store" if media_type == "text/html" else "no-cache",
    }
    return Response(body, status, headers, media_type=media_type)


def sign_in_page(reason: Literal["missing", "link", "key"]) -> Response:
    """401 for people: how to get in, and a field for a key."""
    html = _file("sign_in.html").decode()
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None, "sign_in.html carries its own style, since other files need a login"
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    body = html.replace("<!-- reason -->", _REASONS[reason]).encode()
    return _page(body, "text/html", status=401, style=f"'sha256-{digest}'")


class Pages:
    """The routes of the chat page. `cookie` is the name under which a browser keeps its session."""

    def __init__(self, logins: Logins, keys: Keys, cookie: str, session_ttl_s: float) -> None:
        self._logins = logins
        self._keys = keys
        self._cookie = cookie
        self._session_ttl_s = session_ttl_s

    def routes(self) -> list[Route]:
        """What to mount; all but `/login` stand behind the gate."""
        return [
            Route("/", self.index, methods=["GET"]),
            Route("/login", self.login, methods=["GET"]),
            Route("/login", self.login_with_key, methods=["POST"]),
            Route("/static/{name}", self.asset, methods=["GET"]),
        ]

    async def index(self, request: Request) -> Response:
        """The chat page."""
        return _page(_file("index.html"), "text/html")

    async def asset(self, request: Request) -> Response:
        """A file of the chat page."""
        name = request.path_params["name"]
        if name not in _ASSETS:
            raise ApiError(404, f"No such file: {name}.", code="not_found")
        return _page(_file(name), _MEDIA_TYPES[name[name.rindex(".") :]])

    async def login(self, request: Request) -> Response:
        """Trade the token of the login link for a session."""
        if request.method == "HEAD" or "prefetch" in request.headers.get("sec-purpose", ""):
            # Only a look ahead: the link must still work when it is really opened.
            return Response(status_code=204)
        if self._logins.session(request.cookies.get(self._cookie, "")) is not None:
            return RedirectResponse("/", 303)
        secret = self._logins.exchange(request.query_params.get("token", ""))
        return sign_in_page("link") if secret is None else self._into_page(secret)

    async def login_with_key(self, request: Request) -> Response:
        """Trade an API key typed into the sign-in page for a session."""
        form = parse_qs((await read_all(request.scope, request.receive, _MAX_FORM_BYTES)).decode("utf-8", "replace"))
        try:
            facts = self._keys.verify(form.get("key", [""])[0].strip())
        except DanluError as error:
            _log.error("no key can be checked: %s", error)
            raise keys_unavailable() from None
        if facts is None or facts.why_not():
            return sign_in_page("key")
        return self._into_page(self._logins.open(facts.id))

    def _into_page(self, secret: str) -> Response:
        response = RedirectResponse("/", 303, {"cache-control": "no-store", "referrer-policy": "no-referrer"})
        max_age_s = int(self._session_ttl_s)
        response.set_cookie(self._cookie, secret, max_age_s, httponly=True, samesite="strict")
        return response
