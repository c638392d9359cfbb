"""The body of a request to an OpenAI-compatible server: only what the caller asked for, so that the server's defaults stay its own."""

from collections.abc import Callable
from typing import Any

from danlu.serve.models import ChatRequest, Format, Message, Tool, ToolChoice
from danlu.serve.routes.upstream.marks import harmless


def body_of(
    request: ChatRequest, model: str, *, stream: bool, newer_limit: bool = False, renders_template: bool = False
) -> dict[str, Any]:
    """The body as an object. `newer_limit`: the server wants `max_completion_tokens`, as OpenAI's newer models do; `renders_template`: it
    would read marks of its chat template in messages as such.
    """
    clean = harmless if renders_template else str
    limit = "max_completion_tokens" if newer_limit and not request.raw else "max_tokens"
    body: dict[str, Any] = {"model": model}
    if request.raw:
        body["prompt"] = request.messages[0].content
    else:
        body["messages"] = [_message(message, clean) for message in request.messages]
    asked = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        limit: request.max_tokens,
        "stop": list(request.stop) or None,
        "seed": request.seed,
        "n": request.n if request.n > 1 else None,
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
        "reasoning_effort": request.reasoning_effort or None,
        "logprobs": request.logprobs or None,
        "top_logprobs": request.top_logprobs or None,
    }
    body |= {name: value for name, value in asked.items() if value is not None}
    if request.logit_bias:
        body["logit_bias"] = {str(token): bias for token, bias in request.logit_bias}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        body["tool_choice"] = _tool_choice(request.tool_choice)
        if not request.parallel_tool_calls:
            body["parallel_tool_calls"] = False
    if request.format.kind != "text":
        body["response_format"] = _format(request.format)
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def _message(message: Message, clean: Callable[[str], str]) -> dict[str, Any]:
    content = clean(message.content)
    out: dict[str, Any] = {"role": message.role, "content": content}
    if message.tool_calls:
        out["content"] = content or None
        out["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        out["tool_call_id"] = message.tool_call_id
    return out


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {
        "name": tool.name,
        "parameters": tool.parameters or {"type": "object", "properties": {}},
    }
    if tool.description:
        function["description"] = tool.description
    if tool.strict:
        function["strict"] = True
    return {"type": "function", "function": function}


def _tool_choice(choice: ToolChoice) -> Any:
    return {"type": "function", "function": {"name": choice.name}} if choice.mode == "function" else choice.mode


def _format(format: Format) -> dict[str, Any]:
    if format.kind == "json_object":
        return {"type": "json_object"}
    schema = {"name": format.name, "schema": format.schema} | ({"strict": True} if format.strict else {})
    return {"type": "json_schema", "json_schema": schema}
