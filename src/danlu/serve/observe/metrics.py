"""The metrics of one gateway, fed by exchanges, in the text format of Prometheus."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily

from danlu.serve.observe.exchange import Exchange
from danlu.serve.observe.table import DURATION, FIRST_TOKEN, METRICS, PER_TOKEN

MOST_CODES = 100
"""Distinct codes of errors: upstream servers have codes of their own, and every value of a label is kept for ever."""
Reading = tuple[str, tuple[str, ...], float]
"""A gauge's name, the values of its labels, and what it shows."""


class Metrics:
    """An observer of exchanges. `read` gives the gauges at each scrape; `routes` are the paths that are told apart."""

    def __init__(self, read: Callable[[], Iterable[Reading]], routes: Iterable[str]) -> None:
        self._registry = CollectorRegistry()
        self._read = read
        self._routes = frozenset(routes)
        self._codes: set[str] = set()
        made: dict[str, Any] = {}
        for metric in METRICS:
            if metric.kind == "counter":
                made[metric.name] = Counter(metric.name, metric.english, metric.labels, registry=self._registry)
            elif metric.kind == "histogram":
                made[metric.name] = Histogram(
                    metric.name, metric.english, metric.labels, registry=self._registry, buckets=metric.buckets
                )
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        # Finding the child of a metric by its labels costs as much as counting.
        self._of: Callable[..., Any] = cache(lambda name, *labels: made[name].labels(*labels))

    def __call__(self, exchange: Exchange) -> None:
        """Count one exchange."""
        route = exchange.route if exchange.route in self._routes else "other"
        of, model = self._of, exchange.model
        of("danlu_requests_total", route, model, exchange.status).inc()
        if exchange.error_code:
            of("danlu_errors_total", self._bounded(exchange.error_code)).inc()
        for guard, verdict in exchange.verdicts:
            of("danlu_guard_verdicts_total", guard, verdict).inc()
        if model:
            self._count_answer(exchange, model)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What is true at the moment."""
        families = {
            metric.name: GaugeMetricFamily(metric.name, metric.english, labels=metric.labels)
            for metric in METRICS
            if metric.kind == "gauge" and metric.name.startswith("danlu_")
        }
        for name, labels, value in self._read():
            families[name].add_metric(labels, value)
        yield from families.values()

    def text(self) -> bytes:
        """All of them, for a scrape."""
        return generate_latest(self._registry)

    def _count_answer(self, exchange: Exchange, model: str) -> None:
        of, started_s = self._of, exchange.started_s
        if exchange.admitted_s is not None:
            of("danlu_queue_seconds", model).observe(exchange.admitted_s - started_s)
        if exchange.first_piece_s is not None and exchange.last_piece_s is not None:
            of(DURATION, model).observe(exchange.last_piece_s - started_s)
            if exchange.stream:
                of(FIRST_TOKEN, model).observe(exchange.first_piece_s - started_s)
                written = exchange.usage.completion_tokens if exchange.usage else 0
                if written > 1:
                    of(PER_TOKEN, model).observe((exchange.last_piece_s - exchange.first_piece_s) / (written - 1))
        if exchange.usage is not None:
            of("danlu_tokens_total", model, "input").inc(exchange.usage.prompt_tokens)
            of("danlu_tokens_total", model, "output").inc(exchange.usage.completion_tokens)
            if exchange.usage.cached_tokens:
                of("danlu_tokens_total", model, "cached").inc(exchange.usage.cached_tokens)
            if exchange.cost:
                of("danlu_cost_total", model).inc(exchange.cost)

    def _bounded(self, code: str) -> str:
        if code not in self._codes:
            if len(self._codes) >= MOST_CODES:
                return "other"
            self._codes.add(code)
        return code
