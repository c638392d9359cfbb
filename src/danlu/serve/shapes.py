"""Replies in the shapes of the OpenAI API, as plain dictionaries and as server-sent events.

Fields of our own stand under `danlu` beside `choices`: in the whole reply, and in the chunk that carries
`finish_reason`.
"""

import secrets
import time
from typing import Any

import orjson

from danlu.serve.models import End, Usage

DONE = b"data: [DONE]\n\n"


def model_shape(model_id: str, created: int) -> dict[str, Any]:
    """One entry of `/v1/models`."""
    return {"id": model_id, "object": "model", "created": created, "owned_by": "danlu"}


def usage_shape(usage: Usage) -> dict[str, int]:
    """The `usage` object."""
    total = usage.prompt_tokens + usage.completion_tokens
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": total,
    }


def event(data: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + orjson.dumps(data) + b"\n\n"


class ReplyShape:
    """The shapes of one reply, which share an id and a time."""

    def __init__(self, model_id: str, include_usage: bool) -> None:
        self._id = f"chatcmpl-{secrets.token_hex(12)}"
        self._created = int(time.time())
        self._model = model_id
        self._include_usage = include_usage

    def whole(self, text: str, end: End) -> dict[str, Any]:
        """The whole reply at once."""
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": end.finish_reason}
        body = self._head("chat.completion") | {"choices": [choice], "usage": usage_shape(end.usage)}
        return body if end.danlu is None else body | {"danlu": end.danlu}

    def opening(self) -> bytes:
        """The first chunk, which names the role."""
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def content(self, text: str) -> bytes:
        """A chunk with the next piece of the text."""
        return self._chunk({"content": text})

    def closing(self, end: End) -> bytes:
        """The last chunk with a choice, then the usage where it was asked for, then the end mark."""
        own = {} if end.danlu is None else {"danlu": end.danlu}
        closing = self._chunk({}, end.finish_reason, own)
        if self._include_usage:
            usage = {"choices": [], "usage": usage_shape(end.usage)}
            closing += event(self._head("chat.completion.chunk") | usage)
        return closing + DONE

    def _chunk(self, delta: dict[str, Any], finish: str | None = None, own: dict[str, Any] | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        chunk = self._head("chat.completion.chunk") | {"choices": [choice]} | (own or {})
        # With include_usage every chunk has the field, and only the last one fills it.
        return event(chunk | {"usage": None} if self._include_usage else chunk)

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model}
