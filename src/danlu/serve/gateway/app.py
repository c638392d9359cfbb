"""The gateway as an ASGI application: which path does what.

The paths of the API are looked up in a dictionary and handled without a framework, at a tenth of its price a request; the pages for
people are Starlette's.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from danlu.core.errors import DanluError
from danlu.serve.access.gate import Gate
from danlu.serve.access.keys import Keys
from danlu.serve.access.limits import Limits
from danlu.serve.access.login import Logins
from danlu.serve.access.quotas import Grant, Need
from danlu.serve.gateway.admission import Admission
from danlu.serve.gateway.books import Books
from danlu.serve.gateway.generate import NewShape, Parse, send_stream, send_whole
from danlu.serve.gateway.settings import Settings
from danlu.serve.gateway.watch import Watch
from danlu.serve.guards.reply import REFUSED, WORDS_GUARD, Guards
from danlu.serve.models import Caller, ChatRequest, End, Pieces, ServedModel, Usage
from danlu.serve.observe.exchange import Exchange, Observer, SpanId
from danlu.serve.observe.feedback import Opinion, judged
from danlu.serve.observe.metrics import Metrics, Reading
from danlu.serve.web.pages import Pages, sign_in_page
from danlu.serve.wire.body import ClientGone, read_all
from danlu.serve.wire.chat import ChatShape, model_shape
from danlu.serve.wire.chat_request import parse_chat
from danlu.serve.wire.completion import CompletionShape, parse_completion
from danlu.serve.wire.errors import ApiError, bad_value, forbidden, internal_error, unavailable
from danlu.serve.wire.feedback import parse_feedback
from danlu.serve.wire.response import ResponseShape
from danlu.serve.wire.response_request import parse_response
from danlu.serve.wire.sending import send_error, send_json

_log = logging.getLogger(__name__)
# Compared exactly as the router does, so that no spelling of another path passes for one of these.
_OPEN_PATHS = frozenset({"/healthz", "/readyz", "/login"})
_GENERATING: dict[tuple[str, str], tuple[Parse, NewShape]] = {
    ("POST", "/v1/chat/completions"): (parse_chat, ChatShape),
    ("POST", "/v1/completions"): (parse_completion, CompletionShape),
    ("POST", "/v1/responses"): (parse_response, ResponseShape),
}
"""How a request is read and its reply written; these reserve what they may need themselves, once that is known."""
_MOST_OPINIONS = 100
_CLIENT_LEFT = 499
"""What nginx writes down for a client that left; nobody is sent it."""
_STATE_GONE = unavailable("state_unavailable", "Use cannot be written down at the moment; the server's log says why.")
_Handler = Callable[[Scope, Receive, Send, Exchange], Awaitable[None]]


@dataclass(frozen=True)
class AppParts:
    """What a gateway is made of. The first model is the one that the chat page starts with."""

    models: tuple[ServedModel, ...]
    keys: Keys
    guards: Guards
    books: Books
    limits: Limits = field(default_factory=Limits)
    """Of callers whose key has none of its own."""
    settings: Settings = field(default_factory=Settings)
    owner: frozenset[str] = frozenset()
    """Who somebody is that logs in by the link printed at the start."""
    observers: Sequence[Observer] = ()
    """Told of each exchange before the end of its answer is sent, after those of the books."""
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
        self._pages = _pages_app(Pages(self.logins, parts.keys, cookie, limits.session_ttl_s))
        self._routes: dict[tuple[str, str], _Handler] = {
            ("GET", "/healthz"): self._health,
            ("GET", "/readyz"): self._ready,
            ("GET", "/metrics"): self._metrics,
            ("GET", "/v1/models"): self._list_models,
            ("POST", "/v1/feedback"): self._feedback,
            ("GET", "/v1/feedback"): self._read_feedback,
            **{path: partial(self._generate, *shapes) for path, shapes in _GENERATING.items()},
        }
        self.stopping = False
        """Set when the server has been told to stop: it takes no new requests, and open replies may end."""
        self._watches: set[Watch] = set()
        self._watchdog: asyncio.Task[None] | None = None
        self._methods: dict[str, str] = {}
        for method, path in self._routes:
            self._methods[path] = f"{self._methods[path]}, {method}" if path in self._methods else method
        self.metrics = Metrics(self._gauges, self._methods)
        self._observers: tuple[Observer, ...] = (self.metrics, *parts.books.observers, *parts.observers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        exchange = Exchange(scope["path"])
        try:
            await self._answer(scope, receive, send, exchange)
        except ApiError as error:
            exchange.status, exchange.error_code = error.status, error.code or ""
            await send_error(send, error, exchange.headers)
        except ClientGone:
            exchange.status = _CLIENT_LEFT
        except Exception:  # noqa: BLE001 (logged here, told as 500)
            _log.exception("%s failed", exchange.id)
            if exchange.status == 0:
                exchange.status = 500
                await send_error(send, internal_error(), exchange.headers)
        finally:
            self._tell(exchange)

    def _tell(self, exchange: Exchange) -> None:
        """Have an exchange written down, once."""
        if not exchange.told:
            exchange.told = True
            for observe in self._observers:
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
            if path.startswith("/v1/") and (method, path) not in _GENERATING:
                await self._reserve(exchange, Need())
        handler = self._routes.get((method, path))
        if handler is not None:
            await handler(scope, receive, send, exchange)
        elif path.startswith("/v1/models/") and method == "GET":
            model = self._model(path.removeprefix("/v1/models/"), exchange.caller)
            await self._send_json(send, exchange, model_shape(model.id, self._created))
        elif allowed := self._methods.get(path, "GET" if path.startswith("/v1/models/") else ""):
            message = f"Method Not Allowed: {method} {path}"
            raise ApiError(405, message, code="method_not_allowed", headers={"allow": allowed})
        elif path.startswith("/v1/"):
            raise ApiError(404, f"Not Found: {method} {path}", code="not_found")
        else:
            await self._pages(scope, receive, send)

    async def aclose(self) -> None:
        """Let go of what the models hold on the event loop."""
        if self._watchdog is not None:
            self._watchdog.cancel()
        await self._parts.books.aclose()
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
        shapes = [model_shape(name, self._created) for name in self._models if exchange.caller.may_use(name)]
        await self._send_json(send, exchange, {"object": "list", "data": shapes})

    async def _feedback(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        """Take what somebody thinks of an answer that he got."""
        feedback = self._parts.books.feedback
        if feedback is None:
            message = "This server keeps no answers; `feedback:` under `serve:` in its danlu.yaml makes it keep them."
            raise ApiError(404, message, code="feedback_off")
        said = parse_feedback(await read_all(scope, receive, self._limits.max_body_bytes))
        try:
            await feedback.take(said.answer_id, exchange.caller.name, Opinion(*said[1:]))
        except DanluError as error:
            _log.error("no opinion can be written down: %s", error)
            raise _STATE_GONE from None
        await self._send_json(send, exchange, {"object": "feedback", **said._asdict()})

    async def _read_feedback(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        """The newest opinions, for those who may read what others asked."""
        if exchange.caller.role != "admin":
            raise forbidden("role_missing", "What people think of answers is for keys of the role admin.")
        try:
            newest = await asyncio.to_thread(lambda: deque(judged(self._parts.books.database.path), _MOST_OPINIONS))
        except DanluError as error:
            _log.error("opinions cannot be read: %s", error)
            raise _STATE_GONE from None
        await self._send_json(send, exchange, {"object": "list", "data": [asdict(row) for row in reversed(newest)]})

    async def _metrics(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        """What is measured, for those who may read it."""
        if exchange.caller.role == "user":
            raise forbidden("role_missing", "Measurements are for keys of the role monitor or admin.")
        text = self.metrics.text()
        exchange.status = 200
        headers = [
            (b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),
            (b"content-length", b"%d" % len(text)),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text, "more_body": False})

    async def _generate(
        self, parse: Parse, new_shape: NewShape, scope: Scope, receive: Receive, send: Send, exchange: Exchange
    ) -> None:
        """An answer of a model, whole or streamed."""
        try:
            body = await read_all(scope, receive, self._limits.max_body_bytes)
            request = parse(body, exchange.caller)
            if self._parts.books.traces is not None:
                exchange.span = SpanId.under(_header(scope, b"traceparent"))
                request = replace(request, traceparent=exchange.span.traceparent)
            model = self._model(request.model, exchange.caller)
            exchange.model, exchange.stream = model.id, request.stream
            exchange.asked = request.messages
            need, read = self._need(model, request)
        except ApiError:
            # What cannot be read counts as a request, or it could be sent without end.
            await self._reserve(exchange, Need())
            raise
        grant = await self._reserve(exchange, need)
        shape = new_shape(request)
        exchange.answer_id = shape.id
        pieces = self._parts.guards.reply(model, request, exchange)
        watch = self._watched(receive)
        try:
            async with watch, self._seats[model.id].seat(exchange.caller.name):
                exchange.admitted_s = time.monotonic()
                reply = send_stream if request.stream else send_whole
                out = self._noted(watch.over(pieces), exchange, partial(self._settle, exchange, grant, read, model))
                await reply(watch.sender(send), out, shape, exchange, exchange.headers)
        except ApiError:
            exchange.reached_model = exchange.batches > 0
            raise
        finally:
            self._watches.discard(watch)
            self._settle(exchange, grant, read, model)

    def _need(self, model: ServedModel, request: ChatRequest) -> tuple[Need, int]:
        """The most that a request may use, and the tokens of its messages."""
        longest = request.max_tokens or self._limits.default_max_tokens
        if longest > self._limits.most_tokens:
            raise bad_value("max_tokens", f"at most {self._limits.most_tokens} are answered here")
        read = sum([model.count_tokens(message.content) for message in request.messages])
        usage = Usage(read, longest * request.n)
        return Need(read + usage.completion_tokens, model.cost_of(usage)), read

    async def _reserve(self, exchange: Exchange, need: Need) -> Grant:
        caller = exchange.caller
        limits = self._parts.limits.over(dict(caller.limits)) if caller.limits else self._parts.limits
        try:
            grant = await self._parts.books.quotas.reserve(caller.name, limits, need)
        except DanluError as error:
            _log.error("no quota can be checked: %s", error)
            raise _STATE_GONE from None
        exchange.headers += grant.headers
        return grant

    def _settle(self, exchange: Exchange, grant: Grant, read: int, model: ServedModel) -> None:
        """Count what a request came to, once."""
        if not exchange.told:
            exchange.settle(read, model)
            assert exchange.usage is not None, "settled"
            struck = (WORDS_GUARD, REFUSED) in exchange.verdicts
            self._parts.books.quotas.settle(grant, exchange.model, exchange.usage, exchange.cost, struck=struck)

    async def _noted(self, pieces: Pieces, exchange: Exchange, settle: Callable[[], None]) -> Pieces:
        """The pieces; before the last of them leaves, what they came to is settled and written down."""
        async with aclosing(pieces) as batches:
            async for batch in batches:
                if isinstance(batch[-1], End):
                    # An end that no model told is a guard's.
                    exchange.status, exchange.finish_reason = 200, exchange.finish_reason or "content_filter"
                    exchange.danlu = batch[-1].danlu
                    settle()
                    self._tell(exchange)
                    if self._parts.books.database.durable:
                        await self._written()
                yield batch

    async def _written(self) -> None:
        """No answer ends before its record is on the disk. Raises ApiError 503 where it cannot be written."""
        try:
            await self._parts.books.written()
        except DanluError:
            raise _STATE_GONE from None

    def _watched(self, receive: Receive) -> Watch:
        watch = Watch(receive)
        self._watches.add(watch)
        if self._watchdog is None:
            self._watchdog = asyncio.create_task(self._look_after())
        return watch

    async def _look_after(self) -> None:
        """Once a second: end answers that take too long, and let clients go that do not read."""
        while True:
            await asyncio.sleep(1)
            now_s = time.monotonic()
            for watch in list(self._watches):
                if watch.sending_since_s is not None and now_s - watch.sending_since_s > self._limits.slow_reader_s:
                    watch.leave()
                elif now_s - watch.started_s > self._limits.longest_answer_s:
                    watch.cut(ApiError(504, "The answer took too long.", code="answer_timeout", kind="api_error"))

    def _gauges(self) -> Iterator[Reading]:
        for name, seats in self._seats.items():
            yield "danlu_running", (name,), seats.running
            yield "danlu_waiting", (name,), seats.waiting
            yield "danlu_seats", (name,), self._models[name].seats
            yield "danlu_circuit_open", (name,), float(getattr(self._models[name], "circuit_open", False))
        yield "danlu_state_unwritten", (), self._parts.books.database.kept

    async def _send_json(self, send: Send, exchange: Exchange, data: Any) -> None:
        exchange.status = 200
        await send_json(send, 200, data, exchange.headers)

    def _model(self, model_id: str, caller: Caller) -> ServedModel:
        if model_id not in self._models or not caller.may_use(model_id):
            known = ", ".join(name for name in self._models if caller.may_use(name))
            message = f"The model '{model_id}' does not exist for this key; there are: {known}."
            raise ApiError(404, message, code="model_not_found", param="model")
        return self._models[model_id]


def _header(scope: Scope, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")


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
