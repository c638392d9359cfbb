"""Conversations on disk: one JSON object a line, `{"id": str, "messages": [{"role": str, "content": str}, ...]}`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.core.errors import Phrase, UserError
from danlu.core.outside import read_lines
from danlu.model.chat import ROLES, Message

_EXPECTED = (
    'expected {{"id": "...", "messages": [{{"role": "user", "content": "..."}}, ..., {{"role": "assistant", ...}}]}}'
)


@dataclass(frozen=True)
class Chat:
    """A conversation that ends with a reply."""

    chat_id: str
    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] = ()
    """What the model may call: JSON schemas of functions, as the OpenAI API has them."""


def read_chats(path: Path) -> list[Chat]:
    """All conversations, in the order of the file. Raises UserError naming file and line, or for an empty file."""
    if not path.is_file():
        raise UserError("{path}: no such file", "conversations are expected, one JSON object a line", path=path)
    chats = [_read_chat(line, f"{path}:{number}") for number, line in read_lines(path)]
    if not chats:
        raise UserError("{path} has no conversations", _EXPECTED, path=path)
    return chats


def _read_chat(line: str, where: str) -> Chat:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise UserError(
            "{where}: not JSON: {problem} at column {column}",
            _EXPECTED,
            where=where,
            problem=error.msg,
            column=error.colno,
        ) from error
    if not isinstance(row, dict) or not isinstance(row.get("id"), str) or not isinstance(row.get("messages"), list):
        raise UserError("{where}: not a conversation", _EXPECTED, where=where)
    messages = tuple(
        _read_message(message, Phrase("{where}: message {number}", where=where, number=at))
        for at, message in enumerate(row["messages"], 1)
    )
    if len(messages) < 2 or messages[-1]["role"] != "assistant":
        raise UserError(
            "{where}: does not end with an assistant message that answers something", _EXPECTED, where=where
        )
    return Chat(row["id"], messages, _read_objects(row.get("tools"), "tools", where))


def _read_message(message: Any, where: Phrase) -> Message:
    fields = message if isinstance(message, dict) else {}
    role, content = fields.get("role"), fields.get("content")
    if role not in ROLES:
        raise UserError(
            "{where}: role is {role!r}, expected one of {roles}",
            _EXPECTED,
            where=where,
            role=role,
            roles=", ".join(ROLES),
        )
    calls = _read_objects(fields.get("tool_calls"), "tool_calls", where)
    if calls:
        if role != "assistant":
            raise UserError("{where}: tool_calls in a message of role {role}", _EXPECTED, where=where, role=role)
        content = content or ""
    if not isinstance(content, str):
        raise UserError(
            "{where}: content is {kind}, expected text", _EXPECTED, where=where, kind=type(content).__name__
        )
    return {"role": role, "content": content, "tool_calls": calls} if calls else {"role": role, "content": content}


def _read_objects(given: Any, name: str, where: Phrase | str) -> tuple[dict[str, Any], ...]:
    """A list of JSON objects; empty when there is none."""
    if given is None:
        return ()
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise UserError("{where}: {name} is no list of objects", _EXPECTED, where=where, name=name)
    return tuple(given)
