"""What an OpenAI-compatible server sends, as pieces: chunks of a stream, or one whole completion.

Servers differ in where they tell the usage: in a chunk without choices, in the last chunk with one, in every chunk, or nowhere. The last
one told counts, so that all four give the same bill; where none is told the caller estimates.
"""

from collections.abc import Sequence
from typing import Any

from danlu.serve.models import Finish, FinishReason, Piece, Reasoning, Text, TokenLogprob, ToolDelta, Usage

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content_filter",
    "sensitive": "content_filter",  # Zhipu
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}


class Malformed(Exception):
    """A server that says it speaks the protocol sent something else."""


def usage_of(data: dict[str, Any]) -> Usage | None:
    """The usage that a chunk or a completion tells, or None."""
    told = data.get("usage")
    if not isinstance(told, dict):
        return None
    read = told.get("prompt_tokens_details") or {}
    written = told.get("completion_tokens_details") or {}
    # DeepSeek counts what its cache gave beside the others.
    cached = _count(read, "cached_tokens") or _count(told, "prompt_cache_hit_tokens")
    return Usage(
        _count(told, "prompt_tokens"), _count(told, "completion_tokens"), cached, _count(written, "reasoning_tokens")
    )


def _count(told: Any, name: str) -> int:
    value = told.get(name) if isinstance(told, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def pieces_of(data: dict[str, Any]) -> list[Piece]:
    """The pieces in a chunk, whose choices have a `delta`, or in a whole completion, where it is a `message`; a text that is continued has
    `text`. Raises Malformed.
    """
    choices = data.get("choices")
    if choices is None:
        return []
    if not isinstance(choices, list):
        raise Malformed("`choices` is no list")
    out: list[Piece] = []
    for choice in choices:
        if not isinstance(choice, dict):
            raise Malformed("a choice is no object")
        index = choice.get("index") or 0
        if type(index) is not int:
            raise Malformed("`index` is no number")
        said = choice.get("delta") or choice.get("message")
        if isinstance(said, dict):
            _read_said(out, said, index, choice.get("logprobs"))
        elif (text := choice.get("text")) is not None:
            _read_said(out, {"content": text}, index, None)
        if (reason := choice.get("finish_reason")) is not None:
            out.append(Finish(_REASONS.get(reason, "stop"), index))
    return out


def _read_said(out: list[Piece], said: dict[str, Any], index: int, logprobs: Any) -> None:
    thought = said.get("reasoning_content") or said.get("reasoning")
    if thought and isinstance(thought, str):
        out.append(Reasoning(thought, index))
    text = said.get("content") or said.get("refusal")
    if text:
        if not isinstance(text, str):
            raise Malformed("`content` is no text")
        out.append(Text(text, index, _logprobs(logprobs) if logprobs else ()))
    calls = said.get("tool_calls")
    if calls:
        out += _tool_deltas(calls, index)


def _tool_deltas(calls: Any, choice: int) -> list[ToolDelta]:
    if not isinstance(calls, list):
        raise Malformed("`tool_calls` is no list")
    out = []
    for place, call in enumerate(calls):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise Malformed("a tool call has no function")
        number = call.get("index", place)
        if type(number) is not int:
            raise Malformed("`index` of a tool call is no number")
        texts = (call.get("id") or "", function.get("name") or "", function.get("arguments") or "")
        if not all(isinstance(text, str) for text in texts):
            raise Malformed("a tool call holds something else than text")
        out.append(ToolDelta(number, *texts, choice=choice))
    return out


def _logprobs(told: Any) -> tuple[TokenLogprob, ...]:
    content = told.get("content") if isinstance(told, dict) else None
    return tuple(_logprob(entry) for entry in content) if isinstance(content, list) else ()


def _logprob(entry: Any) -> TokenLogprob:
    try:
        top: Sequence[Any] = entry.get("top_logprobs") or ()
        return TokenLogprob(
            str(entry["token"]),
            float(entry["logprob"]),
            tuple((str(one["token"]), float(one["logprob"])) for one in top),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Malformed("log-probabilities of another shape") from None
