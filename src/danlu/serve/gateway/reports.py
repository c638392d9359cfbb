"""Paths that tell or take something beside answers: models, measurements, feedback."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from starlette.types import Receive, Scope, Send

from danlu.core.errors import DanluError
from danlu.serve.gateway.books import Books
from danlu.serve.gateway.ledger import STATE_GONE
from danlu.serve.gateway.offer import Offer
from danlu.serve.observe.exchange import Exchange
from danlu.serve.observe.feedback import Opinion, judged
from danlu.serve.wire.body import read_all
from danlu.serve.wire.errors import ApiError, forbidden
from danlu.serve.wire.feedback import parse_feedback
from danlu.serve.wire.sending import send_json

_log = logging.getLogger(__name__)
_MOST_OPINIONS = 100


class Reports:
    """One for a gateway; `measured` gives the metrics for a scrape."""

    def __init__(self, offer: Offer, books: Books, measured: Callable[[], bytes], max_body_bytes: int) -> None:
        self._offer = offer
        self._books = books
        self._measured = measured
        self._max_body_bytes = max_body_bytes

    async def models(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        """The models that the caller may use."""
        await _send(send, exchange, {"object": "list", "data": self._offer.shapes(exchange.caller)})

    async def one_model(self, model_id: str, send: Send, exchange: Exchange) -> None:
        """One of them."""
        await _send(send, exchange, self._offer.shape(model_id, exchange.caller))

    async def metrics(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        """What is measured, for those who may read it."""
        if exchange.caller.role == "user":
            raise forbidden("role_missing", "Measurements are for keys of the role monitor or admin.")
        text = self._measured()
        exchange.status = 200
        headers = [
            (b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),
            (b"content-length", b"%d" % len(text)),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text, "more_body": False})

    async def feedback(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        """Take what somebody thinks of an answer that he got."""
        feedback = self._books.feedback
        if feedback is None:
            message = "This server keeps no answers; `feedback:` under `serve:` in its danlu.yaml makes it keep them."
            raise ApiError(404, message, code="feedback_off")
        said = parse_feedback(await read_all(scope, receive, self._max_body_bytes))
        try:
            await feedback.take(said.answer_id, exchange.caller.name, Opinion(*said[1:]))
        except DanluError as error:
            _log.error("no opinion can be written down: %s", error)
            raise STATE_GONE from None
        await _send(send, exchange, {"object": "feedback", **said._asdict()})

    async def read_feedback(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        """The newest opinions, for those who may read what others asked."""
        if exchange.caller.role != "admin":
            raise forbidden("role_missing", "What people think of answers is for keys of the role admin.")
        try:
            newest = await asyncio.to_thread(lambda: deque(judged(self._books.database.path), _MOST_OPINIONS))
        except DanluError as error:
            _log.error("opinions cannot be read: %s", error)
            raise STATE_GONE from None
        await _send(send, exchange, {"object": "list", "data": [asdict(row) for row in reversed(newest)]})


async def _send(send: Send, exchange: Exchange, data: Any) -> None:
    exchange.status = 200
    await send_json(send, 200, data, exchange.headers)
