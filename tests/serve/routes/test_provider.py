"""A provider's model against a server that fails as real ones do."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from danlu.serve.models import ChatRequest, End, Finish, Message, Piece, Text, Usage
from danlu.serve.routes.provider import ProviderModel
from danlu.serve.routes.upstream.client import Endpoint, UpstreamClient
from danlu.serve.routes.upstream.pool import Connections, Patience
from danlu.serve.routes.upstream.refusals import UpstreamError
from serve.upstream_server import WORDS, Upstream, running_upstream

FAST: dict[str, Any] = {"patience": Patience(1, 1), "backoff_s": 0.001, "key": "sk-secret"}
WHOLE = "".join(WORDS)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with running_upstream() as upstream:
        yield upstream


def request(said: str, **fields: Any) -> ChatRequest:
    return ChatRequest("m", (Message("user", said),), **fields)


def words(text: str) -> int:
    return 7 if text and text not in WHOLE else len([word for word in WORDS if word in text])


def run(url: str, work: Callable[[ProviderModel, UpstreamClient], Any], **endpoint: Any) -> Any:
    async def scenario() -> Any:
        connections = Connections()
        client = UpstreamClient(Endpoint(url, **{**FAST, **endpoint}), connections)
        try:
            return await work(ProviderModel("m", client, "real-name", words), client)
        finally:
            await connections.aclose()

    return asyncio.run(scenario())


def ask(url: str, asked: ChatRequest, **endpoint: Any) -> list[Piece]:
    async def work(model: ProviderModel, _: UpstreamClient) -> list[Piece]:
        return [piece async for batch in model.reply(asked) for piece in batch]

    return run(url, work, **endpoint)


def said(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Text))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("where", ["empty", "last", "every", "none"])
def test_wherever_the_usage_is_told_the_bill_is_the_same(upstream: Upstream, where: str, stream: bool) -> None:
    pieces = ask(upstream.url, request(f"usage={where}", stream=stream))
    assert said(pieces) == WHOLE
    assert pieces[-2:] == [Finish("stop"), End(Usage(7, len(WORDS)))]


@pytest.mark.parametrize("how", ["split", "no-mark", "usage=empty split"])
def test_frames_split_at_every_byte_and_streams_without_an_end_mark(upstream: Upstream, how: str) -> None:
    assert said(ask(upstream.url, request(how, stream=True))) == WHOLE


def test_only_what_was_asked_for_is_sent_with_the_key_and_the_model_of_the_server(upstream: Upstream) -> None:
    ask(upstream.url, request("x", temperature=0.5, stop=("a",), max_tokens=9))
    assert upstream.bodies[-1] == {
        "model": "real-name",
        "messages": [{"role": "user", "content": "x"}],
        "temperature": 0.5,
        "stop": ["a"],
        "max_tokens": 9,
    }
    assert upstream.headers[-1]["Authorization"] == "Bearer sk-secret"


@pytest.mark.parametrize("stream", [False, True])
def test_failures_before_the_first_byte_are_tried_again(upstream: Upstream, stream: bool) -> None:
    sent = len(upstream.bodies)
    assert said(ask(upstream.url, request(f"fail=503*2 {stream}", stream=stream))) == WHOLE
    assert len(upstream.bodies) - sent == 3


@pytest.mark.parametrize(
    ("asked", "status", "code", "attempts"),
    [
        ("fail=400*9", 400, "some_code", 1),
        ("fail=400*9 long", 400, "context_length_exceeded", 1),
        ("fail=401*9", 502, "upstream_misconfigured", 1),
        ("fail=404*9", 502, "upstream_misconfigured", 1),
        ("fail=429*9", 429, "upstream_rate_limit", 3),
        ("fail=500*9", 502, "upstream_failed", 3),
        ("html", 502, "upstream_garbage", 1),
    ],
)
def test_refusals_are_told_as_what_they_are_and_never_with_our_key(
    upstream: Upstream, asked: str, status: int, code: str, attempts: int
) -> None:
    sent = len(upstream.bodies)
    with pytest.raises(UpstreamError) as failed:
        ask(upstream.url, request(asked))
    assert (failed.value.status, failed.value.code) == (status, code)
    assert len(upstream.bodies) - sent == attempts
    assert "sk-secret" not in f"{failed.value.message} {failed.value.detail}"


@pytest.mark.parametrize(
    ("how", "code"), [("die=3", "upstream_cut_off"), ("hang=3", "upstream_cut_off"), ("garbage", "upstream_garbage")]
)
def test_a_stream_that_breaks_off_is_an_error_after_what_came(upstream: Upstream, how: str, code: str) -> None:
    async def work(model: ProviderModel, _: UpstreamClient) -> tuple[str, UpstreamError]:
        got: list[Piece] = []
        try:
            async for batch in model.reply(request(how, stream=True)):
                got += batch
        except UpstreamError as error:
            return said(got), error
        raise AssertionError(got)

    text, error = run(upstream.url, work)
    assert WHOLE.startswith(text) and text and text != WHOLE
    assert (error.status, error.code) == (502, code)


def test_a_server_that_hangs_is_given_up_in_bounded_time(upstream: Upstream) -> None:
    with pytest.raises(UpstreamError) as failed:
        ask(upstream.url, request("silent"), patience=Patience(1, 0.2), retries=0)
    assert (failed.value.status, failed.value.code) == (503, "upstream_unavailable")


def test_nobody_waits_for_a_server_that_keeps_failing() -> None:
    async def work(model: ProviderModel, client: UpstreamClient) -> int:
        for attempt in range(8):
            with pytest.raises(UpstreamError) as failed:
                await anext(model.reply(request("x")))
            assert failed.value.code == "upstream_unavailable"
            if client.breaker.is_open:
                return attempt
        raise AssertionError("never opened")

    assert run("http://127.0.0.1:9/v1", work, retries=0) == 4


def test_closing_the_reply_closes_the_connection_within_ten_tokens(upstream: Upstream) -> None:
    async def work(model: ProviderModel, _: UpstreamClient) -> int:
        upstream.left.clear()
        reply = model.reply(request("loop", stream=True))
        for _ in range(5):
            await anext(reply)
        made = upstream.made
        await reply.aclose()
        assert await asyncio.to_thread(upstream.left.wait, 5)
        return upstream.made - made

    assert run(upstream.url, work) <= 10


def test_cancelling_a_whole_answer_closes_the_connection_too(upstream: Upstream) -> None:
    async def work(model: ProviderModel, _: UpstreamClient) -> None:
        upstream.left.clear()
        task = asyncio.ensure_future(anext(model.reply(request("slow=60"))))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await asyncio.to_thread(upstream.left.wait, 5)

    started_s = time.monotonic()
    run(upstream.url, work)
    assert time.monotonic() - started_s < 30
