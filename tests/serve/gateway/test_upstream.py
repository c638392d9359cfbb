"""The whole gateway in front of a server that fails: what clients see, what is billed, what is freed."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from serve.conftest import Running, start, stop
from serve.upstream_server import WORDS, Upstream, running_upstream

WHOLE = "".join(WORDS)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with running_upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def routed(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("routed")
    remote = {"url": upstream.url, "model": "x", "retries": 0, "timeout_s": 2, "price": {"input": 2, "output": 8}}
    models = {
        "remote": remote,
        "single": remote | {"seats": 1},
        "dead": {"url": "http://127.0.0.1:9/v1", "model": "x", "retries": 0},
        "chain": {"first": ["dead", "remote"]},
    }
    (folder / "serve.json").write_text(json.dumps({"models": models}))
    running = start(folder, requests_per_minute=6000, burst_requests=1000)
    yield running
    stop(running)


@pytest.fixture(scope="module")
def client(routed: Running) -> OpenAI:
    return OpenAI(base_url=f"{routed.url}/v1", api_key=routed.key, max_retries=0)


def turns(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def last_exchange(routed: Running, seen: int) -> dict[str, Any]:
    """The next one that is written down after `seen` lines."""
    path = routed.folder / "exchanges.jsonl"
    until = time.monotonic() + 10
    while time.monotonic() < until:
        lines = path.read_text().splitlines() if path.exists() else []
        if len(lines) > seen:
            found: dict[str, Any] = json.loads(lines[-1])
            return found
        time.sleep(0.02)
    raise AssertionError("no exchange was written down")


def count(routed: Running) -> int:
    path = routed.folder / "exchanges.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


def leave_in_the_middle(routed: Running, body: dict[str, Any], events: int) -> None:
    """Send a request on a bare socket and go away after some events, without a goodbye."""
    host, port = routed.url.removeprefix("http://").split(":")
    content = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {routed.key}\r\nContent-Length: {len(content)}\r\n\r\n"
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(head.encode() + content)
        got = b""
        while got.count(b"data: ") < events:
            got += connection.recv(65_536)
        if not events:
            time.sleep(0.3)


def test_a_server_s_answer_whole_and_streamed(client: OpenAI) -> None:
    whole = client.chat.completions.create(model="remote", messages=turns("usage=empty"))
    assert whole.choices[0].message.content == WHOLE and whole.choices[0].finish_reason == "stop"
    assert whole.usage and (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (7, 5)
    stream = client.chat.completions.create(
        model="remote", messages=turns("usage=empty split"), stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == WHOLE
    assert chunks[-1].usage and chunks[-1].usage.completion_tokens == 5


def test_a_server_that_dies_in_the_middle_is_an_error_event_without_an_end_mark(
    client: OpenAI, routed: Running
) -> None:
    seen = count(routed)
    body = {"model": "remote", "messages": turns("die=3"), "stream": True}
    raw = httpx.post(f"{routed.url}/v1/chat/completions", json=body, headers=routed.auth).text
    assert "[DONE]" not in raw and '"code":"upstream_cut_off"' in raw
    exchange = last_exchange(routed, seen)
    assert exchange["error_code"] == "upstream_cut_off" and exchange["usage"]["completion_tokens"] >= 1
    with pytest.raises(openai.APIError):
        list(client.chat.completions.create(model="remote", messages=turns("die=3"), stream=True))


def test_a_client_that_leaves_a_stream_frees_everything_and_pays_for_what_was_made(
    routed: Running, upstream: Upstream
) -> None:
    upstream.left.clear()
    seen = count(routed)
    leave_in_the_middle(routed, {"model": "single", "messages": turns("loop"), "stream": True}, events=6)
    assert upstream.left.wait(5) and upstream.made <= 5 + 10
    exchange = last_exchange(routed, seen)
    assert exchange["status"] == 499 and exchange["usage"]["completion_tokens"] >= 5 and exchange["cost"] > 0
    answered = httpx.post(
        f"{routed.url}/v1/chat/completions", json={"model": "single", "messages": turns("x")}, headers=routed.auth
    )
    assert answered.status_code == 200, "its seat is free"


def test_a_client_that_leaves_a_whole_answer_does_too(routed: Running, upstream: Upstream) -> None:
    upstream.left.clear()
    seen = count(routed)
    leave_in_the_middle(routed, {"model": "single", "messages": turns("slow=60")}, events=0)
    assert upstream.left.wait(5)
    exchange = last_exchange(routed, seen)
    assert exchange["status"] == 499 and exchange["usage"]["prompt_tokens"] >= 1


def test_the_next_model_of_a_chain_answers_and_the_answer_names_it(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="chain", messages=turns("x"))
    assert answer.choices[0].message.content == WHOLE
    assert (answer.model_extra or {})["danlu"] == {
        "answered_by": "remote",
        "failed_before": {"dead": "upstream_unavailable"},
    }


def test_a_dead_server_does_not_delay_the_list_of_models(client: OpenAI) -> None:
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="dead", messages=turns("x"))
    assert [model.id for model in client.models.list()][2:] == ["remote", "single", "dead", "chain"]


def test_the_server_s_refusal_of_a_long_prompt_is_told_as_such(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="remote", messages=turns("fail=400*9 long"))
    assert refused.value.code == "context_length_exceeded"


def test_the_log_holds_no_key_of_a_server(routed: Running) -> None:
    assert "sk-" not in Path(routed.folder / "stderr.txt").read_text()
