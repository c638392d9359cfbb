"""What a server's failure means for a caller of ours.

A refusal that speaks of the request is passed on; one that speaks of our own key, model name or account is ours to mend, and is told
as 502 without its words. `is_ours` tells those that say nothing against the server's health.
"""

from typing import Any

import orjson

from danlu.core.endpoints import error_message
from danlu.serve.wire.errors import ApiError

_TOO_LONG = ("context_length_exceeded", "context length", "maximum context", "too many tokens", "input is too long")
_SHOWN_CHARACTERS = 500


class UpstreamError(ApiError):
    """A failure of a model's server, as the caller is told; `detail` is for the log."""

    def __init__(self, status: int, code: str, message: str, detail: str = "", **facts: Any) -> None:
        self.upstream_status: int | None = facts.get("upstream_status")
        self.retry_after_s: float | None = facts.get("retry_after_s")
        self.is_ours = status == 400
        self.detail = detail
        wait = {"retry-after": str(max(1, round(self.retry_after_s)))} if self.retry_after_s is not None else {}
        kind = {400: "invalid_request_error", 429: "rate_limit_error"}.get(status, "api_error")
        super().__init__(status, message, code=code, kind=kind, headers=wait)


def unreachable(why: str, retry_after_s: float | None, detail: str = "") -> UpstreamError:
    """503: nobody is there, or nobody should ask now."""
    message = f"The model's server cannot be reached. {why}"
    return UpstreamError(503, "upstream_unavailable", message, detail, retry_after_s=retry_after_s)


def refused(status: int, retry_after: str, said: bytes) -> UpstreamError:
    """What to tell of an answer with this status."""
    message, code = _said(said)
    facts = {"upstream_status": status, "retry_after_s": _seconds(retry_after)}
    detail = f"HTTP {status}: {message}"
    if status in (400, 413, 422):
        if code == "context_length_exceeded" or any(sign in message.lower() for sign in _TOO_LONG):
            return UpstreamError(400, "context_length_exceeded", message, detail, **facts)
        return UpstreamError(
            400, code or "invalid_value", f"The model's server refuses the request: {message}", detail, **facts
        )
    if status == 429:
        return UpstreamError(429, "upstream_rate_limit", "The model's server has no capacity for us at the moment.", detail, **facts)  # fmt: skip
    if status in (401, 402, 403, 404):
        told = "The model's server does not accept our configuration; the gateway's log says why."
        return UpstreamError(502, "upstream_misconfigured", told, detail, **facts)
    return UpstreamError(502, "upstream_failed", "The model's server failed.", detail, **facts)


def _said(said: bytes) -> tuple[str, str]:
    """The message and the code of an error."""
    try:
        data = orjson.loads(said)
    except orjson.JSONDecodeError:
        data = None
    error = data.get("error") if isinstance(data, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return error_message(said)[:_SHOWN_CHARACTERS], code if isinstance(code, str) else ""


def _seconds(retry_after: str) -> float | None:
    try:
        seconds = float(retry_after)
    except ValueError:  # absent, or a date
        return None
    return seconds if 0 <= seconds < 86_400 else None
