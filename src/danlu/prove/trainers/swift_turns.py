"""What ms-swift makes of a conversation before any token: messages merged, thoughts added or removed, calls as text.

Facts from swift/template/base.py, template_inputs.py and agent_template/hermes.py of version 4.6.0 (Apache-2.0).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from danlu.core.errors import Phrase
from danlu.prove.trainers.trainer import CannotRender
from danlu.text.rows.rows import Conversation
from danlu.text.rows.shapes import TEXT

Context = str | list[int | str]
_TOOL_PROMPT = (
    "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n{tools}\n</tools>\n\n"
    "For each function call, return a json object with function name and arguments within <tool_call></tool_call> "
    'XML tags:\n<tool_call>\n{{"name": <function-name>, "arguments": <args-json-object>}}\n</tool_call>'
)


@dataclass
class Turn:
    """`role` is user, assistant, tool or call; several texts where messages of the assistant were merged."""

    role: str
    texts: list[str]
    contexts: list[Context] = field(default_factory=list)
    """A tool's results, already written in the template's own words."""

    @property
    def text(self) -> str:
        """The text of a turn that was not merged."""
        return "".join(self.texts)


def split_system(conversation: Conversation) -> tuple[str | None, list[Turn]]:
    """The system text (None: the row has none) and the turns, calls on their own."""
    if conversation.shape in ("preference", TEXT) or (conversation.prompt_messages and not conversation.plain_text):
        raise CannotRender(Phrase("ms-swift trains no replies on rows of shape {shape}", shape=conversation.shape))
    messages = list(conversation.messages)
    system = messages.pop(0)["content"] if messages[0]["role"] == "system" else None
    turns: list[Turn] = []
    for at, message in enumerate(messages):
        if message["role"] not in ("user", "assistant", "tool"):
            raise CannotRender(Phrase("ms-swift takes no message of role {role} at this place", role=message["role"]))
        if not message.get("tool_calls"):
            turns.append(Turn(message["role"], [message["content"]]))
            continue
        if message["content"]:
            turns.append(Turn("assistant", [message["content"]]))
        _check_order(message["tool_calls"], messages[at + 1 :])
        turns += [Turn("call", [_call(call.get("function", call))]) for call in message["tool_calls"]]
    return system, turns


def _check_order(calls: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> None:
    """Results that come in another order than their calls are sorted by ms-swift, which is not done here."""
    asked = [call.get("id") for call in calls]
    answered = [message.get("tool_call_id") for message in after[: len(calls)] if message["role"] == "tool"]
    if None not in asked and sorted(map(str, asked)) == sorted(map(str, answered)) and asked != answered:
        raise CannotRender(Phrase("the results of calls stand in another order than the calls"))


def _call(call: Mapping[str, Any]) -> str:
    arguments = call.get("arguments", {})
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except json.JSONDecodeError:
            raise CannotRender(Phrase("the arguments of a call are no JSON")) from None
    called = json.dumps({"name": call["name"], "arguments": arguments}, ensure_ascii=False)
    return f"<tool_call>\n{called}\n</tool_call>"


def tool_system(system: str | None, tools: Sequence[Mapping[str, Any]]) -> str:
    """The system text with the tools that the model may call."""
    described = [
        tool if "type" in tool or "function" in tool else {"type": "function", "function": tool} for tool in tools
    ]
    return (system or "") + _TOOL_PROMPT.format(
        tools="\n".join(json.dumps(tool, ensure_ascii=False) for tool in described)
    )


def merged(turns: list[Turn], prompt: Sequence[Context], chat_sep: Sequence[Context]) -> list[Turn]:
    """Calls as replies, neighbours of one role as one turn, results of tools in the words of the template."""
    out: list[Turn] = []
    at = 0
    while at < len(turns):
        end = at + 1
        while end < len(turns) and turns[end].role == turns[at].role and turns[at].role in ("call", "tool"):
            end += 1
        group, role = turns[at:end], turns[at].role
        before = out[-1].role if out else ""
        if role == "call":
            _append_reply(out, ["\n".join(turn.text for turn in group)])
        elif role == "tool" and before == "assistant":
            out.append(Turn("tool", [], _results(group, prompt, chat_sep)))
        elif role == "tool":
            raise CannotRender(Phrase("a tool's result follows no call"))
        elif role == "assistant":
            _append_reply(out, list(group[0].texts))
        elif before == "user":
            out[-1].texts = [out[-1].text + group[0].text]
        else:
            out.append(Turn("user", list(group[0].texts)))
        at = end
    return out


def _append_reply(out: list[Turn], texts: list[str]) -> None:
    if out and out[-1].role == "assistant":
        out[-1].texts += texts
    else:
        out.append(Turn("assistant", texts))


def _results(group: Sequence[Turn], prompt: Sequence[Context], chat_sep: Sequence[Context]) -> list[Context]:
    written = "\n".join(f"<tool_response>\n{turn.text}\n</tool_response>" for turn in group)
    asked = [context.replace("{{QUERY}}", written) if isinstance(context, str) else context for context in prompt]
    return [*chat_sep, *asked]


def last_question(turns: Sequence[Turn]) -> int:
    """Where the last turn of the user or of a tool stands."""
    return max((at for at, turn in enumerate(turns) if turn.role in ("user", "tool")), default=-1)
