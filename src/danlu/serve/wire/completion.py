"""Completions of a text, without a chat template: the request is read, the reply is written.

https://platform.openai.com/docs/api-reference/completions: the older API, which base models and tools that bring their own template use.
"""

import time
from collections.abc import Sequence
from typing import Any

from danlu.serve.models import Caller, ChatRequest, End, Finish, Message, Piece, Text
from danlu.serve.wire.chat_request import HARMLESS, MOST_CHOICES, include_usage, logit_bias
from danlu.serve.wire.choices import Choice, gather
from danlu.serve.wire.errors import bad_value, unsupported
from danlu.serve.wire.events import DONE, event
from danlu.serve.wire.fields import flag, integer, missing, number, object_of, refuse_unknown, stops, string
from danlu.serve.wire.ids import new_hex
from danlu.serve.wire.usage import usage_shape

_KNOWN = frozenset(
    "model prompt stream stream_options temperature top_p max_tokens stop seed n presence_penalty frequency_penalty logit_bias".split()
)
_UNSUPPORTED: dict[str, tuple[Any, ...]] = {"echo": (False,), "suffix": ("",), "best_of": (1,), "logprobs": ()}


def parse_completion(body: bytes, caller: Caller) -> ChatRequest:
    """The request in this body. Raises ApiError 400 with the field named."""
    data = object_of(body)
    refuse_unknown(data, _KNOWN, HARMLESS, _UNSUPPORTED)
    return ChatRequest(
        model=string(data, "model"),
        messages=(Message("user", _prompt(data.get("prompt"))),),
        raw=True,
        stream=flag(data, "stream"),
        include_usage=include_usage(data),
        temperature=number(data, "temperature", 0.0, 2.0),
        top_p=number(data, "top_p", 0.0, 1.0),
        # The API's own default; a model that continues text seldom stops by itself.
        max_tokens=integer(data, "max_tokens", 1, 2**31) or 16,
        stop=stops(data.get("stop")),
        seed=integer(data, "seed", -(2**63), 2**63 - 1),
        n=integer(data, "n", 1, MOST_CHOICES) or 1,
        presence_penalty=number(data, "presence_penalty", -2.0, 2.0),
        frequency_penalty=number(data, "frequency_penalty", -2.0, 2.0),
        logit_bias=logit_bias(data.get("logit_bias")),
        caller=caller,
    )


def _prompt(value: Any) -> str:
    if value is None:
        raise missing("prompt")
    if isinstance(value, list) and len(value) == 1:
        [value] = value
    if isinstance(value, list):
        raise unsupported("prompt", "one text a request is continued, and no token ids are read")
    if not isinstance(value, str) or not value:
        raise bad_value("prompt", "expected a non-empty string")
    return value


class CompletionShape:
    """The shapes of one reply, which share an id and a time."""

    def __init__(self, request: ChatRequest) -> None:
        self.id = f"cmpl-{new_hex(12)}"
        self._head = {
            "id": self.id,
            "object": "text_completion",
            "created": int(time.time()),
            "model": request.model,
        }
        self._n = request.n
        self._include_usage = request.include_usage
        self._finished: list[Finish] = []

    def whole(self, pieces: Sequence[Piece]) -> dict[str, Any]:
        """The whole reply at once, from all of its pieces; the last is its End."""
        choices = {number: Choice() for number in range(self._n)}
        gather(choices, pieces)
        end = pieces[-1]
        assert isinstance(end, End), "every reply ends with its End"
        shown = [_choice(choice.text, number, choice.reason) for number, choice in sorted(choices.items())]
        return {**self._head, "choices": shown, "usage": usage_shape(end.usage), **_own(end)}

    def chunks(self, pieces: Sequence[Piece]) -> bytes:
        """The events for these pieces; the End closes the stream."""
        out: list[bytes] = []
        for piece in pieces:
            if isinstance(piece, Text) and piece.text:
                out.append(self._chunk([_choice(piece.text, piece.choice, None)]))
            elif isinstance(piece, Finish):
                self._finished.append(piece)
            elif isinstance(piece, End):
                out += self._closing(piece)
        return b"".join(out)

    def error(self, body: dict[str, Any]) -> bytes:
        """The event for an error after the status is out. No end mark follows."""
        return event(body)

    def _closing(self, end: End) -> list[bytes]:
        *earlier, last = self._finished or [Finish("stop")]
        out = [self._chunk([_choice("", finish.choice, finish.reason)]) for finish in earlier]
        out.append(self._chunk([_choice("", last.choice, last.reason)], _own(end)))
        if self._include_usage:
            out.append(event({**self._head, "choices": [], "usage": usage_shape(end.usage)}))
        return [*out, DONE]

    def _chunk(self, choices: list[dict[str, Any]], own: dict[str, Any] | None = None) -> bytes:
        usage = {"usage": None} if self._include_usage else {}
        return event({**self._head, "choices": choices, **usage, **(own or {})})


def _choice(text: str, index: int, reason: str | None) -> dict[str, Any]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": reason}


def _own(end: End) -> dict[str, Any]:
    return {} if end.danlu is None else {"danlu": end.danlu}
