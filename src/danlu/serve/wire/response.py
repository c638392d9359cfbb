"""Replies in the shape of the Responses API, whole and as named events.

https://platform.openai.com/docs/api-reference/responses-streaming: an answer is a list of items (thoughts, a message, calls of functions),
each of which is added, grows by deltas and is done; every event has a number.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from danlu.serve.models import ChatRequest, End, Finish, Piece, Reasoning, Text, ToolDelta, Usage
from danlu.serve.wire.ids import new_hex

_PREFIX = {"message": "msg", "function_call": "fc", "reasoning": "rs"}
_DELTA = {"message": "output_text", "function_call": "function_call_arguments", "reasoning": "reasoning_text"}
_WHY = {"length": "max_output_tokens", "content_filter": "content_filter"}


@dataclass
class _Item:
    kind: str
    place: int
    id: str
    call_id: str = ""
    name: str = ""
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.parts)

    def part(self) -> dict[str, Any]:
        """The one part of a message or a thought."""
        if self.kind == "reasoning":
            return {"type": "reasoning_text", "text": self.text}
        return {"type": "output_text", "text": self.text, "annotations": [], "logprobs": []}

    def shape(self, status: str) -> dict[str, Any]:
        head: dict[str, Any] = {"id": self.id, "type": self.kind, "status": status}
        if self.kind == "function_call":
            return head | {"call_id": self.call_id, "name": self.name, "arguments": self.text}
        content = [self.part()] if self.parts else []
        more: dict[str, Any] = {"role": "assistant"} if self.kind == "message" else {"summary": []}
        return head | more | {"content": content}


class ResponseShape:
    """The shapes of one reply, which share an id and a time."""

    def __init__(self, request: ChatRequest) -> None:
        self.id = f"resp_{new_hex(16)}"
        self._created = int(time.time())
        self._request = request
        self._items: dict[tuple[str, int], _Item] = {}
        self._reason = "stop"
        self._number = -1

    def whole(self, pieces: Sequence[Piece]) -> dict[str, Any]:
        """The whole reply at once, from all of its pieces; the last is its End."""
        for piece in pieces[:-1]:
            self._take(piece)
        end = pieces[-1]
        assert isinstance(end, End), "every reply ends with its End"
        return self._response(self._status, end)

    def chunks(self, pieces: Sequence[Piece]) -> bytes:
        """The events for these pieces; the End closes the stream."""
        out: list[bytes] = []
        if self._number < 0:
            begun = self._response("in_progress")
            out += [
                self._event("response.created", response=begun),
                self._event("response.in_progress", response=begun),
            ]
        for piece in pieces:
            if isinstance(piece, End):
                for item in self._items.values():
                    out += self._done(item)
                out.append(self._event(f"response.{self._status}", response=self._response(self._status, piece)))
            else:
                out += self._grown(piece)
        return b"".join(out)

    def error(self, body: dict[str, Any]) -> bytes:
        """The event for an error after the status is out; `error` in it is what official clients raise."""
        told = body["error"]
        facts = {name: told.get(name) for name in ("code", "message", "param")}
        return self._event("error", **facts, error=told)

    @property
    def _status(self) -> str:
        return "incomplete" if self._reason in _WHY else "completed"

    def _take(self, piece: Piece) -> tuple[_Item | None, bool, str]:
        """Add a piece: its item, whether that is new, and what it grew by."""
        if isinstance(piece, Finish):
            self._reason = piece.reason
        if isinstance(piece, Finish | End):
            return None, False, ""
        kind = (
            "message" if isinstance(piece, Text) else "reasoning" if isinstance(piece, Reasoning) else "function_call"
        )
        number = piece.number if isinstance(piece, ToolDelta) else 0
        delta = piece.arguments if isinstance(piece, ToolDelta) else piece.text
        item = self._items.get((kind, number))
        is_new = item is None
        if item is None:
            if not delta and not isinstance(piece, ToolDelta):
                return None, False, ""
            item = _Item(kind, len(self._items), f"{_PREFIX[kind]}_{new_hex(16)}")
            self._items[kind, number] = item
        if isinstance(piece, ToolDelta):
            item.call_id, item.name = item.call_id or piece.id, item.name or piece.name
        if delta:
            item.parts.append(delta)
        return item, is_new, delta

    def _grown(self, piece: Piece) -> list[bytes]:
        item, is_new, delta = self._take(piece)
        if item is None:
            return []
        out: list[bytes] = []
        if is_new:
            empty = _Item(item.kind, item.place, item.id, item.call_id, item.name)
            out.append(
                self._event("response.output_item.added", output_index=item.place, item=empty.shape("in_progress"))
            )
            if item.kind != "function_call":
                out.append(self._event("response.content_part.added", **_where(item), part=empty.part()))
        if delta:
            out.append(
                self._event(f"response.{_DELTA[item.kind]}.delta", **_where(item), delta=delta, **_logprobs(item))
            )
        return out

    def _done(self, item: _Item) -> list[bytes]:
        kind = f"response.{_DELTA[item.kind]}.done"
        if item.kind == "function_call":
            out = [self._event(kind, **_where(item), name=item.name, arguments=item.text)]
        else:
            out = [self._event(kind, **_where(item), text=item.text, **_logprobs(item))]
            out.append(self._event("response.content_part.done", **_where(item), part=item.part()))
        return [*out, self._event("response.output_item.done", output_index=item.place, item=item.shape(self._status))]

    def _event(self, kind: str, **fields: Any) -> bytes:
        self._number += 1
        return b"event: %b\ndata: %b\n\n" % (
            kind.encode(), orjson.dumps({"type": kind, "sequence_number": self._number, **fields}),
        )  # fmt: skip

    def _response(self, status: str, end: End | None = None) -> dict[str, Any]:
        asked = self._request
        why = _WHY.get(self._reason) if end else None
        out: dict[str, Any] = {
            "id": self.id, "object": "response", "created_at": self._created, "status": status, "error": None,
            "incomplete_details": {"reason": why} if why else None, "instructions": None, "metadata": {},
            "max_output_tokens": asked.max_tokens, "model": asked.model, "parallel_tool_calls": asked.parallel_tool_calls,
            "previous_response_id": None, "reasoning": {"effort": asked.reasoning_effort or None, "summary": None},
            "store": False, "temperature": asked.temperature, "text": {"format": _format(asked)},
            "tool_choice": _choice(asked), "tools": [_tool(tool) for tool in asked.tools], "top_p": asked.top_p,
            "truncation": "disabled", "usage": _usage(end.usage) if end else None,
            "output": [item.shape(self._status) for item in self._items.values()] if end else [],
        }  # fmt: skip
        return out if end is None or end.danlu is None else out | {"danlu": end.danlu}


def _where(item: _Item) -> dict[str, Any]:
    content = {} if item.kind == "function_call" else {"content_index": 0}
    return {"item_id": item.id, "output_index": item.place, **content}


def _logprobs(item: _Item) -> dict[str, list[Any]]:
    return {"logprobs": []} if item.kind == "message" else {}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }


def _tool(tool: Any) -> dict[str, Any]:
    facts = {"name": tool.name, "description": tool.description, "parameters": tool.parameters, "strict": tool.strict}
    return {"type": "function", **facts}


def _choice(asked: ChatRequest) -> Any:
    choice = asked.tool_choice
    return {"type": "function", "name": choice.name} if choice.mode == "function" else choice.mode


def _format(asked: ChatRequest) -> dict[str, Any]:
    wanted = asked.format
    if wanted.kind != "json_schema":
        return {"type": wanted.kind}
    return {"type": "json_schema", "name": wanted.name, "schema": wanted.schema, "strict": wanted.strict}
