"""Answers of models, from a request's body to the last byte: read, reserved, guarded, made, settled, sent."""

import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from starlette.types import Receive, Scope, Send

from danlu.serve.access.quotas import Need
from danlu.serve.gateway.ledger import Ledger
from danlu.serve.gateway.offer import Offer
from danlu.serve.gateway.parts import AppParts
from danlu.serve.gateway.replies import NewShape, Parse, send_stream, send_whole
from danlu.serve.gateway.traced import span_under
from danlu.serve.gateway.watch import Watches
from danlu.serve.models import ChatRequest, End, Pieces, ServedModel, Usage
from danlu.serve.observe.exchange import Exchange
from danlu.serve.wire.body import read_all
from danlu.serve.wire.errors import ApiError, bad_value


class Generating:
    """One for a gateway; every request is a call of `answer`."""

    def __init__(self, parts: AppParts, offer: Offer, ledger: Ledger, watches: Watches) -> None:
        self._offer = offer
        self._guards = parts.guards
        self._limits = parts.settings
        self._traced = parts.books.traces is not None
        self._ledger = ledger
        self._watches = watches

    async def answer(
        self, parse: Parse, new_shape: NewShape, scope: Scope, receive: Receive, send: Send, exchange: Exchange
    ) -> None:
        """An answer of a model, whole or streamed."""
        try:
            body = await read_all(scope, receive, self._limits.max_body_bytes)
            request = parse(body, exchange.caller)
            if self._traced:
                exchange.span = span_under(scope)
                request = replace(request, traceparent=exchange.span.traceparent)
            model = self._offer.model(request.model, exchange.caller)
            exchange.model, exchange.stream = model.id, request.stream
            exchange.asked = request.messages
            need, read = self._need(model, request)
        except ApiError:
            # What cannot be read counts as a request, or it could be sent without end.
            await self._ledger.reserve(exchange, Need())
            raise
        grant = await self._ledger.reserve(exchange, need)
        shape = new_shape(request)
        exchange.answer_id = shape.id
        pieces = self._guards.reply(model, request, exchange)
        try:
            async with self._watches.watch(receive) as watch, self._offer.seats[model.id].seat(exchange.caller.name):
                exchange.admitted_s = time.monotonic()
                reply = send_stream if request.stream else send_whole
                out = self._noted(
                    watch.over(pieces), exchange, partial(self._ledger.settle, exchange, grant, read, model)
                )
                await reply(watch.sender(send), out, shape, exchange, exchange.headers)
        except ApiError:
            exchange.reached_model = exchange.batches > 0
            raise
        finally:
            self._ledger.settle(exchange, grant, read, model)

    def _need(self, model: ServedModel, request: ChatRequest) -> tuple[Need, int]:
        """The most that a request may use, and the tokens of its messages."""
        longest = request.max_tokens or self._limits.default_max_tokens
        if longest > self._limits.most_tokens:
            raise bad_value("max_tokens", f"at most {self._limits.most_tokens} are answered here")
        read = sum([model.count_tokens(message.content) for message in request.messages])
        usage = Usage(read, longest * request.n)
        return Need(read + usage.completion_tokens, model.cost_of(usage)), read

    async def _noted(self, pieces: Pieces, exchange: Exchange, settle: Callable[[], None]) -> Pieces:
        """The pieces; before the last of them leaves, what they came to is settled and written down."""
        async with aclosing(pieces) as batches:
            async for batch in batches:
                if isinstance(batch[-1], End):
                    # An end that no model told is a guard's.
                    exchange.status, exchange.finish_reason = 200, exchange.finish_reason or "content_filter"
                    exchange.danlu = batch[-1].danlu
                    settle()
                    self._ledger.tell(exchange)
                    await self._ledger.written()
                yield batch
