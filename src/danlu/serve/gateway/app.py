"""The gateway as an ASGI application: which path does what.

The paths of the API are looked up in a dictionary and handled without a framework, at a tenth of its price a request; the pages for
people are Starlette's.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from starlette.types import Receive, Scope, Send

from danlu.serve.access.gate import Gate
from danlu.serve.access.login import Logins
from danlu.serve.access.quotas import Need
from danlu.serve.gateway.encoding import Encoding, ParseEncode
from danlu.serve.gateway.generating import Generating
from danlu.serve.gateway.ledger import Ledger
from danlu.serve.gateway.offer import Offer
from danlu.serve.gateway.parts import AppParts
from danlu.serve.gateway.replies import NewShape, Parse
from danlu.serve.gateway.reports import Reports
from danlu.serve.gateway.watch import Watches
from danlu.serve.models import EncoderTask
from danlu.serve.observe.exchange import Exchange
from danlu.serve.observe.metrics import Metrics, Reading
from danlu.serve.web.app import pages_app
from danlu.serve.web.pages import Pages, sign_in_page
from danlu.serve.wire.body import ClientGone
from danlu.serve.wire.chat import ChatShape
from danlu.serve.wire.chat_request import parse_chat
from danlu.serve.wire.completion import CompletionShape, parse_completion
from danlu.serve.wire.embedding import parse_embedding
from danlu.serve.wire.errors import ApiError, internal_error, unavailable
from danlu.serve.wire.rerank import parse_rerank
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
_ENCODING: dict[tuple[str, str], tuple[EncoderTask, ParseEncode]] = {
    ("POST", "/v1/embeddings"): ("embedding", parse_embedding),
    ("POST", "/v1/rerank"): ("rerank", parse_rerank),
}
_RESERVING = frozenset({*_GENERATING, *_ENCODING})
"""How a request is read and its reply written; these reserve what they may need themselves, once that is known."""
_PATHS = frozenset({"/healthz", "/readyz", "/metrics", "/v1/models", "/v1/feedback", *(path for _, path in _RESERVING)})
"""Told apart in measurements."""
_CLIENT_LEFT = 499
"""What nginx writes down for a client that left; nobody is sent it."""
_Handler = Callable[[Scope, Receive, Send, Exchange], Awaitable[None]]


class Gateway:
    """The state behind the routes of one server; `cookie` names the session, so that servers on one host differ."""

    def __init__(self, parts: AppParts, cookie: str = "danlu_session") -> None:
        limits = parts.settings
        self.logins = Logins(limits.login_link_ttl_s, limits.session_ttl_s)
        self.stopping = False
        """Set when the server has been told to stop: it takes no new requests, and open replies may end."""
        self._parts = parts
        self._offer = Offer(parts.models, parts.encoders, limits)
        self._watches = Watches(limits.slow_reader_s, limits.longest_answer_s)
        self._gate = Gate(parts.keys, self.logins, cookie, parts.owner)
        self._pages = pages_app(Pages(self.logins, parts.keys, cookie, limits.session_ttl_s))
        metrics = Metrics(self._gauges, _PATHS)
        self._ledger = Ledger(parts.books, parts.limits, (metrics, *parts.books.observers, *parts.observers))
        self._reports = Reports(self._offer, parts.books, metrics.text, limits.max_body_bytes)
        generating = Generating(parts, self._offer, self._ledger, self._watches)
        encoding = Encoding(parts, self._offer, self._ledger, self._watches)
        self._routes: dict[tuple[str, str], _Handler] = {
            ("GET", "/healthz"): self._health,
            ("GET", "/readyz"): self._ready,
            ("GET", "/metrics"): self._reports.metrics,
            ("GET", "/v1/models"): self._reports.models,
            ("POST", "/v1/feedback"): self._reports.feedback,
            ("GET", "/v1/feedback"): self._reports.read_feedback,
            **{route: partial(generating.answer, *shapes) for route, shapes in _GENERATING.items()},
            **{route: partial(encoding.answer, *task) for route, task in _ENCODING.items()},
        }
        self._methods: dict[str, str] = {}
        for method, path in self._routes:
            self._methods[path] = f"{self._methods[path]}, {method}" if path in self._methods else method

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
            self._ledger.tell(exchange)

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
            if path.startswith("/v1/") and (method, path) not in _RESERVING:
                await self._ledger.reserve(exchange, Need())
        handler = self._routes.get((method, path))
        if handler is not None:
            await handler(scope, receive, send, exchange)
        elif path.startswith("/v1/models/") and method == "GET":
            await self._reports.one_model(path.removeprefix("/v1/models/"), send, exchange)
        elif allowed := self._methods.get(path, "GET" if path.startswith("/v1/models/") else ""):
            message = f"Method Not Allowed: {method} {path}"
            raise ApiError(405, message, code="method_not_allowed", headers={"allow": allowed})
        elif path.startswith("/v1/"):
            raise ApiError(404, f"Not Found: {method} {path}", code="not_found")
        else:
            await self._pages(scope, receive, send)

    async def aclose(self) -> None:
        """Let go of what the models hold on the event loop."""
        self._watches.close()
        await self._parts.books.aclose()
        if self._parts.aclose is not None:
            await self._parts.aclose()

    def cut_replies(self) -> None:
        """End every reply that is still being made; called on the event loop when the server stops."""
        self._watches.cut(unavailable("server_stopping", "The server is stopping."))

    async def _health(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        """Whether the gateway answers at all; says nothing else, since it needs no key."""
        await send_json(send, 200, {"status": "ok"})

    async def _ready(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        """Whether new requests should be sent here: not any more once the server stops, while open replies still end."""
        await send_json(send, 503 if self.stopping else 200, {"status": "stopping" if self.stopping else "ready"})

    def _gauges(self) -> Iterator[Reading]:
        yield from self._offer.gauges()
        yield "danlu_state_unwritten", (), self._parts.books.database.kept


def _wants_page(scope: Scope) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
