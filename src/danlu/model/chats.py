"""Conversations on disk: one JSON object a line, `{"id": str, "messages": [{"role": str, "content": str}, ...]}`.

Files as other trainers take them are read too: ShareGPT's and Alpaca's rows, prompt and completion, and one JSON list of rows
(danlu.text.rows.shapes). A row without an id is called by its number.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.core.errors import Phrase, UserError
from danlu.core.outside import read_lines
from danlu.model.chat import ROLES, Message
from danlu.text.rows.shapes import Unfit, fit

_EXPECTED = (
    'expected {{"id": "...", "messages": [{{"role": "user", "content": "..."}}, ..., {{"role": "assistant", ...}}]}}'
)
_SHAPES = ("openai", "sharegpt", "alpaca", "prompt-completion")


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
    chats = [_read_chat(row, f"{path}:{number}", number) for number, row in _rows(path)]
    if not chats:
        raise UserError("{path} has no conversations", _EXPECTED, path=path)
    return chats


def write_chats(path: Path, chats: list[Chat]) -> None:
    """Write conversations as `read_chats` reads them, one a line."""
    rows = (
        {"id": chat.chat_id, "messages": chat.messages} | ({"tools": chat.tools} if chat.tools else {})
        for chat in chats
    )
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Rows with the numbers of their lines, or their places in one list."""
    lines = read_lines(path)
    if lines and lines[0][1].lstrip().startswith("["):
        yield from enumerate(_json(path.read_text(encoding="utf-8-sig"), path, 1), 1)
        return
    for number, line in lines:
        yield number, _json(line, path, number)


def _json(text: str, path: Path, number: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(
            "{where}: not JSON: {problem} at column {column}",
            _EXPECTED,
            where=f"{path}:{number + error.lineno - 1}",
            problem=error.msg,
            column=error.colno,
        ) from error


def _read_chat(row: Any, where: str, number: int) -> Chat:
    if not isinstance(row, dict) or not isinstance(row.get("id", ""), str | int):
        raise UserError("{where}: not a conversation", _EXPECTED, where=where)
    given, tools = _turns(row, where)
    messages = tuple(
        _read_message(message, Phrase("{where}: message {number}", where=where, number=at))
        for at, message in enumerate(given, 1)
    )
    if len(messages) < 2 or messages[-1]["role"] != "assistant":
        raise UserError(
            "{where}: does not end with an assistant message that answers something", _EXPECTED, where=where
        )
    return Chat(str(row.get("id", number)), messages, _read_objects(tools, "tools", where))


def _turns(row: dict[str, Any], where: str) -> tuple[Any, Any]:
    """The messages and the tools of a row of any known shape; our own is checked more strictly than others' are."""
    own = row.get("messages")
    if (
        isinstance(own, list)
        and "chosen" not in row
        and not any(isinstance(one, dict) and "from" in one for one in own)
    ):
        return own, row.get("tools")
    try:
        found = fit(row)
    except Unfit as unfit:
        raise UserError("{where}: {reason}", _EXPECTED, where=where, reason=unfit.reason) from None
    if found.shape not in _SHAPES:
        raise UserError(
            "{where}: not a conversation",
            "danlu align learns from preferences."
            if found.shape == "preference"
            else "danlu pretrain learns from plain texts.",
            where=where,
        )
    return found.messages, list(found.tools)


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
