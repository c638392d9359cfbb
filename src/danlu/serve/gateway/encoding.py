"""Numbers instead of text: embeddings and orders, from a request's body to the last byte."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from starlette.types import Receive, Scope, Send

from danlu.serve.access.quotas import Need
from danlu.serve.gateway.ledger import Ledger
from danlu.serve.gateway.offer import Offer
from danlu.serve.gateway.parts import AppParts
from danlu.serve.gateway.traced import span_under
from danlu.serve.gateway.watch import Watches
from danlu.serve.models import Caller, Encoded, EncodeRequest, EncoderTask, Usage
from danlu.serve.observe.exchange import Exchange
from danlu.serve.wire.body import read_all
from danlu.serve.wire.errors import ApiError
from danlu.serve.wire.sending import send_json

ParseEncode = Callable[[bytes, Caller], tuple[EncodeRequest, Callable[[Encoded], dict[str, Any]]]]
"""Reads a body: the request, and how its answer is written."""


class Encoding:
    """One for a gateway; every request is a call of `answer`."""

    def __init__(self, parts: AppParts, offer: Offer, ledger: Ledger, watches: Watches) -> None:
        self._offer = offer
        self._max_body_bytes = parts.settings.max_body_bytes
        self._traced = parts.books.traces is not None
        self._ledger = ledger
        self._watches = watches

    async def answer(
        self, task: EncoderTask, parse: ParseEncode, scope: Scope, receive: Receive, send: Send, exchange: Exchange
    ) -> None:
        """The numbers for some texts. The words of what is only measured are not judged; personal data is masked by the route."""
        try:
            request, shape = parse(await read_all(scope, receive, self._max_body_bytes), exchange.caller)
            if self._traced:
                exchange.span = span_under(scope)
                request = replace(request, traceparent=exchange.span.traceparent)
            model = self._offer.encoder(request.model, task, exchange.caller)
            exchange.model = model.id
            read = sum(map(model.count_tokens, (request.query, *request.texts)))
        except ApiError:
            # As with answers in text: what cannot be read counts.
            await self._ledger.reserve(exchange, Need())
            raise
        grant = await self._ledger.reserve(exchange, Need(read, model.cost_of(Usage(read, 0))))
        try:
            async with self._watches.watch(receive) as watch, self._offer.seats[model.id].seat(exchange.caller.name):
                exchange.admitted_s = time.monotonic()
                exchange.reached_model = True
                found = await watch.during(model.encode(request))
                exchange.usage, exchange.cost = found.usage, model.cost_of(found.usage)
                exchange.status, exchange.finish_reason = 200, "stop"
                exchange.first_piece_s = exchange.last_piece_s = time.monotonic()
                self._ledger.settle(exchange, grant, read, model)
                self._ledger.tell(exchange)
                await self._ledger.written()
                await send_json(watch.sender(send), 200, shape(found), exchange.headers)
        except ApiError:
            exchange.reached_model = False
            raise
        finally:
            self._ledger.settle(exchange, grant, read, model)
