"""Heads of requests that never end."""

import json
import socket
import time

import pytest

from danlu.serve.gateway import protocol
from serve.conftest import Running


def connect(gateway: Running) -> socket.socket:
    host, port = gateway.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), 30)


def answer(connection: socket.socket) -> tuple[int, str]:
    got = b""
    while read := connection.recv(65_536):
        got += read
    head, _, body = got.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]["code"]


def until(connection: socket.socket, wanted: bytes) -> bool:
    got = b""
    while wanted not in got and (read := connection.recv(65_536)):
        got += read
    return wanted in got


def test_a_head_that_grows_without_end_is_refused(gateway: Running) -> None:
    with connect(gateway) as connection:
        connection.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X-A: yyyyyyyy\r\n" * (protocol.MOST_HEAD_BYTES // 15)
        )
        time.sleep(0.2)
        # Just above the bound: were there more on its way, the kernel would drop the answer with the connection.
        connection.sendall(b"X-A: yyyyyyyy\r\n" * 3)
        assert answer(connection) == (431, "headers_too_large")


@pytest.mark.parametrize(
    "sent", [b"", b"GET /healthz HTTP/1.1\r\nHost:", b"POST /login HTTP/1.1\r\nContent-Length: 9\r\n\r\nkey="]
)
def test_a_head_that_does_not_come_is_given_up(gateway: Running, sent: bytes) -> None:
    with connect(gateway) as connection:
        connection.sendall(sent)
        since = time.monotonic()
        assert answer(connection) == (408, "request_timeout")
        assert time.monotonic() - since < 2 * protocol.ARRIVAL_TIMEOUT_S


def test_a_head_in_many_pieces_and_two_requests_on_a_connection_are_served(gateway: Running) -> None:
    with connect(gateway) as connection:
        for byte in b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n":
            connection.sendall(bytes([byte]))
        assert until(connection, b'"ok"')
        connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert until(connection, b'"ready"')
