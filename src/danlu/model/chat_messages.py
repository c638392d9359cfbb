"""One message of a conversation on disk, checked field by field: what changes what is taught is obeyed, or the row is refused.

Switches of the loss: `loss` (ms-swift, "Custom dataset"), `weight` (OpenAI, "Supervised fine-tuning") and `train` (axolotl,
"Conversation"): a reply that is switched off is context. Parts of a content are OpenAI's, and are joined where all are text.
"""

from collections.abc import Mapping
from typing import Any

from danlu.core.errors import Phrase, UserError
from danlu.core.json_kinds import json_kind
from danlu.model.chat import ROLES, Message

_EXPECTED = (
    'expected {{"id": "...", "messages": [{{"role": "user", "content": "..."}}, ..., {{"role": "assistant", ...}}]}}'
)
_SWITCHES = ("loss", "train", "weight")
_OTHERS = ("system", "user", "tool", "human", "observation")
"""Roles, by the names of OpenAI's and of ShareGPT's messages, of which nothing is learnt."""
UNREAD = (
    "function_call", "reasoning", "thinking", "thinking_blocks", "refusal", "loss_scale", "train_detail", "images", "image", "videos",
    "video", "audios", "audio",
)  # fmt: skip
"""Fields of a message that other programs learn from, or by which they weigh it."""


def read_message(message: Any, where: Phrase) -> Message:
    """`role`, `content`, and where they say something `tool_calls`, `reasoning_content` and `loss` (false). Raises UserError."""
    fields = message if isinstance(message, dict) else {}
    role = fields.get("role")
    if role not in ROLES:
        raise UserError(
            "{where}: role is {role!r}, expected one of {roles}", _EXPECTED, where=where, role=role, roles=", ".join(ROLES)
        )  # fmt: skip
    refuse_unread(fields, UNREAD, where)
    calls = read_objects(fields.get("tool_calls"), "tool_calls", where)
    if calls and role != "assistant":
        raise UserError("{where}: tool_calls in a message of role {role}", _EXPECTED, where=where, role=role)
    content = fields.get("content")
    content = _text_of("" if calls and content is None else content, where)
    more: dict[str, Any] = {"tool_calls": calls} if calls else {}
    if thought := _thought(fields, where):
        more["reasoning_content"] = thought
    if not is_learnt(fields, where):
        more["loss"] = False
    return {"role": role, "content": content} | more


def is_learnt(fields: Mapping[str, Any], where: Phrase) -> bool:
    """What the switches of a message say; raises UserError for values that are no switch, or of two that contradict each other."""
    said = {name: fields[name] for name in _SWITCHES if fields.get(name) is not None}
    for name, value in said.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (is_number and value in (0, 1)) if name == "weight" else not isinstance(value, bool):
            raise UserError(
                "{where}: {field} is {value!r}, expected {known}",
                "a reply is learnt, or it is context only: nothing in between",
                where=where,
                field=name,
                value=value,
                known=Phrase("0 or 1") if name == "weight" else Phrase("true or false"),
            )
    learnt = {bool(value) for value in said.values()}
    if len(learnt) > 1:
        raise UserError(
            "{where}: {fields} contradict each other", "leave one of them", where=where, fields=", ".join(said)
        )
    role = fields.get("role") or fields.get("from")
    if learnt == {True} and role in _OTHERS:
        raise UserError(
            "{where}: {fields} asks to learn a message of role {role}",
            "only what the assistant says is learnt: take the field out",
            where=where,
            fields=", ".join(said),
            role=role,
        )
    return learnt != {False} or role in _OTHERS


def refuse_unread(fields: Mapping[str, Any], names: tuple[str, ...], where: Phrase | str) -> None:
    """Raises UserError for a field that would be passed over though it says something of what is taught."""
    for name in names:
        if name in fields and fields[name] not in (None, "", [], {}):
            raise UserError(
                "{where}: the field {field} says something of what is taught, and danlu does not learn from it",
                "take the field out, or write what it says into the messages",
                where=where,
                field=name,
            )


def read_objects(given: Any, name: str, where: Phrase | str) -> tuple[dict[str, Any], ...]:
    """A list of JSON objects; empty when there is none."""
    if given is None:
        return ()
    if not isinstance(given, list | tuple) or not all(isinstance(one, dict) for one in given):
        raise UserError("{where}: {name} is no list of objects", _EXPECTED, where=where, name=name)
    return tuple(given)


def _thought(fields: Mapping[str, Any], where: Phrase) -> str:
    thought = fields.get("reasoning_content")
    if thought is None or thought == "":
        return ""
    if not isinstance(thought, str):
        raise UserError(
            "{where}: reasoning_content is {kind}, expected text", _EXPECTED, where=where, kind=json_kind(thought)
        )
    if fields["role"] != "assistant":
        raise UserError(
            "{where}: reasoning_content in a message of role {role}", _EXPECTED, where=where, role=fields["role"]
        )
    return thought


def _text_of(content: Any, where: Phrase) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise UserError("{where}: content is {kind}, expected text", _EXPECTED, where=where, kind=json_kind(content))
    parts = [part if isinstance(part, dict) else {} for part in content]
    other = next((part for part in parts if part.get("type") != "text" or not isinstance(part.get("text"), str)), None)
    if other is not None:
        raise UserError(
            "{where}: content has a part that is no text, of type {kind}",
            "images, audio and files cannot be learnt from: leave this conversation out, or say in words what they show",
            where=where,
            kind=other.get("type", Phrase("missing")),
        )
    return "".join(part["text"] for part in parts)
