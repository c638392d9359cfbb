"""Traces to an OpenTelemetry collector: a span for each request, with one for each part of its work.

OTLP over HTTP in JSON (https://opentelemetry.io/docs/specs/otlp/), which every collector takes at /v1/traces. Spans are made when a
request has ended, from the times that were noted on the way, and sent in batches; a collector that is away costs spans and nothing else.
A request that carries a `traceparent` becomes part of that trace: https://www.w3.org/TR/trace-context/.
"""

import asyncio
import logging
import time
from collections import deque
from typing import Any

import orjson

from danlu.serve.observe.exchange import Exchange, SpanId
from danlu.serve.routes.upstream.pool import Connections, Patience
from danlu.serve.wire.ids import new_hex

_log = logging.getLogger(__name__)
_EVERY_S = 2.0
MOST_SPANS = 10_000
_AT_ONCE = 1_000
_SERVER, _INTERNAL, _CLIENT = 2, 1, 3


class Traces:
    """An observer of exchanges."""

    def __init__(self, collector: str, connections: Connections) -> None:
        """`collector` is an address such as http://127.0.0.1:4318."""
        self._collector = collector
        self._server = connections.to(collector, {"Content-Type": "application/json"}, Patience(2, 5, 5))
        self._spans: deque[dict[str, Any]] = deque(maxlen=MOST_SPANS)
        self._sender: asyncio.Task[None] | None = None
        self._failed = False

    def __call__(self, exchange: Exchange) -> None:
        """Note the spans of an exchange with a model."""
        if not exchange.model:
            return
        self._spans.extend(spans_of(exchange))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_on())

    async def aclose(self) -> None:
        """Send what is left."""
        if self._sender is not None:
            self._sender.cancel()
            await self._send()

    async def _send_on(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            await self._send()

    async def _send(self) -> None:
        while self._spans:
            batch = [self._spans.popleft() for _ in range(min(_AT_ONCE, len(self._spans)))]
            if not await self._sent(batch):
                return

    async def _sent(self, batch: list[dict[str, Any]]) -> bool:
        resource = {"attributes": [_attribute("service.name", "danlu")]}
        scope = [{"scope": {"name": "danlu.serve"}, "spans": batch}]
        body = orjson.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": scope}]})
        try:
            answer = await self._server.post("/v1/traces", body)
            try:
                while await answer.read():
                    pass
            finally:
                answer.release()
            problem = f"HTTP {answer.status}" if answer.status >= 400 else ""
        except (OSError, ValueError) as error:
            problem = repr(error)
        if problem and not self._failed:
            _log.warning("traces cannot be sent to %s: %s", self._collector, problem)
        self._failed = bool(problem)
        return not problem


def spans_of(exchange: Exchange) -> list[dict[str, Any]]:
    """The spans of an exchange, the whole of it first."""
    own = exchange.span or SpanId.under("")
    # Times were taken by a clock that does not jump; a collector wants those of day.
    shift_s = time.time() - time.monotonic()
    end_s = time.monotonic()

    def span(name: str, kind: int, start_s: float, stop_s: float, **facts: Any) -> dict[str, Any]:
        return {
            "traceId": own.trace, "spanId": new_hex(8), "parentSpanId": own.id, "name": name, "kind": kind,
            "startTimeUnixNano": str(int((start_s + shift_s) * 1e9)), "endTimeUnixNano": str(int((stop_s + shift_s) * 1e9)),
            "attributes": [_attribute(key, value) for key, value in facts.items()],
        }  # fmt: skip

    whole = span(f"chat {exchange.model}", _SERVER, exchange.started_s, end_s, **_facts(exchange))
    whole |= {"spanId": own.id, "parentSpanId": own.parent}
    if exchange.status >= 500 or exchange.error_code:
        whole["status"] = {"code": 2, "message": exchange.error_code}
    spans = [whole]
    if exchange.admitted_s is not None:
        spans.append(span("queue", _INTERNAL, exchange.started_s, exchange.admitted_s))
        if exchange.last_piece_s is not None:
            spans.append(span("engine", _CLIENT, exchange.admitted_s, exchange.last_piece_s))
    spans += [span(part.name, _INTERNAL, part.start_s, part.end_s) for part in exchange.spans]
    for guard, verdict in exchange.verdicts:
        spans.append(span(f"guard {guard}", _INTERNAL, end_s, end_s, **{"danlu.guard.verdict": verdict}))
    return spans


def _facts(exchange: Exchange) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "danlu",
        "gen_ai.request.model": exchange.model,
        "http.response.status_code": exchange.status,
        "http.route": exchange.route,
        "danlu.request.id": exchange.id,
        "danlu.caller": exchange.caller.name,
    }
    if exchange.usage is not None:
        facts["gen_ai.usage.input_tokens"] = exchange.usage.prompt_tokens
        facts["gen_ai.usage.output_tokens"] = exchange.usage.completion_tokens
        facts["gen_ai.response.finish_reasons"] = exchange.finish_reason
    return facts


def _attribute(key: str, value: str | int) -> dict[str, Any]:
    return {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
