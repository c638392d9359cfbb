"""Reads a chat completion request: everything that is not understood is an error, nothing is ignored in silence.

The fields are those of https://platform.openai.com/docs/api-reference/chat/create.
"""

from typing import Any

import orjson

from danlu.serve.errors import ApiError, bad_value, unsupported
from danlu.serve.models import ChatRequest, Message, Role

_SAMPLING = frozenset({"temperature", "top_p", "max_tokens", "max_completion_tokens", "stop", "seed", "n"})
_KNOWN = _SAMPLING | {"model", "messages", "stream", "stream_options"}
# Bookkeeping of the caller's own: dropping it changes no answer.
_HARMLESS = frozenset({"user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key"})
# Fields that would change the answer, with the values that ask for nothing.
_UNSUPPORTED: dict[str, tuple[Any, ...]] = {
    "tools": ([],),
    "tool_choice": ("none",),
    "parallel_tool_calls": (True, False),
    "functions": ([],),
    "function_call": ("none",),
    "response_format": ({"type": "text"},),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "modalities": (["text"],),
    "audio": (),
    "prediction": (),
    "reasoning_effort": (),
    "verbosity": (),
    "web_search_options": (),
}
_ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


def parse_chat(body: bytes, principals: frozenset[str]) -> ChatRequest:
    """The request in this body, of somebody who is these principals. Raises ApiError 400 with the field named."""
    data = _object(body)
    _refuse_unsupported(data)
    return ChatRequest(
        model=_string(data, "model"),
        messages=_messages(data.get("messages")),
        stream=_flag(data, "stream"),
        include_usage=_include_usage(data),
        temperature=_number(data, "temperature", 0.0, 2.0, default=0.0),
        top_p=_number(data, "top_p", 0.0, 1.0, default=1.0),
        max_tokens=_max_tokens(data),
        stop=_stop(data.get("stop")),
        seed=_integer(data, "seed", -(2**63), 2**63 - 1),
        principals=principals,
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, f"The body is not valid JSON: {error}.", code="invalid_json") from None
    if not isinstance(data, dict):
        raise ApiError(400, "The body must be a JSON object.", code="invalid_json")
    return data


def _refuse_unsupported(data: dict[str, Any]) -> None:
    for name, value in data.items():
        if name in _UNSUPPORTED and value is not None and value not in _UNSUPPORTED[name]:
            raise unsupported(name, "this server does not offer it; leave it out")
        if name not in _KNOWN and name not in _HARMLESS and name not in _UNSUPPORTED:
            raise ApiError(400, f"Unknown parameter: '{name}'.", code="unknown_parameter", param=name)
    if _integer(data, "n", 1, 2**31) not in (None, 1):
        raise unsupported("n", "only one choice is made for each request")


def _string(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise _missing(name) if value is None else bad_value(name, "expected a non-empty string")
    return value


def _missing(name: str) -> ApiError:
    return ApiError(400, f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name)


def _flag(data: dict[str, Any], name: str) -> bool:
    value = data.get(name)
    if value is not None and not isinstance(value, bool):
        raise bad_value(name, "expected true or false")
    return bool(value)


def _number(data: dict[str, Any], name: str, low: float, high: float, *, default: float) -> float:
    value = data.get(name)
    if value is None:
        return default
    # JSON has no NaN, so a plain comparison is enough; bool is an int to Python and a mistake here.
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise bad_value(name, f"expected a number from {low:g} to {high:g}")
    return float(value)


def _integer(data: dict[str, Any], name: str, low: int, high: int) -> int | None:
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise bad_value(name, f"expected a whole number, at least {low}" if low >= 0 else "expected a whole number")
    return value


def _max_tokens(data: dict[str, Any]) -> int | None:
    newer = _integer(data, "max_completion_tokens", 1, 2**31)
    older = _integer(data, "max_tokens", 1, 2**31)
    return older if newer is None else newer


def _include_usage(data: dict[str, Any]) -> bool:
    options = data.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, dict):
        raise bad_value("stream_options", "expected an object")
    if not data.get("stream"):
        raise bad_value("stream_options", "only allowed when 'stream' is true")
    for name in options.keys() - {"include_usage", "include_obfuscation"}:
        raise unsupported(f"stream_options.{name}", "only include_usage is offered")
    return _flag(options, "include_usage")


def _stop(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    stops = [value] if isinstance(value, str) else value
    if not isinstance(stops, list) or len(stops) > 4 or not all(isinstance(stop, str) and stop for stop in stops):
        raise bad_value("stop", "expected a non-empty string or up to four of them")
    return tuple(stops)


def _messages(value: Any) -> tuple[Message, ...]:
    if value is None:
        raise _missing("messages")
    if not isinstance(value, list) or not value:
        raise bad_value("messages", "expected a non-empty list")
    return tuple(_message(message, f"messages[{number}]") for number, message in enumerate(value))


def _message(value: Any, where: str) -> Message:
    if not isinstance(value, dict):
        raise bad_value(where, "expected an object with role and content")
    role = value.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise bad_value(f"{where}.role", "expected system, developer, user or assistant")
    if value.get("tool_calls"):
        raise unsupported(f"{where}.tool_calls", "this server does not offer tools")
    return Message(_ROLES[role], _content(value.get("content"), f"{where}.content"))


def _content(value: Any, where: str) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value:
        raise bad_value(where, "expected a string or a list of text parts")
    return "".join(_part(part, f"{where}[{number}]") for number, part in enumerate(value))


def _part(value: Any, where: str) -> str:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise bad_value(where, "expected an object with a type")
    if value["type"] != "text":
        raise unsupported(f"{where}.type", "only text parts are read")
    if not isinstance(value.get("text"), str):
        raise bad_value(f"{where}.text", "expected a string")
    return str(value["text"])
