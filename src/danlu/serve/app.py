"""The gateway as an ASGI application: which path does what."""

import time
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from danlu.serve.access import Gate, principals_of
from danlu.serve.body import read_body
from danlu.serve.errors import ApiError, internal_error
from danlu.serve.guarded import guarded_reply
from danlu.serve.keys import Keys
from danlu.serve.limits import RateLimit, Seats
from danlu.serve.login import Logins
from danlu.serve.models import ServedModel
from danlu.serve.pages import Pages
from danlu.serve.parse import parse_chat
from danlu.serve.pull import Puller
from danlu.serve.replies import StreamReply, WholeReply, error_response, json_response
from danlu.serve.settings import Settings
from danlu.serve.shapes import ReplyShape, model_shape
from danlu.text.words.automaton import WordList


@dataclass(frozen=True)
class AppParts:
    """What a gateway is made of. The first model is the one that the chat page starts with."""

    models: tuple[ServedModel, ...]
    keys: Keys
    words: WordList
    settings: Settings = field(default_factory=Settings)
    owner: frozenset[str] = frozenset()
    """Who somebody is that logs in by the link printed at the start."""


class Gateway:
    """The state behind the routes of one server; `cookie` names the session, so that servers on one host differ."""

    def __init__(self, parts: AppParts, cookie: str = "danlu_session") -> None:
        limits = parts.settings
        self.logins = Logins(limits.login_link_ttl_s, limits.session_ttl_s)
        self._parts = parts
        self._cookie = cookie
        self._models = {model.id: model for model in parts.models}
        self._created = int(time.time())
        self._puller = Puller(Seats(limits.max_running, limits.max_waiting))

    def app(self) -> Starlette:
        """The application, with the gate in front of every route."""
        limits = self._parts.settings
        rates = RateLimit(limits.requests_per_minute, limits.burst_requests)
        keys, owner = self._parts.keys, self._parts.owner
        gate = Middleware(Gate, keys=keys, logins=self.logins, rates=rates, cookie=self._cookie, owner=owner)
        app = Starlette(
            routes=[*self._api_routes(), *self._pages().routes()],
            middleware=[gate],
            exception_handlers={ApiError: _api_error, HTTPException: _http_error, Exception: _defect},
        )
        # A redirect to another spelling of the path would answer before the method and the path are checked.
        app.router.redirect_slashes = False
        return app

    def cut_replies(self) -> None:
        """End every reply that is still being made; called on the event loop when the server stops."""
        self._puller.cut()

    def _pages(self) -> Pages:
        return Pages(self.logins, self._parts.keys, self._cookie, self._parts.settings.session_ttl_s)

    def _api_routes(self) -> list[Route]:
        return [
            Route("/healthz", self.health, methods=["GET"]),
            Route("/v1/models", self.list_models, methods=["GET"]),
            Route("/v1/models/{model_id:path}", self.show_model, methods=["GET"]),
            Route("/v1/chat/completions", self.chat, methods=["POST"]),
        ]

    async def health(self, request: Request) -> Response:
        """Whether the gateway answers at all; says nothing else, since it needs no key."""
        return json_response({"status": "ok"})

    async def list_models(self, request: Request) -> Response:
        """The models, the bot first."""
        return json_response({"object": "list", "data": [model_shape(name, self._created) for name in self._models]})

    async def show_model(self, request: Request) -> Response:
        """One model."""
        return json_response(model_shape(self._model(request.path_params["model_id"]).id, self._created))

    async def chat(self, request: Request) -> WholeReply | StreamReply:
        """A chat completion, whole or streamed."""
        body = await read_body(request, self._parts.settings.max_body_bytes)
        chat = parse_chat(body, principals_of(request.scope))
        model = self._model(chat.model)
        pieces = self._puller.pull(lambda: guarded_reply(model, chat, self._parts.words))
        shape = ReplyShape(model.id, chat.include_usage)
        return StreamReply(pieces, shape) if chat.stream else WholeReply(pieces, shape)

    def _model(self, model_id: str) -> ServedModel:
        if model_id not in self._models:
            known = ", ".join(self._models)
            message = f"The model '{model_id}' does not exist; there are: {known}."
            raise ApiError(404, message, code="model_not_found", param="model")
        return self._models[model_id]


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError), "registered for ApiError alone"
    return error_response(error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for HTTPException alone"
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code)
    message = f"{error.detail}: {request.method} {request.url.path}"
    return error_response(ApiError(error.status_code, message, code=code, headers=dict(error.headers or {})))


async def _defect(request: Request, error: Exception) -> Response:
    return error_response(internal_error())
