"""A model of an OpenAI-compatible server: an outside provider, vLLM, SGLang or another."""

from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any

from danlu.serve.models import ChatRequest, End, Finish, Piece, Pieces, Usage
from danlu.serve.routes.prices import FREE, Price
from danlu.serve.routes.upstream.body import body_of
from danlu.serve.routes.upstream.chunks import Malformed, pieces_of, usage_of
from danlu.serve.routes.upstream.client import UpstreamClient
from danlu.serve.routes.upstream.refusals import UpstreamError
from danlu.serve.routes.upstream.tokens import estimated_tokens

_CHAT, _RAW = "/chat/completions", "/completions"


class ProviderModel:
    """One model of a server. `upstream_model` is its name there.

    A whole answer is asked for where the caller wants one: the server's work is ended by closing the connection either way.
    """

    def __init__(
        self,
        model_id: str,
        client: UpstreamClient,
        upstream_model: str,
        count_tokens: Callable[[str], int] = estimated_tokens,
        *,
        extra: Mapping[str, Any] | None = None,
        newer_limit: bool = False,
        price: Price = FREE,
        seats: int = 1_000,
        renders_template: bool = False,
    ) -> None:
        """`extra` is added to every body: what a server needs beyond the protocol; `newer_limit` and `renders_template` as in body_of."""
        self.id = model_id
        self.seats = seats
        self.cost_of = price.of
        self.count_tokens = count_tokens
        self._client = client
        self._model = upstream_model
        self._extra = dict(extra or {})
        self._newer_limit = newer_limit
        self._renders_template = renders_template

    @property
    def circuit_open(self) -> bool:
        """Whether the server is left alone for a while."""
        return self._client.breaker.is_open

    def reply(self, request: ChatRequest) -> Pieces:
        """See ServedModel. Raises UpstreamError, before the first piece or after it."""
        return self._streamed(request) if request.stream else self._whole(request)

    async def _whole(self, request: ChatRequest) -> Pieces:
        body = self._body(request)
        data = await self._client.post(_RAW if request.raw else _CHAT, body, _trace(request))
        pieces = _read(data)
        if not pieces:
            raise _garbage("no choices")
        usage = usage_of(data) or self._estimated(request, pieces)
        yield [*pieces, End(usage, cost=self.cost_of(usage))]

    async def _streamed(self, request: ChatRequest) -> Pieces:
        body = self._body(request)
        usage: Usage | None = None
        finished: set[int] = set()
        written: list[Piece] = []
        ended = False
        async with aclosing(self._client.stream(_RAW if request.raw else _CHAT, body, _trace(request))) as batches:
            async for events, ended in batches:  # noqa: B007 (the last one counts)
                pieces: list[Piece] = []
                for data in events:
                    pieces += _read(data)
                    usage = usage_of(data) or usage
                finished.update(piece.choice for piece in pieces if isinstance(piece, Finish))
                if usage is None:
                    written += pieces
                if pieces:
                    yield pieces
        if not finished or (not ended and len(finished) < request.n):
            raise UpstreamError(502, "upstream_cut_off", "The model's server stopped in the middle of its answer.")
        usage = usage or self._estimated(request, written)
        yield [End(usage, cost=self.cost_of(usage))]

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        body = body_of(
            request,
            self._model,
            stream=request.stream,
            newer_limit=self._newer_limit,
            renders_template=self._renders_template,
        )
        return body | self._extra

    def _estimated(self, request: ChatRequest, pieces: list[Piece]) -> Usage:
        """What an answer cost whose server does not tell."""
        read = sum(self.count_tokens(message.content) for message in request.messages)
        written: dict[int, str] = {}
        for piece in pieces:
            if not isinstance(piece, Finish | End):
                said = getattr(piece, "text", "") or getattr(piece, "arguments", "")
                written[piece.choice] = written.get(piece.choice, "") + said
        return Usage(read, sum(map(self.count_tokens, written.values())))


def _trace(request: ChatRequest) -> dict[str, str]:
    return {"traceparent": request.traceparent} if request.traceparent else {}


def _read(data: dict[str, Any]) -> list[Piece]:
    try:
        return pieces_of(data)
    except Malformed as error:
        raise _garbage(str(error)) from None


def _garbage(why: str) -> UpstreamError:
    return UpstreamError(502, "upstream_garbage", "The model's server sent something that is no answer.", why)
