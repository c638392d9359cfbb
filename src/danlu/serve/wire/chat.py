"""Replies in the shape of chat completions, whole and as server-sent events.

Fields of our own stand under `danlu` beside `choices`: in the whole reply, and in the last chunk that carries a `finish_reason`.
https://platform.openai.com/docs/api-reference/chat
"""

import time
from collections.abc import Sequence
from typing import Any

import orjson

from danlu.serve.models import ChatRequest, End, Finish, Piece, Reasoning, Text, TokenLogprob, ToolCall, ToolDelta
from danlu.serve.wire.choices import Choice, gather
from danlu.serve.wire.events import DONE, event
from danlu.serve.wire.ids import new_hex
from danlu.serve.wire.usage import usage_shape


class ChatShape:
    """The shapes of one reply, which share an id and a time."""

    def __init__(self, request: ChatRequest) -> None:
        self.id = f"chatcmpl-{new_hex(12)}"
        self._created = int(time.time())
        self._model = request.model
        self._include_usage = request.include_usage
        self._n = request.n
        self._opened: set[int] = set()
        self._finished: list[Finish] = []
        self._head_bytes = b""

    def whole(self, pieces: Sequence[Piece]) -> dict[str, Any]:
        """The whole reply at once, from all of its pieces; the last is its End."""
        choices = {number: Choice() for number in range(self._n)}
        gather(choices, pieces)
        end = pieces[-1]
        assert isinstance(end, End), "every reply ends with its End"
        body = self._head("chat.completion") | {
            "choices": [_choice(number, choice) for number, choice in sorted(choices.items())],
            "usage": usage_shape(end.usage),
        }
        return body if end.danlu is None else body | {"danlu": end.danlu}

    def chunks(self, pieces: Sequence[Piece]) -> bytes:
        """The events for these pieces; the End closes the stream."""
        out: list[bytes] = []
        for piece in pieces:
            if isinstance(piece, End):
                out.append(self._closing(piece))
                continue
            if piece.choice not in self._opened:
                self._opened.add(piece.choice)
                out.append(self._chunk(piece.choice, {"role": "assistant", "content": "", "refusal": None}))
            if isinstance(piece, Text) and not piece.logprobs:
                if piece.text:
                    out.append(self._text(piece))
            elif isinstance(piece, Finish):
                self._finished.append(piece)
            else:
                out.append(self._chunk(piece.choice, _delta(piece), logprobs=_logprobs(piece)))
        return b"".join(out)

    def error(self, body: dict[str, Any]) -> bytes:
        """The event for an error after the status is out: official clients raise it. No end mark follows."""
        return event(body)

    def _text(self, piece: Text) -> bytes:
        """The chunk of most tokens, put together without a dictionary: a third of the price."""
        if not self._head_bytes:
            head = orjson.dumps(self._head("chat.completion.chunk"))[:-1]
            self._head_bytes = (
                b"data: " + head + (b',"usage":null' if self._include_usage else b"") + b',"choices":[{"index":'
            )
        return b'%b%d,"delta":{"content":%b},"logprobs":null,"finish_reason":null}]}\n\n' % (
            self._head_bytes, piece.choice, orjson.dumps(piece.text),
        )  # fmt: skip

    def _closing(self, end: End) -> bytes:
        """The chunks that say how each choice ended, then the usage where it was asked for, then the end mark."""
        # Kept until now, so that the last of them can carry our own fields.
        *earlier, last = self._finished or [Finish("stop")]
        out = [self._chunk(finish.choice, {}, finish.reason) for finish in earlier]
        out.append(self._chunk(last.choice, {}, last.reason, own={} if end.danlu is None else {"danlu": end.danlu}))
        if self._include_usage:
            out.append(event(self._head("chat.completion.chunk") | {"choices": [], "usage": usage_shape(end.usage)}))
        return b"".join([*out, DONE])

    def _chunk(
        self,
        choice: int,
        delta: dict[str, Any],
        finish: str | None = None,
        own: dict[str, Any] | None = None,
        logprobs: dict[str, Any] | None = None,
    ) -> bytes:
        said = {"index": choice, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        chunk = self._head("chat.completion.chunk") | {"choices": [said]} | (own or {})
        # With include_usage every chunk has the field, and only the last one fills it.
        return event(chunk | {"usage": None} if self._include_usage else chunk)

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self._created, "model": self._model}


def _choice(number: int, choice: Choice) -> dict[str, Any]:
    calls = choice.tool_calls()
    message: dict[str, Any] = {"role": "assistant", "content": choice.text or (None if calls else ""), "refusal": None}
    if choice.thoughts:
        message["reasoning_content"] = "".join(choice.thoughts)
    if calls:
        message["tool_calls"] = [_call(call) for call in calls]
    logprobs = {"content": list(map(_logprob, choice.logprobs)), "refusal": None} if choice.logprobs else None
    return {"index": number, "message": message, "logprobs": logprobs, "finish_reason": choice.reason}


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _delta(piece: Text | Reasoning | ToolDelta) -> dict[str, Any]:
    if isinstance(piece, Text):
        return {"content": piece.text}
    if isinstance(piece, Reasoning):
        return {"reasoning_content": piece.text}
    function = {"arguments": piece.arguments} | ({"name": piece.name} if piece.name else {})
    first = {"id": piece.id, "type": "function"} if piece.id else {}
    return {"tool_calls": [{"index": piece.number, **first, "function": function}]}


def _logprobs(piece: Text | Reasoning | ToolDelta) -> dict[str, Any] | None:
    if not isinstance(piece, Text) or not piece.logprobs:
        return None
    return {"content": list(map(_logprob, piece.logprobs)), "refusal": None}


def _logprob(token: TokenLogprob) -> dict[str, Any]:
    return _entry(token.token, token.logprob) | {"top_logprobs": [_entry(text, value) for text, value in token.top]}


def _entry(text: str, logprob: float) -> dict[str, Any]:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}


def model_shape(model_id: str, created: int) -> dict[str, Any]:
    """One entry of `/v1/models`."""
    return {"id": model_id, "object": "model", "created": created, "owned_by": "danlu"}
