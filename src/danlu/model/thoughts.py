"""The thought before a reply (`reasoning_content`, as DeepSeek's API names it): learnt as the checkpoint's own template writes it.

Templates of reasoning models write it before the reply (Qwen3: between <think> and </think>), and most leave it out of earlier turns.
That text becomes the content of the reply, as the text of a tool call does, so it is tokenised and served as every reply is.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from danlu.core.errors import UserError
from danlu.model.template import Template
from danlu.model.tool_calls import Tools, raw

_MARK = "\ue000thought\ue001"
"""Stands for a thought where a template is asked whether it writes them: a short one may stand in the reply by chance."""


def has_thought(message: Mapping[str, Any]) -> bool:
    """Whether a message holds one."""
    return bool(message.get("reasoning_content"))


def without_thought(message: Mapping[str, Any]) -> dict[str, Any]:
    """The same message as the template writes it once it is an earlier one: context alone, since it was not said like that."""
    return {name: value for name, value in message.items() if name != "reasoning_content"} | {"loss": False}


def written_thought(
    template: Template,
    special: re.Pattern[str],
    before: Sequence[Mapping[str, Any]],
    message: Mapping[str, Any],
    tools: Tools,
    stop: str,
    *,
    is_open: bool,
) -> str:
    """The text between the generation prompt and the stop token, which an open one does without, for a reply with a thought.

    Raises UserError when the template leaves the thought or the reply out, or a control token stands in either.
    """
    thought, content = message["reasoning_content"], message["content"]
    if found := special.search(f"{thought}\n{content}"):
        raise UserError(
            "reasoning_content, or the reply beside it, holds the control token {token!r}",
            "take it out: the template writes both as they are, and the model would obey it",
            token=found[0].strip(),
        )
    prompt = template.render([*map(raw, before)], True, tools)
    whole = template.render([*map(raw, [*before, message])], False, tools)
    text, ends, _ = whole.removeprefix(prompt).partition(stop)
    marked = template.render([*map(raw, before), raw({**message, "reasoning_content": _MARK})], False, tools)
    is_written = _MARK in marked and thought.strip() in text and content.strip() in text
    if not whole.startswith(prompt) or not (ends or is_open) or not is_written:
        raise UserError(
            "the chat template leaves out the reasoning_content of a reply",
            "take a base model whose template writes thoughts, such as Qwen3's, or take the field out, or write the thought into the content",
        )
    if special.search(text):
        raise UserError("the chat template puts a control token between the reasoning_content and the reply")
    return text


def kept_thoughts(template: Template, messages: Sequence[Mapping[str, Any]], tools: Tools) -> set[int]:
    """Which messages have a thought that the template still writes now that they are earlier ones."""
    marks = {at: f"\ue000{at}\ue001" for at, message in enumerate(messages) if has_thought(message)}
    marked = [
        {**raw(message), "reasoning_content": marks[at]} if at in marks else raw(message)
        for at, message in enumerate(messages)
    ]
    text = template.render(marked, True, tools) if marks else ""
    return {at for at, mark in marks.items() if mark in text}
