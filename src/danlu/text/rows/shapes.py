"""The shapes in which trainers take conversations, and how each becomes a list of messages.

OpenAI messages, ShareGPT and Alpaca as LLaMA-Factory's data/README.md documents them, prompt/completion and preference
rows and plain text as TRL's dataset formats page does, query/response as ms-swift's custom dataset page does. A column
that is null counts as absent: Parquet and Arrow fill them so.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from danlu.core.errors import Phrase

TEXT = "text"
"""The shape of plain text, which the pretraining types of axolotl and LLaMA-Factory take as well: no reply, all learnt."""
HOLDS_MEDIA = "message {number} holds {kind}, and only text is checked"
ROLES = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "tool": "tool",
    "observation": "tool",
    "tool_response": "tool",
    "function": "tool",
    "function_call": "call",
    "tool_call": "call",
}
_KEPT = ("tool_calls", "reasoning_content", "name", "tool_call_id")

Row = Mapping[str, Any]
Messages = list[dict[str, Any]]


class Unfit(Exception):
    """A row that is no conversation, with the reason."""

    def __init__(self, reason: Phrase) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Fitted(NamedTuple):
    """What a row says, in the order of `Conversation`'s fields after its number."""

    messages: tuple[Mapping[str, Any], ...]
    tools: tuple[Mapping[str, Any], ...]
    shape: str
    prompt_messages: int = 0
    plain_text: bool = False


def fit(row: object) -> Fitted:
    """The conversation that a row holds. Raises Unfit with the reason when it holds none."""
    if isinstance(row, Unfit):
        raise row
    if not isinstance(row, dict):
        raise Unfit(Phrase("is a JSON {kind}, expected an object", kind=type(row).__name__))
    present = {key: value for key, value in row.items() if value is not None}
    messages, shape, prompt_messages, plain = _detect(present)
    if shape != TEXT and present.get("system") and (not messages or messages[0]["role"] != "system"):
        messages.insert(0, {"role": "system", "content": _text(present["system"], 0)})
        prompt_messages += bool(prompt_messages)
    if not any(message["role"] == "assistant" for message in messages):
        raise Unfit(Phrase("has no reply: none of its {count} messages is of the assistant", count=len(messages)))
    tools = _objects(present.get("tools"), Phrase("has tools that are no objects"))
    return Fitted(tuple(messages), tuple(tools), shape, prompt_messages, plain)


def _detect(row: Row) -> tuple[Messages, str, int, bool]:
    """Messages, shape, how many of them are the prompt, and whether they are bare strings."""
    turns = next((row[key] for key in ("messages", "conversations", "conversation") if key in row), None)
    if "chosen" in row:
        return _preference(row, turns)
    if turns is not None:
        return _turns(turns), "openai" if _is_openai(row, turns) else "sharegpt", 0, False
    if "prompt" in row and "completion" in row:
        return _prompt_completion(row["prompt"], row["completion"], "prompt-completion")
    if "query" in row and "response" in row:
        messages = [*_history(row.get("history")), _message("user", row["query"], 1)]
        return [*messages, _message("assistant", row["response"], 2)], "prompt-completion", 0, False
    if "output" in row and ("instruction" in row or "input" in row):
        return _alpaca(row), "alpaca", 0, False
    if isinstance(row.get("text"), str):
        return [_message("assistant", row["text"], 1)], TEXT, 0, True
    if not row:
        raise Unfit(Phrase("is an object without columns"))
    raise Unfit(
        Phrase(
            "fits no known shape: its columns are {columns}",
            columns=", ".join(sorted(map(str, row))[:8]),
        )
    )


def _is_openai(row: Row, turns: object) -> bool:
    has_from = isinstance(turns, list) and any(isinstance(turn, dict) and "from" in turn for turn in turns)
    return "messages" in row and not has_from


def _preference(row: Row, turns: object) -> tuple[Messages, str, int, bool]:
    """The chosen side alone: that is what the model is to learn."""
    chosen = row["chosen"]
    if turns is not None:
        prompt = _turns(turns)
        return [*prompt, *_turns(chosen if isinstance(chosen, list) else [chosen])], "preference", len(prompt), False
    if "prompt" in row:
        return _prompt_completion(row["prompt"], chosen, "preference")
    if "instruction" in row:
        return _alpaca({**row, "output": chosen}), "preference", 0, False
    if isinstance(chosen, list):
        return _turns(chosen), "preference", 0, False
    raise Unfit(Phrase("holds a chosen reply without the prompt that it answers"))


def _prompt_completion(prompt: object, completion: object, shape: str) -> tuple[Messages, str, int, bool]:
    if isinstance(prompt, str) and isinstance(completion, str):
        return [_message("user", prompt, 1), _message("assistant", completion, 2)], shape, 1, True
    if isinstance(prompt, list) and isinstance(completion, list | dict):
        before = _turns(prompt)
        return (
            [*before, *_turns(completion if isinstance(completion, list) else [completion])],
            shape,
            len(before),
            False,
        )
    raise Unfit(
        Phrase(
            "holds a prompt of type {prompt} and a completion of type {completion}, expected text or messages in both",
            prompt=type(prompt).__name__,
            completion=type(completion).__name__,
        )
    )


