"""Where a request stands in a trace."""

from starlette.types import Scope

from danlu.serve.observe.exchange import SpanId


def span_under(scope: Scope) -> SpanId:
    """A span under the one that the client told of, or the first of a new trace."""
    told = (value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent")
    return SpanId.under(next(told, ""))
