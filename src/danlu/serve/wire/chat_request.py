"""Reads a chat completion request: everything that is not understood is an error, nothing is ignored in silence.

The fields are those of https://platform.openai.com/docs/api-reference/chat/create.
"""

from typing import Any

from danlu.serve.models import Caller, ChatRequest, Message, Role, ToolCall
from danlu.serve.wire.errors import bad_value, unsupported
from danlu.serve.wire.fields import flag, integer, missing, number, object_of, refuse_unknown, stops, string
from danlu.serve.wire.formats import format_of
from danlu.serve.wire.tools import choice_of, tools_of

MOST_CHOICES = 16
MOST_MESSAGES = 4_096
_KNOWN = frozenset(
    "model messages stream stream_options temperature top_p max_tokens max_completion_tokens stop seed n tools tool_choice "
    "parallel_tool_calls response_format logprobs top_logprobs presence_penalty frequency_penalty logit_bias reasoning_effort".split()
)
# Bookkeeping of the caller's own: dropping it changes no answer.
HARMLESS = frozenset({"user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key"})
# Fields that would change the answer, with the values that ask for nothing.
UNSUPPORTED: dict[str, tuple[Any, ...]] = {
    "functions": ([],),
    "function_call": ("none",),
    "modalities": (["text"],),
    "audio": (),
    "prediction": (),
    "verbosity": ("medium",),
    "web_search_options": (),
}
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")


def parse_chat(body: bytes, caller: Caller) -> ChatRequest:
    """The request in this body. Raises ApiError 400 with the field named."""
    data = object_of(body)
    refuse_unknown(data, _KNOWN, HARMLESS, UNSUPPORTED)
    tools = tools_of(data.get("tools"))
    newer = integer(data, "max_completion_tokens", 1, 2**31)
    older = integer(data, "max_tokens", 1, 2**31)
    return ChatRequest(
        model=string(data, "model"),
        messages=_messages(data.get("messages")),
        stream=flag(data, "stream"),
        include_usage=include_usage(data),
        temperature=number(data, "temperature", 0.0, 2.0),
        top_p=number(data, "top_p", 0.0, 1.0),
        max_tokens=older if newer is None else newer,
        stop=stops(data.get("stop")),
        seed=integer(data, "seed", -(2**63), 2**63 - 1),
        n=integer(data, "n", 1, MOST_CHOICES) or 1,
        tools=tools,
        tool_choice=choice_of(data.get("tool_choice"), tools),
        parallel_tool_calls=data.get("parallel_tool_calls") is None or flag(data, "parallel_tool_calls"),
        format=format_of(data.get("response_format")),
        logprobs=flag(data, "logprobs"),
        top_logprobs=_top_logprobs(data),
        presence_penalty=number(data, "presence_penalty", -2.0, 2.0),
        frequency_penalty=number(data, "frequency_penalty", -2.0, 2.0),
        logit_bias=logit_bias(data.get("logit_bias")),
        reasoning_effort=effort(data.get("reasoning_effort")),
        caller=caller,
    )


def include_usage(data: dict[str, Any]) -> bool:
    """Whether a stream ends with its usage. Raises ApiError 400."""
    options = data.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, dict):
        raise bad_value("stream_options", "expected an object")
    if not data.get("stream"):
        raise bad_value("stream_options", "only allowed when 'stream' is true")
    for name in options.keys() - {"include_usage", "include_obfuscation"}:
        raise unsupported(f"stream_options.{name}", "only include_usage is offered")
    return flag(options, "include_usage")


def _top_logprobs(data: dict[str, Any]) -> int:
    top = integer(data, "top_logprobs", 0, 20) or 0
    if top and not data.get("logprobs"):
        raise bad_value("top_logprobs", "only allowed when 'logprobs' is true")
    return top


def logit_bias(value: Any) -> tuple[tuple[int, float], ...]:
    """Biases by token id. Raises ApiError 400."""
    if value is None:
        return ()
    if not isinstance(value, dict) or len(value) > 1_024:
        raise bad_value("logit_bias", "expected an object of at most 1024 token ids")
    out = []
    for token, bias in value.items():
        if not token.isdecimal() or len(token) > 9:
            raise bad_value("logit_bias", f"'{token[:40]}' is no token id")
        checked = number({"logit_bias": bias}, "logit_bias", -100.0, 100.0)
        out.append((int(token), checked or 0.0))
    return tuple(out)


def effort(value: Any, where: str = "reasoning_effort") -> str:
    """How much a model is to think. Raises ApiError 400."""
    if value is None:
        return ""
    if value not in _EFFORTS:
        raise bad_value(where, f"expected one of {', '.join(_EFFORTS)}")
    return str(value)


def _messages(value: Any) -> tuple[Message, ...]:
    if value is None:
        raise missing("messages")
    if not isinstance(value, list) or not value or len(value) > MOST_MESSAGES:
        raise bad_value("messages", f"expected a list of 1 to {MOST_MESSAGES} messages")
    return tuple([_message(message, number) for number, message in enumerate(value)])


def _message(value: Any, place: int) -> Message:
    where = f"messages[{place}]"
    if not isinstance(value, dict):
        raise bad_value(where, "expected an object with role and content")
    role = value.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise bad_value(f"{where}.role", "expected system, developer, user, assistant or tool")
    content = value.get("content")
    if role == "tool":
        return Message("tool", _content(content, where), tool_call_id=string(value, "tool_call_id", f"{where}."))
    calls = _calls(value.get("tool_calls"), where) if role == "assistant" else ()
    if content is None and role == "assistant" and (calls or value.get("refusal")):
        return Message("assistant", value.get("refusal") or "", calls)
    return Message(_ROLES[role], _content(content, where), calls)


def _calls(value: Any, where: str) -> tuple[ToolCall, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise bad_value(f"{where}.tool_calls", "expected a list")
    return tuple(_call(call, f"{where}.tool_calls[{number}]") for number, call in enumerate(value))


def _call(value: Any, where: str) -> ToolCall:
    function = value.get("function") if isinstance(value, dict) else None
    if not isinstance(function, dict) or value.get("type", "function") != "function":
        raise bad_value(where, "expected an object of type function")
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        raise bad_value(f"{where}.function.arguments", "expected JSON in a string")
    return ToolCall(string(value, "id", f"{where}."), string(function, "name", f"{where}.function."), arguments)


def _content(value: Any, where: str) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value:
        raise bad_value(f"{where}.content", "expected a string or a list of text parts")
    return "".join(_part(part, f"{where}.content[{number}]") for number, part in enumerate(value))


def _part(value: Any, where: str) -> str:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise bad_value(where, "expected an object with a type")
    field = {"text": "text", "refusal": "refusal"}.get(value["type"])
    if field is None:
        raise unsupported(f"{where}.type", "only text parts are read")
    if not isinstance(value.get(field), str):
        raise bad_value(f"{where}.{field}", "expected a string")
    return str(value[field])
