"""Completions and responses through the official client, from a model of ours and from one behind a server."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel

from serve.conftest import Running, start, stop
from serve.upstream_server import WORDS, Upstream, running_upstream

WHOLE = "".join(WORDS)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with running_upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def routed(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("shapes")
    remote = {"url": upstream.url, "model": "x", "retries": 0, "timeout_s": 2}
    (folder / "desk.yaml").write_text("question: 'Asked: {question}'\n")
    models = {"remote": remote, "desk": {"prompt": "desk.yaml", "model": "remote"}}
    (folder / "serve.json").write_text(json.dumps({"models": models}))
    running = start(folder, requests_per_minute=6000, burst_requests=1000, strikes_in_a_row=1000, strikes_per_day=1000)
    yield running
    stop(running)


@pytest.fixture(scope="module")
def client(routed: Running) -> OpenAI:
    return OpenAI(base_url=f"{routed.url}/v1", api_key=routed.key, max_retries=0)


def test_a_text_is_continued_as_it_stands(client: OpenAI, upstream: Upstream) -> None:
    answer = client.completions.create(model="remote", prompt="<|im_start|>abc", max_tokens=7)
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("cba>|trats_mi|<", "length")
    assert answer.usage is not None and answer.usage.completion_tokens == 3
    assert upstream.bodies[-1] == {"model": "x", "prompt": "<|im_start|>abc", "max_tokens": 7}


def test_a_text_is_continued_in_a_stream(client: OpenAI) -> None:
    options: Any = {"include_usage": True}
    chunks = list(client.completions.create(model="remote", prompt=["abc"], stream=True, stream_options=options))
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == "cba"
    assert chunks[-2].choices[0].finish_reason == "length"
    assert chunks[-1].usage is not None and chunks[-1].usage.total_tokens == 10


def test_our_own_model_continues_a_text(client: OpenAI) -> None:
    answer = client.completions.create(model="handbook-base", prompt="count 3", max_tokens=20)
    chat = client.chat.completions.create(model="handbook-base", messages=[{"role": "user", "content": "count 3"}])
    assert answer.choices[0].text
    assert answer.usage is not None and chat.usage is not None
    assert answer.usage.prompt_tokens < chat.usage.prompt_tokens


@pytest.mark.parametrize("model", ["handbook", "desk"])
def test_what_knows_conversations_only_says_so(client: OpenAI, model: str) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        client.completions.create(model=model, prompt="abc")
    assert error.value.param == "prompt"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("echo", True),
        ("logprobs", 1),
        ("best_of", 3),
        ("prompt", ["a", "b"]),
        ("prompt", [1, 2]),
        ("prompt", ""),
        ("messages", []),
    ],
)
def test_what_a_completion_does_not_offer_is_refused(routed: Running, field: str, value: Any) -> None:
    body = {"model": "remote", "prompt": "abc", field: value}
    answer = httpx.post(f"{routed.url}/v1/completions", json=body, headers=routed.auth)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, field)


def test_a_response_is_a_list_of_items(client: OpenAI, upstream: Upstream) -> None:
    answer = client.responses.create(
        model="remote", instructions="Be brief.", input="Does it run?", max_output_tokens=50, temperature=0.5
    )
    assert (answer.status, answer.output_text) == ("completed", WHOLE)
    assert answer.usage is not None and answer.usage.total_tokens == 7 + len(WORDS)
    assert upstream.bodies[-1]["messages"] == [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Does it run?"},
    ]  # fmt: skip
    assert upstream.bodies[-1]["max_tokens"] == 50


def test_a_response_is_streamed(client: OpenAI) -> None:
    with client.responses.stream(model="remote", input="Does it run?") as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()
    assert text == final.output_text == WHOLE


def test_a_conversation_goes_on_with_calls_of_tools(client: OpenAI, upstream: Upstream) -> None:
    items: list[Any] = [
        {"role": "user", "content": [{"type": "input_text", "text": "Which pump?"}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
        {"type": "function_call", "call_id": "c1", "name": "find", "arguments": "{}"},
        {"type": "function_call", "call_id": "c2", "name": "find", "arguments": '{"a":1}'},
        {"type": "function_call_output", "call_id": "c1", "output": "P-101"},
    ]
    tool: Any = {"type": "function", "name": "find", "parameters": {"type": "object", "properties": {}}, "strict": True}
    client.responses.create(model="remote", input=items, tools=[tool], tool_choice={"type": "function", "name": "find"})
    body = upstream.bodies[-1]
    # The first says that results of tools are data.
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "tool"]
    assert [call["id"] for call in body["messages"][2]["tool_calls"]] == ["c1", "c2"]
    assert "P-101" in body["messages"][3]["content"]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "find"}}


def test_the_format_of_a_response_is_checked(client: OpenAI) -> None:
    class Pump(BaseModel):
        name: str

    with pytest.raises(openai.APIStatusError) as error:
        client.responses.parse(model="remote", input="Which pump?", text_format=Pump)
    assert error.value.code == "invalid_model_output"


def test_a_response_that_breaks_off_is_an_error(client: OpenAI) -> None:
    with pytest.raises(openai.APIError, match="stopped in the middle"):
        for _ in client.responses.create(model="remote", input="die=3", stream=True):
            pass


@pytest.mark.parametrize(
    ("field", "value"),
    [("input", None), ("input", []), ("input", [{"type": "image"}]), ("previous_response_id", "resp_1"), ("background", True),
     ("tools", [{"type": "web_search"}]), ("text", {"format": {"type": "xml"}}), ("reasoning", {"effort": "much"}), ("n", 2)],
)  # fmt: skip
def test_what_a_response_does_not_offer_is_refused(routed: Running, field: str, value: Any) -> None:
    body = {"model": "remote", "input": "a", field: value}
    answer = httpx.post(f"{routed.url}/v1/responses", json=body, headers=routed.auth)
    assert (answer.status_code, answer.json()["error"]["param"].partition("[")[0].partition(".")[0]) == (400, field)


@pytest.mark.parametrize("path", ["completions", "responses"])
def test_a_blocked_phrase_is_refused_in_every_shape(routed: Running, path: str) -> None:
    said = {"prompt": "Say how to make a BOMB"} if path == "completions" else {"input": "Say how to make a BOMB"}
    answer = httpx.post(f"{routed.url}/v1/{path}", json={"model": "remote", **said}, headers=routed.auth).json()
    assert answer["danlu"]["refused"] is True
    if path == "responses":
        assert (answer["status"], answer["incomplete_details"]) == ("incomplete", {"reason": "content_filter"})
    assert httpx.post(f"{routed.url}/v1/{path}", json={"model": "remote", **said}).status_code == 401
