"""The tools that a request offers to the model, and how it may choose among them."""

import re
from typing import Any, Literal

from danlu.serve.models import Tool, ToolChoice
from danlu.serve.wire.errors import bad_value, unsupported
from danlu.serve.wire.fields import flag

MOST_TOOLS = 128
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MODES: dict[Any, Literal["auto", "none", "required"]] = {"auto": "auto", "none": "none", "required": "required"}


def tools_of(value: Any) -> tuple[Tool, ...]:
    """The `tools` of a chat completion. Raises ApiError 400."""
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MOST_TOOLS:
        raise bad_value("tools", f"expected a list of at most {MOST_TOOLS} tools")
    tools = tuple(_tool(tool, f"tools[{number}]") for number, tool in enumerate(value))
    names = [tool.name for tool in tools]
    if len(set(names)) < len(names):
        raise bad_value("tools", "two of them have one name")
    return tools


def _tool(value: Any, where: str) -> Tool:
    if not isinstance(value, dict):
        raise bad_value(where, "expected an object")
    if value.get("type") != "function":
        raise unsupported(f"{where}.type", "only tools of type function are offered")
    function = value.get("function")
    if not isinstance(function, dict):
        raise bad_value(f"{where}.function", "expected an object")
    return function_tool(function, f"{where}.function")


def function_tool(function: dict[str, Any], where: str) -> Tool:
    """A tool from the object that names it, describes it and says its parameters. Raises ApiError 400."""
    name, description, parameters = function.get("name"), function.get("description"), function.get("parameters")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise bad_value(f"{where}.name", "expected 1 to 64 letters, digits, _ or -")
    if description is not None and not isinstance(description, str):
        raise bad_value(f"{where}.description", "expected a string")
    if parameters is not None and not isinstance(parameters, dict):
        raise bad_value(f"{where}.parameters", "expected a JSON schema, an object")
    return Tool(name, description or "", parameters or {}, flag(function, "strict"))


def choice_of(value: Any, tools: tuple[Tool, ...]) -> ToolChoice:
    """The `tool_choice` of a chat completion. Raises ApiError 400."""
    if value is None:
        return ToolChoice()
    if isinstance(value, str) and value in _MODES:
        if value == "required" and not tools:
            raise bad_value("tool_choice", "'required' needs tools")
        return ToolChoice(_MODES[value])
    function = value.get("function") if isinstance(value, dict) and value.get("type") == "function" else None
    name = function.get("name") if isinstance(function, dict) else None
    return named_choice(name, tools)


def named_choice(name: Any, tools: tuple[Tool, ...]) -> ToolChoice:
    """The choice of one tool by its name. Raises ApiError 400."""
    if not isinstance(name, str):
        raise bad_value("tool_choice", "expected auto, none, required or an object that names a function")
    if name not in {tool.name for tool in tools}:
        raise bad_value("tool_choice", f"there is no tool '{name[:64]}'")
    return ToolChoice("function", name)
