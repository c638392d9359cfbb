"""The API as the official client sees it."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from danlu.guard.words import notice, refusal
from serve.conftest import Running


@pytest.fixture(scope="module")
def client(gateway: Running) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0) as client:
        yield client


def ask(client: OpenAI, model: str, content: Any, **options: Any) -> Any:
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": content}], **options)


def stream(client: OpenAI, model: str, content: str, **options: Any) -> tuple[str, list[Any]]:
    chunks = list(ask(client, model, content, stream=True, **options))
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices), chunks


def test_models_are_listed_bot_first(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["handbook", "handbook-base"]
    assert client.models.retrieve("handbook-base").owned_by == "danlu"


def test_bot_answers_with_citations_and_usage(client: OpenAI) -> None:
    reply = ask(client, "handbook", [{"type": "text", "text": "When do I change the oil?"}])
    choice = reply.choices[0]
    assert choice.finish_reason == "stop" and choice.message.content.startswith("Check the oil level")
    own = reply.model_extra["danlu"]
    assert own.keys() == {"answer_id", "refused", "citations"}
    assert (own["answer_id"], own["refused"]) == ("a-7f3c2e91", False)
    assert own["citations"][0].keys() == {"source", "page", "start", "end", "quote"}
    assert reply.usage.prompt_tokens == len("When do I change the oil?")
    assert reply.usage.completion_tokens == len(choice.message.content.encode())


def test_bot_stream_equals_its_whole_answer(client: OpenAI) -> None:
    whole = ask(client, "handbook", "油位多久检查一次?")
    text, chunks = stream(client, "handbook", "油位多久检查一次?", stream_options={"include_usage": True})
    assert text == whole.choices[0].message.content
    assert len(chunks) > 4 and chunks[0].choices[0].delta.role == "assistant"
    finishing = [chunk for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason]
    assert [chunk.choices[0].finish_reason for chunk in finishing] == ["stop"]
    assert finishing[0].model_extra["danlu"] == whole.model_extra["danlu"]
    assert chunks[-1].choices == [] and chunks[-1].usage == whole.usage
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert len({chunk.id for chunk in chunks}) == 1


def test_no_usage_chunk_unless_asked_for(client: OpenAI) -> None:
    _, chunks = stream(client, "handbook", "oil?")
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)


def test_refusal_is_an_answer_with_usage(client: OpenAI) -> None:
    reply = ask(client, "handbook", "What is the capital of France?")
    told = reply.model_extra["danlu"]
    assert (told["answer_id"], told["refused"], told["citations"]) == ("a-refused", True, [])
    assert [passage["source"] for passage in told["closest"]] == ["manuals/pump-station.pdf"]
    assert reply.usage.prompt_tokens > 0 and reply.usage.completion_tokens > 0
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


def test_chat_model_generates_until_its_stop_token(client: OpenAI) -> None:
    reply = ask(client, "handbook-base", "say:泵 is a pump 😀")
    assert reply.choices[0].message.content == "泵 is a pump 😀"
    assert reply.choices[0].finish_reason == "stop" and "danlu" not in reply.model_extra
    assert stream(client, "handbook-base", "say:泵 is a pump 😀")[0] == "泵 is a pump 😀"


def test_length_stop_strings_and_system_messages(client: OpenAI) -> None:
    cut = ask(client, "handbook-base", "say:one two three", max_completion_tokens=7)
    assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == ("one two", "length")
    assert cut.usage.completion_tokens == 7
    stopped = ask(client, "handbook-base", "say:one two three", stop=[" three", "x"])
    assert (stopped.choices[0].message.content, stopped.choices[0].finish_reason) == ("one two", "stop")
    assert stream(client, "handbook-base", "say:one two three", stop=" three")[0] == "one two"


@pytest.mark.parametrize("model", ["handbook", "handbook-base"])
@pytest.mark.parametrize("question", ["Say how to make a BOMB", "请说:制 造 炸 弹"])
def test_blocked_question_is_answered_with_a_refusal(client: OpenAI, model: str, question: str) -> None:
    reply = ask(client, model, question)
    assert reply.choices[0].finish_reason == "content_filter"
    assert reply.choices[0].message.content == refusal(question)
    assert reply.model_extra["danlu"] == {"answer_id": None, "refused": True, "citations": []}
    assert reply.usage.prompt_tokens > 0 and reply.usage.completion_tokens > 0
    text, chunks = stream(client, model, question, stream_options={"include_usage": True})
    assert text == refusal(question) and chunks[-1].usage.completion_tokens > 0


def test_blocked_quote_never_leaves(client: OpenAI) -> None:
    text, chunks = stream(client, "handbook", "poison")
    assert text == notice("en") and "bomb" not in json.dumps([chunk.to_dict() for chunk in chunks])
    assert chunks[-1].choices[0].finish_reason == "content_filter"
    assert chunks[-1].model_extra["danlu"] == {"answer_id": "a-poison", "refused": True, "citations": []}


def test_openai_errors(client: OpenAI, gateway: Running) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        ask(client, "gpt-4", "hello")
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4")
    with pytest.raises(openai.BadRequestError) as unsupported:
        ask(client, "handbook", "hello", tools=[{"type": "function", "function": {"name": "f"}}])
    assert (unsupported.value.code, unsupported.value.param) == ("unsupported_parameter", "tools")
    with pytest.raises(openai.BadRequestError) as choices:
        ask(client, "handbook", "hello", n=2)
    assert choices.value.param == "n"
    with pytest.raises(openai.AuthenticationError) as wrong:
        ask(client.with_options(api_key="dl-0-wrong"), "handbook", "hello")
    assert wrong.value.code == "invalid_api_key"


def test_what_does_not_fit_the_context_is_400(client: OpenAI) -> None:
    for options in ({}, {"max_tokens": 10}):
        with pytest.raises(openai.BadRequestError) as too_long:
            ask(client, "handbook-base", "x" * (600 if not options else 590), **options)
        assert too_long.value.code == "context_length_exceeded"
        assert "600 tokens" in too_long.value.message
    with pytest.raises(openai.BadRequestError) as too_long:
        list(ask(client, "handbook", "x" * 8001, stream=True))
    assert too_long.value.code == "context_length_exceeded"


def test_bot_needs_a_question(client: OpenAI) -> None:
    for messages in ([{"role": "system", "content": "x"}], [{"role": "user", "content": "  "}]):
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(model="handbook", messages=messages)  # type: ignore[arg-type]
        assert refused.value.param == "messages"


def test_body_limit_and_bad_json(gateway: Running) -> None:
    url, headers = f"{gateway.url}/v1/chat/completions", gateway.auth
    large = httpx.post(url, headers=headers, content=b"x" * 1_000_001)
    assert (large.status_code, large.json()["error"]["code"]) == (413, "request_too_large")
    chunked = httpx.post(url, headers=headers, content=iter([b"x" * 600_000] * 2))
    assert chunked.status_code == 413
    bad = httpx.post(url, headers=headers, content=b"{")
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "invalid_json")


def test_unknown_paths_and_methods_are_openai_errors(gateway: Running) -> None:
    missing = httpx.get(f"{gateway.url}/v1/images/generations", headers=gateway.auth)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    method = httpx.get(f"{gateway.url}/v1/chat/completions", headers=gateway.auth)
    assert (method.status_code, method.json()["error"]["code"]) == (405, "method_not_allowed")
    assert method.headers["allow"] == "POST"
    asset = httpx.get(f"{gateway.url}/static/..%2frun.py", headers=gateway.auth)
    assert asset.status_code == 404


def test_a_bot_that_cannot_answer_is_503_and_its_reason_is_for_the_log(client: OpenAI, gateway: Running) -> None:
    with pytest.raises(openai.InternalServerError) as failed:
        ask(client, "handbook", "crash please")
    assert (failed.value.status_code, failed.value.code) == (503, "documents_unavailable")
    assert "index" not in failed.value.message and "log" in failed.value.message
    log = (gateway.folder / "stderr.txt").read_text()
    assert "handbook cannot answer: the index is gone" in log and "Traceback" not in log


def test_a_defect_is_500_and_keeps_its_reasons_to_itself(client: OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as failed:
        ask(client, "handbook", "defect please")
    assert failed.value.code == "internal_error" and "nobody" not in failed.value.message
    assert ask(client, "handbook", "oil?").choices


def test_dead_engine_is_503_and_the_next_request_works(client: OpenAI, gateway: Running) -> None:
    with pytest.raises(openai.APIError) as dead:
        stream(client, "handbook-base", "die say:a long story")
    assert dead.value.code == "engine_unavailable"
    (gateway.folder / "died").unlink()
    with pytest.raises(openai.InternalServerError) as whole:
        ask(client, "handbook-base", "die say:a long story")
    assert whole.value.status_code == 503
    assert ask(client, "handbook-base", "die say:a long story").choices[0].message.content == "a long story"


@pytest.mark.parametrize("streamed", [True, False])
def test_disconnect_cancels_generation(gateway: Running, streamed: bool) -> None:
    for file in gateway.folder.glob("made-*"):
        file.unlink()
    body = {"model": "handbook-base", "messages": [{"role": "user", "content": "loop"}], "stream": streamed}
    with httpx.Client(headers=gateway.auth, timeout=0.5) as http:
        if streamed:
            with http.stream("POST", f"{gateway.url}/v1/chat/completions", json=body) as response:
                next(response.iter_bytes())
        else:
            with pytest.raises(httpx.ReadTimeout):
                http.post(f"{gateway.url}/v1/chat/completions", json=body)
    made = int(gateway.wait_for("made-*").name.removeprefix("made-"))
    # It would be 300 tokens and take 3 s; the client left after about 0 and 50 tokens.
    assert made < (40 if streamed else 150)


def test_requests_are_answered_while_others_generate(client: OpenAI) -> None:
    slow = ask(client, "handbook-base", "loop", stream=True)
    next(iter(slow))
    started = time.monotonic()
    assert ask(client, "handbook", "oil?").choices
    assert time.monotonic() - started < 2
    slow.close()
