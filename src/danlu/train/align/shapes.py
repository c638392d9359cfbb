"""Pairs as other trainers take them, made into two whole conversations that differ in their last message.

LLaMA-Factory's data/README.md: Alpaca preferences (`instruction`, `input`, `chosen`, `rejected` as text) and ShareGPT
preferences (`conversations`, `chosen` and `rejected` as one turn each). ms-swift's custom dataset page: `messages` that
end with the better reply, and `rejected_response`. What a turn is, danlu.text.rows.shapes tells once for all.
"""

from collections.abc import Mapping
from typing import Any

from danlu.core.errors import Phrase
from danlu.text.rows.shapes import Unfit, fit

Sides = dict[str, list[dict[str, Any]]]
"""`chosen` and `rejected`, each with its prompt."""
_OWN = ("messages", "prompt")
_TURNS = ("conversations", "conversation")


def sides_of(row: Mapping[str, Any]) -> Sides | None:
    """Both conversations of a row in one of these shapes; None for a row in another. Raises Unfit, with the reason, for a broken one."""
    present = {name: value for name, value in row.items() if value is not None}
    if "messages" in present and "rejected_response" in present and "chosen" not in present:
        return _swift(present)
    if not {"chosen", "rejected"} <= present.keys() or not _is_foreign(present):
        return None
    beside = {name: value for name, value in present.items() if name != "rejected"}
    return {name: _said({**beside, "chosen": _turn(present, name)}) for name in ("chosen", "rejected")}


def _is_foreign(row: Mapping[str, Any]) -> bool:
    """Whether the replies need a prompt that stands where LLaMA-Factory has it, or are single turns."""
    replies = [row["chosen"], row["rejected"]]
    if all(isinstance(reply, dict) for reply in replies):
        return True
    if any(name in row for name in _OWN) or not all(isinstance(reply, str) for reply in replies):
        return False
    return "instruction" in row or any(name in row for name in _TURNS)


def _turn(row: Mapping[str, Any], name: str) -> Any:
    """A reply as text is a turn where the prompt is one of several."""
    reply = row[name]
    is_turn = isinstance(reply, str) and any(turns in row for turns in _TURNS)
    return {"from": "gpt", "value": reply} if is_turn else reply


def _swift(row: Mapping[str, Any]) -> Sides:
    messages = row["messages"]
    if not isinstance(row["rejected_response"], str):
        kind = type(row["rejected_response"]).__name__
        raise Unfit(Phrase("rejected_response is of type {kind}, expected text", kind=kind))
    chosen = _said({name: value for name, value in row.items() if name != "rejected_response"})
    if not isinstance(messages, list) or chosen[-1]["role"] != "assistant":
        raise Unfit(Phrase("messages must end with the better reply, of which rejected_response is the worse"))
    return {"chosen": chosen, "rejected": [*chosen[:-1], {"role": "assistant", "content": row["rejected_response"]}]}


def _said(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The messages of a conversation, of text alone."""
    found = fit(dict(row))
    if found.tools or any("tool_calls" in message for message in found.messages):
        raise Unfit(Phrase("has tools or calls of tools, from which danlu align does not learn"))
    return [{"role": message["role"], "content": message["content"]} for message in found.messages]
