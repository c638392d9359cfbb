"""The gateway as an ASGI application: which path does what.

The paths of the API are looked up in a dictionary and handled without a framework, at a tenth of its price a request; the pages for
people are Starlette's.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from danlu.serve.access.gate import Gate
from danlu.serve.access.keys import Keys
from danlu.serve.access.login import Logins
from danlu.serve.gateway.admission import Admission
from danlu.serve.gateway.exchange import Exchange, Observer
from danlu.serve.gateway.generate import NewShape, Parse, send_stream, send_whole
from danlu.serve.gateway.limits import RateLimit
from danlu.serve.gateway.settings import Settings
from danlu.serve.gateway.watch import Watch
from danlu.serve.guards.reply import guarded_reply
from danlu.serve.models import ServedModel
from danlu.serve.web.pages import Pages, sign_in_page
from danlu.serve.wire.body import ClientGone, read_all
from danlu.serve.wire.chat import ChatShape, model_shape
from danlu.serve.wire.chat_request import parse_chat
from danlu.serve.wire.errors import ApiError, internal_error, unavailable
from danlu.serve.wire.sending import send_error, send_json
from danlu.text.words.disguised import DisguisedWords

_log = logging.getLogger(__name__)
# Compared exactly as the router does, so that no spelling of another path passes for one of these.
_OPEN_PATHS = frozenset({"/healthz", "/readyz", "/login"})
_CLIENT_LEFT = 499
"""What nginx writes down for a client that left; nobody is sent it."""
_Handler = Callable[[Scope, Receive, Send, Exchange], Awaitable[None]]


@dataclass(frozen=True)
class AppParts:
    """What a gateway is made of. The first model is the one that the chat page starts with."""

    models: tuple[ServedModel, ...]
    keys: Keys
    words: DisguisedWords
    settings: Settings = field(default_factory=Settings)
    owner: frozenset[str] = frozenset()
    """Who somebody is that logs in by the link printed at the start."""
    observers: Sequence[Observer] = ()
    aclose: Callable[[], Awaitable[None]] | None = None
    """Called on the event loop when the server has stopped."""


class Gateway:
    """The state behind the routes of one server; `cookie` names the session, so that servers on one host differ."""

    def __init__(self, parts: AppParts, cookie: str = "danlu_session") -> None:
        limits = parts.settings
        self.logins = Logins(limits.login_link_ttl_s, limits.session_ttl_s)
        self._parts = parts
        self._limits = limits
        self._models = {model.id: model for model in parts.models}
        self._seats = {
            model.id: Admission(model.seats, limits.max_waiting, limits.max_waiting_per_key) for model in parts.models
        }
        self._created = int(time.time())
        self._gate = Gate(parts.keys, self.logins, cookie, parts.owner)
        self._rates = RateLimit(limits.requests_per_minute, limits.burst_requests)
        self._pages = _pages_app(Pages(self.logins, parts.keys, cookie, limits.session_ttl_s))
        self._routes: dict[tuple[str, str], _Handler] = {
            ("GET", "/healthz"): self._health,
            ("GET", "/readyz"): self._ready,
            ("GET", "/v1/models"): self._list_models,
            ("POST", "/v1/chat/completions"): partial(self._generate, parse_chat, ChatShape),
        }
        self.stopping = False
        """Set when the server has been told to stop: it takes no new requests, and open replies may end."""
        self._watches: set[Watch] = set()
        self._methods = {path: method for method, path in self._routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        exchange = Exchange(scope["path"])
        headers: list[Any] = [(b"x-request-id", exchange.id.encode())]
        try:
            await self._answer(scope, receive, send, exchange)
        except ApiError as error:
            exchange.status, exchange.error_code = error.status, error.code or ""
            await send_error(send, error, headers)
        except ClientGone:
            exchange.status = _CLIENT_LEFT
        except Exception:  # noqa: BLE001 (logged here, told as 500)
            _log.exception("%s failed", exchange.id)
            if exchange.status == 0:
                exchange.status = 500
                await send_error(send, internal_error(), headers)
        finally:
            for observe in self._parts.observers:
                observe(exchange)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        method, path = scope["method"], scope["path"]
        if path not in _OPEN_PATHS:
            try:
                exchange.caller = self._gate.caller(scope["headers"], method)
            except ApiError as error:
                if error.status != 401 or not _wants_page(scope):
                    raise
                exchange.status = 401
                await sign_in_page("missing")(scope, receive, send)
                return
            if path.startswith("/v1/"):
                self._rates.take(exchange.caller.name)
        handler = self._routes.get((method, path))
        if handler is not None:
            await handler(scope, receive, send, exchange)
        elif path.startswith("/v1/models/") and method == "GET":
            await send_json(send, 200, model_shape(self._model(path.removeprefix("/v1/models/")).id, self._created))
        elif allowed := self._methods.get(path, "GET" if path.startswith("/v1/models/") else ""):
            message = f"Method Not Allowed: {method} {path}"
            raise ApiError(405, message, code="method_not_allowed", headers={"allow": allowed})
        elif path.startswith("/v1/"):
            raise ApiError(404, f"Not Found: {method} {path}", code="not_found")
        else:
            await self._pages(scope, receive, send)

    async def aclose(self) -> None:
        """Let go of what the models hold on the event loop."""
        if self._parts.aclose is not None:
            await self._parts.aclose()

    def cut_replies(self) -> None:
        """End every reply that is still being made; called on the event loop when the server stops."""
        for watch in self._watches:
            watch.cut(unavailable("server_stopping", "The server is stopping."))

    async def _health(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        """Whether the gateway answers at all; says nothing else, since it needs no key."""
        await send_json(send, 200, {"status": "ok"})

    async def _ready(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        """Whether new requests should be sent here: not any more once the server stops, while open replies still end."""
        await send_json(send, 503 if self.stopping else 200, {"status": "stopping" if self.stopping else "ready"})

    async def _list_models(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        """The models, the bot first. Nobody else is asked for them: a dead server does not delay it."""
        shapes = [model_shape(name, self._created) for name in self._models]
        await send_json(send, 200, {"object": "list", "data": shapes})

    async def _generate(
        self, parse: Parse, new_shape: NewShape, scope: Scope, receive: Receive, send: Send, exchange: Exchange
    ) -> None:
        """An answer of a model, whole or streamed."""
        body = await read_all(scope, receive, self._limits.max_body_bytes)
        request = parse(body, exchange.caller)
        model = self._model(request.model)
        exchange.model, exchange.stream = model.id, request.stream
        read = sum([model.count_tokens(message.content) for message in request.messages])
        pieces = guarded_reply(model, request, self._parts.words, exchange.took)
        reply = send_stream if request.stream else send_whole
        headers = [(b"x-request-id", exchange.id.encode())]
        watch = Watch(receive)
        self._watches.add(watch)
        try:
            async with watch, self._seats[model.id].seat(exchange.caller.name):
                await reply(send, watch.over(pieces), new_shape(request), exchange, headers)
        finally:
            self._watches.discard(watch)
            exchange.settle(read, model)

    def _model(self, model_id: str) -> ServedModel:
        if model_id not in self._models:
            known = ", ".join(self._models)
            message = f"The model '{model_id}' does not exist; there are: {known}."
            raise ApiError(404, message, code="model_not_found", param="model")
        return self._models[model_id]


def _wants_page(scope: Scope) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def _pages_app(pages: Pages) -> Starlette:
    app = Starlette(
        routes=pages.routes(),
        exception_handlers={ApiError: _api_error, HTTPException: _http_error, Exception: _defect},
    )
    # A redirect to another spelling of the path would answer before the method and the path are checked.
    app.router.redirect_slashes = False
    return app


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError), "registered for ApiError alone"
    return Response(orjson.dumps(error.body()), error.status, error.headers, media_type="application/json")


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for HTTPException alone"
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code)
    message = f"{error.detail}: {request.method} {request.url.path}"
    return await _api_error(request, ApiError(error.status_code, message, code=code, headers=dict(error.headers or {})))


async def _defect(request: Request, error: Exception) -> Response:
    return await _api_error(request, internal_error())
