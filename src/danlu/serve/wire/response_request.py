"""Reads a request of the Responses API: the same conversation as in a chat completion, in items instead of messages.

https://platform.openai.com/docs/api-reference/responses/create. Nothing is kept between two requests, so each carries its whole conversation.
"""

from typing import Any

from danlu.serve.models import Caller, ChatRequest, Format, Message, Role, Tool, ToolCall, ToolChoice
from danlu.serve.wire.chat_request import HARMLESS, MOST_MESSAGES, effort
from danlu.serve.wire.errors import bad_value, unsupported
from danlu.serve.wire.fields import flag, integer, missing, number, object_of, refuse_unknown, string
from danlu.serve.wire.formats import schema_format
from danlu.serve.wire.tools import MOST_TOOLS, choice_of, function_tool, named_choice

_KNOWN = frozenset(
    "model input instructions stream temperature top_p max_output_tokens tools tool_choice parallel_tool_calls text reasoning".split()
)
# `include` asks for more of what an answer holds; what there is of it is always sent.
_HARMLESS = HARMLESS | {"include", "stream_options", "max_tool_calls"}
_UNSUPPORTED: dict[str, tuple[Any, ...]] = {
    "previous_response_id": (),
    "conversation": (),
    "background": (False,),
    "truncation": ("disabled",),
    "prompt": (),
    "top_logprobs": (0,),
    "context_management": (),
}
_ROLES: dict[Any, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_TEXTS = {"input_text": "text", "output_text": "text", "text": "text", "refusal": "refusal"}


def parse_response(body: bytes, caller: Caller) -> ChatRequest:
    """The request in this body. Raises ApiError 400 with the field named."""
    data = object_of(body)
    refuse_unknown(data, _KNOWN, _HARMLESS, _UNSUPPORTED)
    tools = _tools(data.get("tools"))
    return ChatRequest(
        model=string(data, "model"),
        messages=(*_instructions(data), *_input(data.get("input"))),
        stream=flag(data, "stream"),
        temperature=number(data, "temperature", 0.0, 2.0),
        top_p=number(data, "top_p", 0.0, 1.0),
        max_tokens=integer(data, "max_output_tokens", 1, 2**31),
        tools=tools,
        tool_choice=_choice(data.get("tool_choice"), tools),
        parallel_tool_calls=data.get("parallel_tool_calls") is None or flag(data, "parallel_tool_calls"),
        format=_format(data.get("text")),
        reasoning_effort=_reasoning(data.get("reasoning")),
        caller=caller,
    )


def _instructions(data: dict[str, Any]) -> tuple[Message, ...]:
    return () if data.get("instructions") is None else (Message("system", string(data, "instructions")),)


def _input(value: Any) -> tuple[Message, ...]:
    if value is None:
        raise missing("input")
    if isinstance(value, str) and value:
        return (Message("user", value),)
    if not isinstance(value, list) or not value or len(value) > MOST_MESSAGES:
        raise bad_value("input", f"expected a non-empty string or a list of 1 to {MOST_MESSAGES} items")
    messages: list[Message] = []
    for place, item in enumerate(value):
        _add(messages, item, f"input[{place}]")
    if not messages:
        raise bad_value("input", "expected a message")
    return tuple(messages)


def _add(messages: list[Message], item: Any, where: str) -> None:
    """Add an item to the conversation: calls of tools belong to the turn of the assistant that made them."""
    if not isinstance(item, dict):
        raise bad_value(where, "expected an object")
    kind = item.get("type", "message")
    if kind == "message":
        if item.get("role") not in _ROLES:
            raise bad_value(f"{where}.role", "expected system, developer, user or assistant")
        messages.append(Message(_ROLES[item["role"]], _content(item.get("content"), f"{where}.content")))
    elif kind == "function_call":
        if not isinstance(item.get("arguments"), str):
            raise bad_value(f"{where}.arguments", "expected JSON in a string")
        call = ToolCall(string(item, "call_id", f"{where}."), string(item, "name", f"{where}."), item["arguments"])
        before = messages.pop() if messages and messages[-1].role == "assistant" else Message("assistant", "")
        messages.append(Message("assistant", before.content, (*before.tool_calls, call)))
    elif kind == "function_call_output":
        call_id = string(item, "call_id", f"{where}.")
        messages.append(Message("tool", _content(item.get("output"), f"{where}.output"), tool_call_id=call_id))
    elif kind != "reasoning":  # thoughts of an earlier answer are not thought again
        raise unsupported(f"{where}.type", "messages, calls of functions and their outputs are read")


def _content(value: Any, where: str) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value:
        raise bad_value(where, "expected a string or a list of text parts")
    return "".join(_part(part, f"{where}[{place}]") for place, part in enumerate(value))


def _part(part: Any, where: str) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    field = _TEXTS.get(kind) if isinstance(kind, str) else None
    if field is None:
        raise unsupported(f"{where}.type", "only text parts are read")
    if not isinstance(part.get(field), str):
        raise bad_value(f"{where}.{field}", "expected a string")
    return str(part[field])


def _tools(value: Any) -> tuple[Tool, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MOST_TOOLS:
        raise bad_value("tools", f"expected a list of at most {MOST_TOOLS} tools")
    for place, tool in enumerate(value):
        if not isinstance(tool, dict) or tool.get("type") != "function":
            raise unsupported(f"tools[{place}].type", "only tools of type function are offered")
    tools = tuple(function_tool(tool, f"tools[{place}]") for place, tool in enumerate(value))
    if len({tool.name for tool in tools}) < len(tools):
        raise bad_value("tools", "two of them have one name")
    return tools


def _choice(value: Any, tools: tuple[Tool, ...]) -> ToolChoice:
    is_named = isinstance(value, dict) and value.get("type") == "function"
    return named_choice(value.get("name"), tools) if is_named else choice_of(value, tools)


def _format(text: Any) -> Format:
    if text is None:
        return Format()
    if not isinstance(text, dict):
        raise bad_value("text", "expected an object")
    refuse_unknown(text, {"format"}, (), {"verbosity": ("medium",)})
    value = text.get("format") or {"type": "text"}
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "json_schema":
        return schema_format(value, "text.format")
    if kind not in ("text", "json_object"):
        raise bad_value("text.format.type", "expected text, json_object or json_schema")
    return Format("json_object") if kind == "json_object" else Format()


def _reasoning(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, dict):
        raise bad_value("reasoning", "expected an object")
    return effort(value.get("effort"), "reasoning.effort")
