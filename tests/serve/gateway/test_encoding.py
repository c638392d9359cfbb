"""Embeddings and orders through a real gateway, in front of a server that tells them in any order."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from serve.conftest import Running, start, stop
from serve.upstream_server import Upstream, running_upstream


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with running_upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def routed(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("encoding")
    server = {"url": upstream.url, "model": "x", "retries": 0, "timeout_s": 5, "price": {"input": 1_000_000}}
    models = {
        "vectors": server | {"task": "embedding", "seats": 1},
        "masked": server | {"task": "embedding", "personal": "mask"},
        "order": server | {"task": "rerank"},
        "talk": server,
    }
    (folder / "serve.json").write_text(json.dumps({"models": models}))
    running = start(folder, requests_per_minute=6000, burst_requests=1000)
    yield running
    stop(running)


@pytest.fixture(scope="module")
def client(routed: Running) -> OpenAI:
    return OpenAI(base_url=f"{routed.url}/v1", api_key=routed.key, max_retries=0)


def post(running: Running, path: str, **body: Any) -> httpx.Response:
    return httpx.post(f"{running.url}/v1/{path}", json=body, headers=running.auth)


def exchanges(running: Running) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (running.folder / "exchanges.jsonl").read_text().splitlines()]


def test_every_text_has_its_vector(client: OpenAI, routed: Running) -> None:
    # The client asks for base64 by itself, and decodes it.
    answer = client.embeddings.create(model="vectors", input=["a", "four"])
    assert [entry.embedding for entry in answer.data] == [[1.0, 0.5], [4.0, 0.5]]
    assert answer.usage.prompt_tokens == 11
    told = exchanges(routed)[-1]
    assert (told["usage"]["prompt_tokens"], told["cost"], told["status"]) == (11, 11.0, 200)
    plain = post(routed, "embeddings", model="vectors", input="abc", dimensions=4).json()
    assert plain["data"] == [{"object": "embedding", "index": 0, "embedding": [3, 0.5, 0.0, 0.0]}]


def test_texts_are_ordered(routed: Running) -> None:
    answer = post(
        routed, "rerank", model="order", query="q", documents=["a", "abc", "ab"], top_n=2, return_documents=True
    ).json()
    assert answer["results"] == [
        {"index": 1, "relevance_score": 0.3, "document": {"text": "abc"}},
        {"index": 2, "relevance_score": 0.2, "document": {"text": "ab"}},
    ]
    assert answer["usage"]["total_tokens"] == 13


def test_personal_data_is_masked_before_it_leaves(routed: Running, upstream: Upstream) -> None:
    post(routed, "embeddings", model="masked", input=["call 13812345678", "13812345678 again"])
    assert upstream.bodies[-1]["input"] == ["call [PHONE_1]", "[PHONE_1] again"]


def test_a_vector_that_is_missing_is_an_error(client: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as error:
        client.embeddings.create(model="vectors", input=["short", "b"])
    assert (error.value.status_code, error.value.code) == (502, "upstream_garbage")


@pytest.mark.parametrize(
    ("path", "model", "named"),
    [
        ("embeddings", "talk", "/v1/chat/completions"),
        ("embeddings", "order", "/v1/rerank"),
        ("chat/completions", "vectors", "/v1/embeddings"),
    ],
)
def test_a_model_that_does_something_else_says_what(routed: Running, path: str, model: str, named: str) -> None:
    said = {"messages": [{"role": "user", "content": "a"}]} if path == "chat/completions" else {"input": "a"}
    answer = post(routed, path, model=model, **said)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "model_not_supported")
    assert named in answer.json()["error"]["message"]


def test_encoders_are_listed(client: OpenAI) -> None:
    assert {"vectors", "order", "talk"} <= {model.id for model in client.models.list()}


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [("embeddings", "input", []), ("embeddings", "input", ["a", ""]), ("embeddings", "input", [1, 2]), ("embeddings", "input", None),
     ("embeddings", "encoding_format", "xml"), ("embeddings", "dimensions", 0), ("embeddings", "n", 2), ("embeddings", "input", ["a"] * 2049),
     ("rerank", "documents", "a"), ("rerank", "query", ""), ("rerank", "top_n", 0)],
)  # fmt: skip
def test_what_is_no_request_is_refused(routed: Running, path: str, field: str, value: Any) -> None:
    body = (
        {"model": "vectors", "input": "a"}
        if path == "embeddings"
        else {"model": "order", "query": "q", "documents": ["a"]}
    )
    answer = post(routed, path, **(body | {field: value}))
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, field)
    assert httpx.post(f"{routed.url}/v1/{path}", json=body).status_code == 401


def test_a_client_that_leaves_frees_the_seat_and_the_server(routed: Running, upstream: Upstream) -> None:
    upstream.left.clear()
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{routed.url}/v1/embeddings", json={"model": "vectors", "input": "slow"}, headers=routed.auth, timeout=0.5
        )
    assert upstream.left.wait(5)
    until = time.monotonic() + 5
    while exchanges(routed)[-1]["status"] != 499 and time.monotonic() < until:
        time.sleep(0.02)
    assert post(routed, "embeddings", model="vectors", input="a").status_code == 200
