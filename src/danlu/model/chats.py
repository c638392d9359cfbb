"""Conversations on disk: one JSON object a line, `{"id": str, "messages": [{"role": str, "content": str}, ...]}`.

Files as other trainers take them are read too: ShareGPT's and Alpaca's rows, prompt and completion, and one JSON list of rows
(danlu.text.rows.shapes). A row without an id is called by its number. A `system` beside the messages stands before them.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.core.errors import Phrase, UserError
from danlu.core.json_kinds import json_kind
from danlu.core.outside import read_lines
from danlu.model.chat import Message
from danlu.model.chat_messages import UNREAD, is_learnt, read_message, read_objects, refuse_unread
from danlu.text.rows.shapes import Unfit, fit

_EXPECTED = (
    'expected {{"id": "...", "messages": [{{"role": "user", "content": "..."}}, ..., {{"role": "assistant", ...}}]}}'
)
_SHAPES = ("openai", "sharegpt", "alpaca", "prompt-completion")
_TURNS = ("messages", "conversations", "conversation")
_UNREAD = (
    "functions", "function_call", "images", "image", "videos", "video", "audios", "audio", "documents", "chat_template_kwargs", "loss",
    "loss_scale", "weight", "rejected_response", "rejected_messages", "system_prompt",
)  # fmt: skip
"""Beside the messages: what other programs learn from, weigh the row by, or give to the template."""


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
    refuse_unread(row, _UNREAD, where)
    given, tools = _turns(row, where)
    messages = tuple(
        read_message(message, Phrase("{where}: message {number}", where=where, number=at))
        for at, message in enumerate(given, 1)
    )
    if len(messages) < 2 or messages[-1]["role"] != "assistant":
        raise UserError(
            "{where}: does not end with an assistant message that answers something", _EXPECTED, where=where
        )
    if all(message.get("loss") is False for message in messages if message["role"] == "assistant"):
        raise UserError(
            "{where}: every reply is switched off, so nothing is learnt",
            "leave the conversation out, or switch one on",
            where=where,
        )
    return Chat(str(row.get("id", number)), messages, read_objects(tools, "tools", where))


def _turns(row: dict[str, Any], where: str) -> tuple[Any, Any]:
    """The messages and the tools of a row of any known shape; our own is checked more strictly than others' are."""
    own = row.get("messages")
    if (
        isinstance(own, list)
        and "chosen" not in row
        and not any(isinstance(one, dict) and "from" in one for one in own)
    ):
        _refuse_avoided(row, where)
        return _with_system(row, own, where), row.get("tools")
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
    _refuse_avoided(row, where)
    return _with_system(row, _switched(row, found.messages, where), where), list(found.tools)


def _with_system(row: dict[str, Any], messages: Sequence[Any], where: str) -> Sequence[Any]:
    """A prompt beside the messages stands before them, as ShareGPT's and Alpaca's rows have it."""
    system = row.get("system")
    own = [one for one in messages if isinstance(one, dict) and one.get("role") == "system"]
    if system in (None, "") or (own and own[0].get("content") == system and own[0] is messages[0]):
        return messages
    if own:
        raise UserError(
            "{where}: system says one thing, and a system message among the messages another",
            "leave one of them",
            where=where,
        )
    if not isinstance(system, str):
        raise UserError("{where}: system is {kind}, expected text", _EXPECTED, where=where, kind=json_kind(system))
    return [{"role": "system", "content": system}, *messages]


def _refuse_avoided(row: dict[str, Any], where: str) -> None:
    """Rows of KTO say in `label` whether their reply is wanted."""
    if row.get("label") is False:
        raise UserError(
            "{where}: label false marks a reply that is to be avoided",
            "danlu align learns from preferences.",
            where=where,
        )


def _switched(row: dict[str, Any], messages: Sequence[Any], where: str) -> list[Any]:
    """The messages of another shape with the switches of their loss, which that shape's reader passes over."""
    turns = next((row[name] for name in _TURNS if row.get(name) is not None), None)
    if turns is None and isinstance(row.get("prompt"), list) and "completion" in row:
        completion = row["completion"]
        turns = [*row["prompt"], *(completion if isinstance(completion, list) else [completion])]
    turns = json.loads(turns) if isinstance(turns, str) else turns or []
    before = len(messages) - len(turns)  # a system prompt that stood beside them
    switched = list(messages)
    for at, turn in enumerate(turns, 1):
        place = Phrase("{where}: message {number}", where=where, number=at)
        refuse_unread(turn, UNREAD, place)
        if not is_learnt(turn, place):
            switched[before + at - 1] = {**messages[before + at - 1], "loss": False}
    return switched