def _alpaca(row: Row) -> Messages:
    asked = [_text(row[key], 1) for key in ("instruction", "input") if row.get(key)]
    if not asked:
        raise Unfit(Phrase("has neither an instruction nor an input"))
    return [
        *_history(row.get("history")),
        {"role": "user", "content": "\n".join(asked)},
        _message("assistant", row["output"], 2),
    ]


def _history(turns: object) -> Messages:
    """Earlier turns as pairs of question and answer."""
    messages: Messages = []
    if not isinstance(turns, list | None):
        raise Unfit(Phrase("has a history of type {kind}, expected pairs of texts", kind=type(turns).__name__))
    for pair in turns or ():
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise Unfit(Phrase("has a history of type {kind}, expected pairs of texts", kind=type(pair).__name__))
        messages += [_message("user", pair[0], 1), _message("assistant", pair[1], 2)]
    return messages


def _turns(turns: object) -> Messages:
    if isinstance(turns, str):
        turns = _json(turns)
    if not isinstance(turns, list):
        raise Unfit(Phrase("holds messages of type {kind}, expected a list", kind=type(turns).__name__))
    return [_turn(turn, number) for number, turn in enumerate(turns, start=1)]


def _turn(turn: object, number: int) -> dict[str, Any]:
    if not isinstance(turn, dict):
        raise Unfit(
            Phrase("message {number} is of type {kind}, expected an object", number=number, kind=type(turn).__name__)
        )
    role = turn.get("role") or turn.get("from")
    known = ROLES.get(role) if isinstance(role, str) else None
    if known is None:
        raise Unfit(
            Phrase(
                "message {number} has the role {role!r}, expected system, user, assistant or tool",
                number=number,
                role=role,
            )
        )
    content = turn.get("content") if turn.get("content") is not None else turn.get("value")
    kept = {key: turn[key] for key in _KEPT if turn.get(key)}
    if known == "call":
        thought = {name: kept[name] for name in ("reasoning_content",) if name in kept}
        return {**_call(content, number), **thought}
    if calls := _objects(kept.pop("tool_calls", None), Phrase("message {number} has tool calls that are no objects", number=number)):  # fmt: skip
        kept["tool_calls"] = calls
    if content is None and "tool_calls" in kept:
        content = ""
    return {**_message(known, content, number), **kept}


def _call(content: object, number: int) -> dict[str, Any]:
    """A ShareGPT turn whose text is the tool call as JSON, perhaps behind the thought that led to it."""
    text = _text(content, number)
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=0)
    calls = _json(text[start:])
    calls = calls if isinstance(calls, list) else [calls]
    if not all(isinstance(call, dict) and "name" in call and "arguments" in call for call in calls):
        raise Unfit(Phrase("message {number} is no tool call: a name and arguments are expected", number=number))
    return {
        "role": "assistant",
        "content": text[:start],
        "tool_calls": [{"type": "function", "function": dict(call)} for call in calls],
    }


def _message(role: str, content: object, number: int) -> dict[str, Any]:
    return {"role": role, "content": _text(content, number)}


def _text(content: object, number: int) -> str:
    if isinstance(content, list):
        content = "".join(_part(part, number) for part in content)
    if not isinstance(content, str):
        raise Unfit(
            Phrase(
                "message {number} has a content of type {kind}, expected text",
                number=number,
                kind="null" if content is None else type(content).__name__,
            )
        )
    if not content.isascii():
        try:
            content.encode()
        except UnicodeEncodeError as error:
            raise Unfit(
                Phrase("message {number} holds half a character at {at}", number=number, at=error.start)
            ) from None
    return content


def _part(part: object, number: int) -> str:
    if isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str):
        return str(part["text"])
    kind = part.get("type") if isinstance(part, dict) else type(part).__name__
    raise Unfit(Phrase("message {number} holds {kind}, and only text is checked", number=number, kind=kind))


def _objects(values: object, otherwise: Phrase) -> list[dict[str, Any]]:
    """Tools, or calls of tools: a list of objects, or one of them, either perhaps written as JSON.

    Raises Unfit with the reason `otherwise` for anything else.
    """
    if isinstance(values, str):
        values = _json(values) if values.strip() else None
    listed = values if isinstance(values, list) else [] if values is None else [values]
    listed = [_json(value) if isinstance(value, str) else value for value in listed]
    objects = [value for value in listed if isinstance(value, dict)]
    if len(objects) < len(listed):
        raise Unfit(otherwise)
    return objects


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Unfit(Phrase("holds what should be JSON and is not: {text!r}", text=text[:60])) from None
