"""Conversations on disk: one JSON object a line, `{"id": str, "messages": [{"role": str, "content": str}, ...]}`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError
from danlu.model.chat import ROLES, Message

_EXPECTED = 'expected {"id": "...", "messages": [{"role": "user", "content": "..."}, ..., {"role": "assistant", ...}]}'


@dataclass(frozen=True)
class Chat:
    """A conversation that ends with a reply."""

    chat_id: str
    messages: tuple[Message, ...]


def read_chats(path: Path) -> list[Chat]:
    """All conversations, in the order of the file. Raises UserError naming file and line, or for an empty file."""
    if not path.is_file():
        raise UserError(f"{path}: no such file", hint="conversations are expected, one JSON object a line")
    lines = path.read_text(encoding="utf-8").split("\n")
    chats = [_read_chat(line, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]
    if not chats:
        raise UserError(f"{path} has no conversations", hint=_EXPECTED)
    return chats


def _read_chat(line: str, where: str) -> Chat:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not JSON: {error.msg} at column {error.colno}", hint=_EXPECTED) from error
    if not isinstance(row, dict) or not isinstance(row.get("id"), str) or not isinstance(row.get("messages"), list):
        raise UserError(f"{where}: not a conversation", hint=_EXPECTED)
    messages = tuple(_read_message(message, f"{where}: message {at}") for at, message in enumerate(row["messages"], 1))
    if len(messages) < 2 or messages[-1]["role"] != "assistant":
        raise UserError(f"{where}: does not end with an assistant message that answers something", hint=_EXPECTED)
    return Chat(row["id"], messages)


def _read_message(message: Any, where: str) -> Message:
    fields = message if isinstance(message, dict) else {}
    role, content = fields.get("role"), fields.get("content")
    if role not in ROLES:
        raise UserError(f"{where}: role is {role!r}, expected one of {', '.join(ROLES)}", hint=_EXPECTED)
    if not isinstance(content, str):
        raise UserError(f"{where}: content is {type(content).__name__}, expected text", hint=_EXPECTED)
    return {"role": role, "content": content}
