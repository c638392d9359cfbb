"""Connections against a server that sends exactly these bytes, in these cuts."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from danlu.core.errors import UserError
from danlu.serve.routes.upstream.connection import Connection
from danlu.serve.routes.upstream.pool import Connections, Patience, Server

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Said: yes\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\n\r\nhello"
CLOSE = None
"""Among the cuts of an answer: the server closes the connection."""


class Scripted:
    """Answers each request with the next list of cuts; counts connections and keeps requests."""

    def __init__(self, answers: Sequence[Sequence[bytes | None]]) -> None:
        self.answers = list(answers)
        self.connections = 0
        self.requests: list[bytes] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(size))
                for cut in self.answers.pop(0):
                    if cut is CLOSE:
                        return
                    writer.write(cut)
                    await writer.drain()
                    await asyncio.sleep(0.001)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def run(answers: Sequence[Sequence[bytes | None]], work: Callable[[Server], Awaitable[Any]], **patience: float) -> Any:
    """The result of the work, and the server it was done with."""

    async def scenario() -> Any:
        scripted = Scripted(answers)
        listener = await asyncio.start_server(scripted.talk, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        connections = Connections()
        server = connections.to(
            f"http://127.0.0.1:{port}/v1", {"X-Own": "ja, 是"}, Patience(**{"stall_timeout_s": 2, **patience})
        )
        try:
            return await work(server), scripted
        finally:
            await connections.aclose()
            listener.close()

    return asyncio.run(scenario())


async def ask(server: Server) -> bytes:
    answer = await server.post("/chat", b"{}")
    try:
        return await rest(answer)
    finally:
        answer.release()


async def rest(answer: Connection) -> bytes:
    out = b""
    while read := await answer.read():
        out += read
    return out


@pytest.mark.parametrize("whole", [SIZED, CHUNKED])
def test_an_answer_is_the_same_wherever_it_is_cut(whole: bytes) -> None:
    answers = [[whole[:place], whole[place:]] for place in range(1, len(whole))]
    answers += [[bytes([byte]) for byte in whole]]

    async def work(server: Server) -> list[bytes]:
        return [await ask(server) for _ in answers]

    said, scripted = run(answers, work)
    assert set(said) == {b"hello"}
    assert scripted.connections == 1


def test_a_request_has_its_headers_and_its_body() -> None:
    _, scripted = run([[SIZED]], ask)
    [request] = scripted.requests
    assert request.startswith(b"POST /v1/chat HTTP/1.1\r\nHost: 127.0.0.1:")
    assert "X-Own: ja, 是\r\n".encode() in request
    assert request.endswith(b"Content-Length: 2\r\n\r\n{}")


def test_a_connection_is_used_again_unless_the_server_says_no() -> None:
    closing = SIZED.replace(b"X-Said: yes", b"Connection: close")

    async def work(server: Server) -> list[bytes]:
        return [await ask(server) for _ in range(4)]

    said, scripted = run([[SIZED], [closing, CLOSE], [UNTIL_CLOSED, CLOSE], [SIZED]], work)
    assert said == [b"hello"] * 4
    assert scripted.connections == 3


def test_a_connection_that_rested_and_was_closed_costs_no_request() -> None:
    async def work(server: Server) -> list[bytes]:
        first = await ask(server)
        return [first, await ask(server)]

    said, scripted = run([[SIZED], [CLOSE], [SIZED]], work)
    assert said == [b"hello"] * 2
    assert len(scripted.requests) == 3


def test_what_comes_before_the_answer_is_no_answer() -> None:
    said, _ = run([[b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + SIZED]], ask)
    assert said == b"hello"


@pytest.mark.parametrize(
    "cuts", [[SIZED[:-1], CLOSE], [CHUNKED[:-1], CLOSE], [SIZED[:20], CLOSE], [CLOSE], [b"SSH-2.0-x\r\n\r\n"]]
)
def test_an_answer_that_breaks_off_is_an_error(cuts: list[bytes | None]) -> None:
    with pytest.raises(ConnectionError):
        run([cuts], ask)


@pytest.mark.parametrize("cuts", [[SIZED[:-1]], [SIZED[:20]], [b""]])
def test_a_server_that_falls_silent_is_an_error(cuts: list[bytes | None]) -> None:
    async def work(server: Server) -> bytes:
        return await asyncio.wait_for(ask(server), 5)

    with pytest.raises(TimeoutError, match="nothing came for"):
        run([cuts], work, first_byte_timeout_s=0.2, stall_timeout_s=0.2)


def test_a_head_without_end_is_an_error() -> None:
    with pytest.raises(ConnectionError):
        run([[b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 1000) for n in range(100))]], ask)


def test_a_server_waits_for_who_reads_slowly() -> None:
    body = b"x" * 20_000_000
    sent: list[int] = []

    async def work(server: Server) -> bytes:
        answer = await server.post("/chat", b"{}")
        await asyncio.sleep(0.5)
        sent.append(answer._waiting_bytes)
        out = await rest(answer)
        answer.release()
        return out

    said, _ = run([[b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body]], work)
    assert said == body
    assert sent[0] < 2_000_000


def test_the_end_of_a_transfer_may_follow_the_last_that_matters() -> None:
    async def work(server: Server) -> None:
        answer = await server.post("/chat", b"{}")
        while b"hello" not in await answer.read():
            pass
        answer.release(nearly=True)
        await asyncio.sleep(0.05)
        await ask(server)

    late = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", b"0\r\n\r\n"]
    _, scripted = run([late, [SIZED]], work)
    assert scripted.connections == 1


def test_a_header_with_a_line_break_is_refused() -> None:
    with pytest.raises(UserError, match="X-Own cannot be sent"):
        Connections().to("http://127.0.0.1:9", {"X-Own": "a\r\nHost: b"}, Patience())
