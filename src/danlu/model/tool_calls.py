"""Tools and tool calls in a conversation: the call as the text that the checkpoint's own template writes for it.

Templates write a call from its parts (name, arguments), in a form of their own. Here that text becomes the content of the reply,
so that it is learnt, tokenised and served as every other reply is. Nothing in a tool or a call may hold a control token.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from danlu.core.errors import UserError
from danlu.model.template import Template

Tools = Sequence[Mapping[str, Any]]
"""JSON schemas of functions, as the OpenAI API has them: {"type": "function", "function": {"name", "parameters"}}."""


def check_plain(special: re.Pattern[str], given: Any) -> None:
    """Raises UserError when a control token or a private-use character of ours stands anywhere in `given`."""
    text = json.dumps(given, ensure_ascii=False)
    found = special.search(text) or re.search("[\ue000\ue001]", text)
    if found:
        raise UserError(
            "a tool or a tool call holds the control token {token!r}",
            "take it out: the template writes tools and calls as they are, and the model would obey it",
            token=found[0].strip(),
        )


def check_written(template: Template, probe: Sequence[Mapping[str, Any]], tools: Tools) -> None:
    """Raises UserError when the template leaves a tool out of the prompt, as one that knows no tools does without a word."""
    if not tools:
        return
    prompt = template.render([dict(message) for message in probe], True, tools)
    missing = [name for name in map(_name, tools) if name not in prompt]
    if missing:
        raise UserError(
            "the chat template leaves out the tools {names}",
            "take a base model whose template knows tools, or describe them in the system message",
            names=", ".join(missing),
        )


def written_call(
    template: Template, before: Sequence[Mapping[str, Any]], call: Mapping[str, Any], tools: Tools, stop: str
) -> str:
    """The text between the generation prompt and the stop token for a reply with tool calls, after the messages `before`.

    Raises UserError when the template does not write the call between the two.
    """
    prompt = template.render([dict(message) for message in before], True, tools)
    whole = template.render([*(dict(message) for message in before), dict(call)], False, tools)
    text, found, _ = whole.removeprefix(prompt).partition(stop)
    names = [_name(one) for one in call["tool_calls"]]
    if not whole.startswith(prompt) or not found or not all(name in text for name in names):
        raise UserError(
            "the chat template does not write the tool call {names} as a reply",
            "take a base model whose template knows tools, or write the call as the text of the reply",
            names=", ".join(names),
        )
    return text


def _name(given: Mapping[str, Any]) -> str:
    """Of a tool or a call, in the OpenAI API's form or without its envelope."""
    function = given.get("function", given)
    return str(function.get("name", "")) if isinstance(function, Mapping) else ""


def raw(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message as the template is given it."""
    kept = {"role": message["role"], "content": message["content"]}
    kept |= {"tool_calls": list(message["tool_calls"])} if message.get("tool_calls") else {}
    return kept | ({"reasoning_content": message["reasoning_content"]} if message.get("reasoning_content") else {})
