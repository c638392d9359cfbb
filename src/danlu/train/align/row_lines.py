"""One row of preference data, checked: told with its line, its field and what was expected.

Beside danlu's own shape the usual public ones are read: `prompt` as text or as messages, and `chosen` and `rejected` as
messages, with or without the prompt that they answer; and pairs as LLaMA-Factory and ms-swift take them
(danlu.train.align.shapes). What would be passed over though it says something of what is taught is refused.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from danlu.core.errors import UserError
from danlu.model.chat import ROLES, Message
from danlu.model.chat_messages import UNREAD, refuse_unread
from danlu.text.rows.shapes import Unfit
from danlu.train.align.rows import SHAPES, Kind, Row
from danlu.train.align.shapes import Sides, sides_of

_EXPECTED = "expected {expected}"
_CONVERSATIONS = ("messages", "prompt")
_UNREAD = ("tools", "functions", "images", "image", "videos", "video", "audios", "audio", "documents")
"""Beside the messages: what other programs give to the template."""
_UNREAD_IN_MESSAGE = ("tool_calls", "reasoning_content", *UNREAD)
_COLUMNS_SHOWN = 12


@dataclass(frozen=True)
class Line:
    """Reads one row; `where` and `number` are its line's, or its place's in a list."""

    where: str
    number: int
    kind: Kind

    def read(self, row: Any) -> Row:
        """The row that a line holds; raises UserError."""
        if not isinstance(row, dict):
            raise UserError("{where}: not a JSON object", _EXPECTED, where=self.where, expected=SHAPES[self.kind])
        if self.kind == "pairs":
            return self._pair(row)
        messages = self._asked(row)
        if self.kind == "labelled":
            return Row(self.number, messages, {"completion": self._reply(row, "completion")}, self._label(row))
        return Row(
            self.number, messages, fields={name: value for name, value in row.items() if name not in _CONVERSATIONS}
        )

    def _pair(self, row: dict[str, Any]) -> Row:
        """A pair; without a prompt of its own it is what both conversations begin with."""
        try:
            sides = sides_of(row)
        except Unfit as unfit:
            raise UserError(
                "{where}: {reason}", _EXPECTED, where=self.where, reason=unfit.reason, expected=SHAPES[self.kind]
            ) from None
        if sides is not None:
            self._check_foreign(row, sides)
            row = dict(sides)
        whole = [self._is_whole(row.get(name)) for name in ("chosen", "rejected")]
        if not all(whole):
            replies = {name: self._reply(row, name) for name in ("chosen", "rejected")}
            return Row(self.number, self._asked(row), replies)
        chosen, rejected = (self._messages(row[name], name) for name in ("chosen", "rejected"))
        at = next((at for at, (a, b) in enumerate(zip(chosen[:-1], rejected[:-1], strict=False), 1) if a != b), 0)
        if at or len(chosen) != len(rejected):
            raise UserError(
                "{where}: chosen and rejected do not answer the same prompt: they differ in message {number}",
                "Expected two conversations that are equal but for the last message.",
                where=self.where,
                number=at or min(len(chosen), len(rejected)),
            )
        for name, messages in (("chosen", chosen), ("rejected", rejected)):
            self._check_ends_with_reply(messages, name)
        self._check_asks(chosen[:-1], "chosen, without its last message,")
        asked = self._with_system(row, chosen[:-1])
        return Row(self.number, asked, {"chosen": chosen[-1]["content"], "rejected": rejected[-1]["content"]})

    def _check_foreign(self, row: dict[str, Any], sides: Sides) -> None:
        """Raises UserError where another trainer would learn what its conversations, as they are read here, do not hold."""
        refuse_unread(row, (*_UNREAD, "rejected_messages"), self.where)
        turns = [turn for value in row.values() for turn in (value if isinstance(value, list) else [value])]
        for turn in turns:
            if isinstance(turn, dict):
                refuse_unread(turn, _UNREAD_IN_MESSAGE, self.where)
        first = sides["chosen"][0]
        if row.get("system") and first["role"] == "system" and first["content"] != row["system"]:
            raise self._two_systems()

    def _two_systems(self) -> UserError:
        return UserError(
            "{where}: system says one thing, and the first message another", "leave one of them", where=self.where
        )

    def _is_whole(self, value: Any) -> bool:
        """Whether a reply is given as a conversation with its prompt."""
        first = value[0] if isinstance(value, list) and value else None
        return isinstance(first, dict) and first.get("role") != "assistant"

    def _asked(self, row: dict[str, Any]) -> tuple[Message, ...]:
        name = next((name for name in _CONVERSATIONS if name in row), None)
        if name is None:
            raise self._missing("messages", row)
        if isinstance(row[name], str) and name == "prompt":
            return self._with_system(row, ({"role": "user", "content": row[name]},))
        messages = self._messages(row[name], name)
        self._check_asks(messages, name)
        return self._with_system(row, messages)

    def _with_system(self, row: dict[str, Any], messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """With what the row says beside the messages; what else it says of them is refused."""
        refuse_unread(row, _UNREAD, self.where)
        system = row.get("system")
        if not system:
            return messages
        if not isinstance(system, str):
            raise self._wrong("system", system)
        if messages and messages[0]["role"] == "system":
            if messages[0]["content"] == system:
                return messages
            raise self._two_systems()
        return ({"role": "system", "content": system}, *messages)

    def _check_asks(self, messages: Sequence[Message], name: str) -> None:
        if messages and messages[-1]["role"] == "assistant":
            raise UserError(
                "{where}: {field} ends with a reply: expected the prompt alone",
                _EXPECTED,
                where=self.where,
                expected=SHAPES[self.kind],
                field=name,
            )

    def _reply(self, row: dict[str, Any], name: str) -> str:
        """A reply as text, or as the one message of an assistant."""
        if name not in row:
            raise self._missing(name, row)
        value = row[name]
        if isinstance(value, str):
            return value
        if isinstance(value, list) and len(value) == 1:
            messages = self._messages(value, name)
            self._check_ends_with_reply(messages, name)
            return str(messages[0]["content"])
        raise self._wrong(name, value)

    def _label(self, row: dict[str, Any]) -> bool:
        if "label" not in row:
            raise self._missing("label", row)
        label = row["label"]
        if not isinstance(label, bool):
            raise UserError(
                "{where}: label is {value}: expected true or false",
                _EXPECTED,
                where=self.where,
                expected=SHAPES[self.kind],
                value=_shown(label),
            )
        return label

    def _messages(self, value: Any, name: str) -> tuple[Message, ...]:
        if not isinstance(value, list) or not value:
            raise self._wrong(name, value)
        for number, message in enumerate(value, 1):
            told = message if isinstance(message, dict) else {}
            if told.get("role") not in ROLES:
                raise UserError(
                    "{where}: {field}, message {number}: role is {role}, expected one of {roles}",
                    _EXPECTED,
                    where=self.where,
                    expected=SHAPES[self.kind],
                    field=name,
                    number=number,
                    role=_shown(told.get("role")),
                    roles=", ".join(ROLES),
                )
            if not isinstance(told.get("content"), str):
                raise UserError(
                    "{where}: {field}, message {number}: content is {value}, expected text",
                    _EXPECTED,
                    where=self.where,
                    expected=SHAPES[self.kind],
                    field=name,
                    number=number,
                    value=_shown(told.get("content")),
                )
            refuse_unread(told, _UNREAD_IN_MESSAGE, self.where)
        return tuple({"role": message["role"], "content": message["content"]} for message in value)

    def _check_ends_with_reply(self, messages: Sequence[Message], name: str) -> None:
        if messages[-1]["role"] != "assistant":
            raise UserError(
                "{where}: {field} ends with a message of {role}: expected a reply of the assistant",
                _EXPECTED,
                where=self.where,
                expected=SHAPES[self.kind],
                field=name,
                role=messages[-1]["role"],
            )

    def _missing(self, name: str, row: Mapping[str, Any]) -> UserError:
        return UserError(
            "{where}: {field} is missing: the row has the columns {columns}",
            _EXPECTED,
            where=self.where,
            expected=SHAPES[self.kind],
            field=name,
            columns=columns_of(row),
        )

    def _wrong(self, name: str, value: Any) -> UserError:
        return UserError(
            "{where}: {field} is {value}",
            _EXPECTED,
            where=self.where,
            expected=SHAPES[self.kind],
            field=name,
            value=_shown(value),
        )


def columns_of(row: Mapping[str, Any]) -> str:
    """The names of a row's columns, cut where they are many."""
    names = list(map(str, row))
    return ", ".join(names[:_COLUMNS_SHOWN]) + (", …" if len(names) > _COLUMNS_SHOWN else "") or "{}"


def _shown(value: Any) -> str:
    """A value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:60]}…"
