import json
from typing import Any

import pytest

from danlu.serve.errors import ApiError
from danlu.serve.models import ChatRequest, Message
from danlu.serve.parse import parse_chat

HELLO = [{"role": "user", "content": "hello"}]


def parse(**fields: Any) -> ChatRequest:
    return parse_chat(json.dumps({"model": "m", "messages": HELLO} | fields).encode(), frozenset())


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
        ({"messages": [{"role": "assistant", "content": "x", "tool_calls": [{}]}]}, "messages[0].tool_calls"),
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
        ({"n": 2}, "n"),
        ({"n": 0}, "n"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"logprobs": True}, "logprobs"),
        ({"logit_bias": {"1": 2}}, "logit_bias"),
        ({"frequency_penalty": 1}, "frequency_penalty"),
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
        parse_chat(body, frozenset())
    assert (refused.value.status, refused.value.code) == (400, "invalid_json")
