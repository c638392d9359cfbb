import json
from typing import Any

import pytest

from danlu.serve.models import Caller, ChatRequest, Message, Tool, ToolCall, ToolChoice
from danlu.serve.wire.chat_request import parse_chat
from danlu.serve.wire.errors import ApiError

HELLO = [{"role": "user", "content": "hello"}]


def parse(**fields: Any) -> ChatRequest:
    return parse_chat(json.dumps({"model": "m", "messages": HELLO} | fields).encode(), Caller())


def test_all_fields() -> None:
    request = parse(
        messages=[
            {"role": "developer", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        ],
        stream=True,
        stream_options={"include_usage": True},
        temperature=0.5,
        top_p=0.9,
        max_tokens=5,
        max_completion_tokens=7,
        stop=["x", "y"],
        seed=3,
        n=1,
        user="me",
        tools=None,
        presence_penalty=0,
        response_format={"type": "text"},
    )
    assert request.messages == (Message("system", "be brief"), Message("user", "ab"))
    assert request.stream and request.include_usage
    assert (request.temperature, request.top_p, request.max_tokens) == (0.5, 0.9, 7)
    assert (request.stop, request.seed) == (("x", "y"), 3)
    assert parse(stop="z").stop == ("z",)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 3}, "model"),
        ({"model": ""}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": ["hello"]}, "messages[0]"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": [], "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "assistant", "content": "x", "tool_calls": [{}]}]}, "messages[0].tool_calls[0]"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"stream": True, "stream_options": []}, "stream_options"),
        ({"stream": True, "stream_options": {"include_usage": 1}}, "include_usage"),
        ({"stream": True, "stream_options": {"other": 1}}, "stream_options.other"),
        ({"temperature": "0"}, "temperature"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_completion_tokens": False}, "max_completion_tokens"),
        ({"stop": [""]}, "stop"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": 3}, "stop"),
        ({"seed": "x"}, "seed"),
        ({"n": 17}, "n"),
        ({"n": 10**30}, "n"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"n": 0}, "n"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
        ({"tools": [{"type": "function", "function": {"name": "a"}}] * 2}, "tools"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": {"type": "function", "function": {"name": "none"}}}, "tool_choice"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "x"}}}},
            "response_format.json_schema.schema",
        ),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"logit_bias": {"x": 2}}, "logit_bias"),
        ({"logit_bias": {"1": 101}}, "logit_bias"),
        ({"frequency_penalty": 3}, "frequency_penalty"),
        ({"reasoning_effort": "much"}, "reasoning_effort"),
        ({"functions": [{"name": "a"}]}, "functions"),
        ({"temprature": 1}, "temprature"),
    ],
)
def test_a_wrong_field_is_400_and_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse(**fields)
    assert (refused.value.status, refused.value.param) == (400, param)
    assert param in refused.value.message


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"model": NaN}'])
def test_a_body_that_is_no_object_is_400(body: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        parse_chat(body, Caller())
    assert (refused.value.status, refused.value.code) == (400, "invalid_json")


def test_tools_calls_and_their_results_are_read() -> None:
    function = {"name": "weather", "description": "now", "parameters": {"type": "object"}, "strict": True}
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    turns = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "rain"}]},
    ]
    named = {"type": "function", "function": {"name": "weather"}}
    request = parse(messages=HELLO + turns, tools=[{"type": "function", "function": function}], tool_choice=named)
    assert request.tools == (Tool("weather", "now", {"type": "object"}, True),)
    assert request.tool_choice == ToolChoice("function", "weather")
    assert request.messages[-2:] == (
        Message("assistant", "", (ToolCall("c1", "weather", "{}"),)),
        Message("tool", "rain", tool_call_id="c1"),
    )


@pytest.mark.parametrize("levels", [40, 2_000, 100_000])
def test_deep_nesting_is_an_error_of_the_request(levels: int) -> None:
    schema = '{"items":' * levels + "{}" + "}" * levels
    body = f'{{"model":"m","messages":[{{"role":"user","content":"x"}}],"response_format":{{"type":"json_schema","json_schema":{{"name":"a","schema":{schema}}}}}}}'
    with pytest.raises(ApiError) as refused:
        parse_chat(body.encode(), Caller())
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "schema", [{"pattern": "(?=a)b"}, {"$ref": "http://127.0.0.1/x"}, {"patternProperties": {"(a)\\1": {}}}]
)
def test_a_schema_that_could_hold_or_leave_the_server_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as refused:
        parse(response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": schema}})
    assert refused.value.param == "response_format.json_schema.schema"
