"""A server that speaks the OpenAI protocol, and fails in the ways that real ones fail: what it does is in the last message.

`usage=empty|last|every|none` says where it tells the usage; `fail=STATUS*TIMES` fails so often first; `die=N` ends the connection after N
tokens; `hang=N` says nothing more after N tokens; `html`, `garbage` and `loop` answer what no server should; `split` writes each byte alone.
"""

import asyncio
import contextlib
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

WORDS = ["The ", "水泵", " runs", " well", "."]


@dataclass
class Upstream:
    """What it saw; `url` is its base address."""

    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    made: int = 0
    """Tokens made for the last request."""
    left: threading.Event = field(default_factory=threading.Event)
    """Set when a client left before the end."""

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        said = body["messages"][-1]["content"]
        if failing := re.search(r"fail=(\d+)\*(\d+)", said):
            self.failed[said] += 1
            if self.failed[said] <= int(failing[2]):
                return _error(int(failing[1]), said)
        if "html" in said:
            return web.Response(text="<html>busy</html>", content_type="text/html")
        if "silent" in said:
            await self._sleep(3600)
        return await (self._stream(request, said) if body.get("stream") else self._whole(said))

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """Texts that are continued: the answer is what was asked, backwards."""
        body = await request.json()
        self.bodies.append(body)
        choice = {"index": 0, "text": body["prompt"][::-1], "logprobs": None, "finish_reason": "length"}
        whole = {"id": "x", "object": "text_completion", "choices": [choice], "usage": _usage(3)}
        if not body.get("stream"):
            return web.json_response(whole)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for character in choice["text"]:
            await _write(response, json.dumps({"choices": [choice | {"text": character, "finish_reason": None}]}), "")
        await _write(response, json.dumps(whole | {"choices": [choice | {"text": ""}]}), "")
        await _write(response, "[DONE]", "")
        return response

    async def embed(self, request: web.Request) -> web.Response:
        """Vectors that tell lengths, the last text first; `short` leaves one out, `slow` takes long."""
        body = await request.json()
        self.bodies.append(body)
        if "slow" in body["input"][0]:
            await self._sleep(3600)
        data = [
            {"index": place, "embedding": [len(text), 0.5] + [0.0] * (body.get("dimensions", 2) - 2)}
            for place, text in enumerate(body["input"])
        ]
        data = data[1:] if "short" in body["input"][0] else data
        return web.json_response(
            {"object": "list", "data": data[::-1], "usage": {"prompt_tokens": 11, "total_tokens": 11}}
        )

    async def rerank(self, request: web.Request) -> web.Response:
        """The longer, the better."""
        body = await request.json()
        self.bodies.append(body)
        results = [{"index": place, "relevance_score": len(text) / 10} for place, text in enumerate(body["documents"])]
        return web.json_response({"results": results[::-1], "usage": {"total_tokens": 13}})

    async def _whole(self, said: str) -> web.Response:
        if slow := re.search(r"slow=([\d.]+)", said):
            await self._sleep(float(slow[1]))
        message = {"role": "assistant", "content": "".join(WORDS)}
        usage = {} if "usage=none" in said else {"usage": _usage(len(WORDS))}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return web.json_response({"id": "x", "object": "chat.completion", "choices": [choice], **usage})

    async def _stream(self, request: web.Request, said: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        self.made = 0
        try:
            for number, word in enumerate(WORDS * 200 if "loop" in said else WORDS):
                if f"die={number}" in said:
                    assert request.transport
                    request.transport.abort()
                    return response
                if f"hang={number}" in said:
                    await self._sleep(3600)
                chunk = {"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]}
                if "usage=every" in said:
                    chunk["usage"] = _usage(number + 1)  # type: ignore[assignment]
                await _write(response, "{broken" if "garbage" in said and number == 2 else json.dumps(chunk), said)
                self.made += 1
                if "loop" in said:
                    await self._sleep(0.02)
            await self._close(response, said)
        except (ConnectionResetError, asyncio.CancelledError):
            self.left.set()
            raise
        return response

    async def _close(self, response: web.StreamResponse, said: str) -> None:
        last: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        if "usage=last" in said or "usage=every" in said:
            last["usage"] = _usage(len(WORDS))
        await _write(response, json.dumps(last), said)
        if "usage=empty" in said:
            await _write(response, json.dumps({"choices": [], "usage": _usage(len(WORDS))}), said)
        if "no-mark" not in said:
            await _write(response, "[DONE]", said)

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.left.set()
            raise


def _usage(written: int) -> dict[str, int]:
    return {"prompt_tokens": 7, "completion_tokens": written, "total_tokens": 7 + written}


def _error(status: int, said: str) -> web.Response:
    code = "context_length_exceeded" if "long" in said else "some_code"
    error = {"message": f"no, says the server, to sk-secret: {said}", "type": "x", "code": code}
    return web.json_response({"error": error}, status=status, headers={"retry-after": "0"} if status == 429 else None)


async def _write(response: web.StreamResponse, data: str, said: str) -> None:
    event = f"data: {data}\n\n".encode()
    for piece in [event[at : at + 1] for at in range(len(event))] if "split" in said else [event]:
        await response.write(piece)
        if "split" in said:
            await asyncio.sleep(0)


@contextlib.contextmanager
def running_upstream() -> Iterator[Upstream]:
    """One in a thread of its own, for as long as the block lasts."""
    upstream, loop, started = Upstream(), asyncio.new_event_loop(), threading.Event()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", upstream.chat)
        app.router.add_post("/v1/completions", upstream.complete)
        app.router.add_post("/v1/embeddings", upstream.embed)
        app.router.add_post("/v1/rerank", upstream.rerank)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        upstream.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        started.set()
        return runner

    runner = None

    def run() -> None:
        nonlocal runner
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield upstream
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
