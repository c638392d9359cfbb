"""What LLaMA-Factory makes of a row before any template: a system text and turns that alternate (data/converter.py)."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from danlu.core.errors import Phrase
from danlu.prove.trainers.trainer import CannotRender
from danlu.text.rows.rows import Conversation
from danlu.text.rows.shapes import TEXT

MEDIA = ("<image>", "<video>", "<audio>")
_ANSWERS = ("assistant", "function")
_THINKING_OFF = "detailed thinking off"
_TOOL_PROMPT = (
    "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>{tools}\n</tools>\n\n"
    "For each function call, return a json object with function name and arguments within <tool_call></tool_call> "
    'XML tags:\n<tool_call>\n{{"name": <function-name>, "arguments": <args-json-object>}}\n</tool_call>'
)
"""The wording of Qwen's own chat templates, which models trained on it expect to the letter."""


class Turn(NamedTuple):
    """`role` is user, assistant, observation (a tool's result) or function (a call)."""

    role: str
    content: str
    calls: tuple[Mapping[str, Any], ...] = ()


def alternating(conversation: Conversation, formatting: str | None) -> tuple[str, list[Turn]]:
    """The system text and the turns. Raises CannotRender for a row that LLaMA-Factory drops or cannot take.

    OpenAI messages are documented as ShareGPT with other tags; only rows with calls need the converter named openai.
    """
    if conversation.shape in ("preference", TEXT) or (conversation.prompt_messages and not conversation.plain_text):
        raise CannotRender(Phrase("LLaMA-Factory trains no replies on rows of shape {shape}", shape=conversation.shape))
    messages = list(conversation.messages)
    has_calls = any("tool_calls" in message for message in messages)
    is_openai = conversation.shape == "openai" and (formatting == "openai" or (formatting is None and has_calls))
    system = messages.pop(0)["content"] if messages[0]["role"] == "system" else ""
    if is_openai:
        system = _openai_system(system, has_tools=bool(conversation.tools))
    turns: list[Turn] = []
    for message in messages:
        turn = _turn(message, conversation.shape)
        if turn.role == "observation" and is_openai and turns and turns[-1].role == "observation":
            joined = "\n</tool_response>\n<tool_response>\n".join([turns.pop().content, turn.content])
            turn = Turn("observation", joined)
        turns.append(turn)
    asks = [turn.role not in _ANSWERS for turn in turns]
    if len(turns) % 2 or any(ask != (at % 2 == 0) for at, ask in enumerate(asks)):
        raise CannotRender(
            Phrase("LLaMA-Factory drops this row: it takes only turns that alternate between a question and a reply")
        )
    if any(medium in text for medium in MEDIA for text in (system, *(turn.content for turn in turns))):
        raise CannotRender(Phrase("LLaMA-Factory reads {media} in a text as a place for media", media=", ".join(MEDIA)))
    return system, turns


def _openai_system(system: str, *, has_tools: bool) -> str:
    """What that converter adds to every row, whatever the model: a switch that only the Ling models know."""
    if has_tools:
        return system + "\n" if system else ""
    if "detailed thinking on" in system or _THINKING_OFF in system:
        return system
    return f"{system}\n{_THINKING_OFF}" if system else _THINKING_OFF


def _turn(message: Mapping[str, Any], shape: str) -> Turn:
    if message["role"] not in ("user", "assistant", "tool"):
        raise CannotRender(Phrase("LLaMA-Factory takes no message of role {role} at this place", role=message["role"]))
    content = message["content"]
    if message.get("tool_calls"):
        calls = tuple(call.get("function", call) for call in message["tool_calls"])
        # OpenAI messages lose what stands beside a call; ShareGPT turns keep a thought before it.
        return Turn("function", "" if shape == "openai" else content, calls)
    return Turn({"tool": "observation"}.get(message["role"], message["role"]), content)


def tool_text(tool_format: str, tools: tuple[Mapping[str, Any], ...]) -> str:
    """What follows the system text to tell the model of its tools."""
    wrapped = [tool if tool.get("type") == "function" else {"type": "function", "function": tool} for tool in tools]
    if tool_format == "qwen":
        return _TOOL_PROMPT.format(tools="".join("\n" + _json(tool) for tool in wrapped))
    if tool_format == "mistral":
        return "[AVAILABLE_TOOLS] " + _json(wrapped) + "[/AVAILABLE_TOOLS]"
    raise _unknown(tool_format)


def call_text(tool_format: str, turn: Turn, thought_words: tuple[str, str]) -> str:
    """A call as the model writes it, behind the thought that led to it."""
    thought = re.search(f"{re.escape(thought_words[0])}(.*?){re.escape(thought_words[1])}", turn.content, re.DOTALL)
    if turn.content and (thought is None or turn.content.replace(thought.group(0), "").strip()):
        raise CannotRender(Phrase("LLaMA-Factory stops at a call that has other text than a thought before it"))
    calls = [{"name": call["name"], "arguments": call["arguments"]} for call in turn.calls]
    before = thought.group(0) if thought else ""
    if tool_format == "qwen":
        return before + "\n".join(f"<tool_call>\n{_json(call)}\n</tool_call>" for call in calls)
    if tool_format == "mistral":
        return before + _json(calls)
    raise _unknown(tool_format)


def _unknown(tool_format: str) -> CannotRender:
    return CannotRender(Phrase("the tool format {name} of LLaMA-Factory is not known here", name=tool_format))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
