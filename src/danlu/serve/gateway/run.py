"""Starts the gateway on a port, says how to get in, and stops within 10 seconds of being told to."""

import asyncio
import errno
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Literal, TextIO

import uvicorn

from danlu.core.errors import Phrase, UserError
from danlu.serve.gateway.app import Gateway
from danlu.serve.gateway.parts import AppParts
from danlu.serve.gateway.protocol import BoundedProtocol

Language = Literal["zh", "en"]

_STOP_WITHIN_S = 9.0
_WILDCARD_HOSTS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 (only compared with)
_GREETING = {
    "en": """\
danlu serves {models} at {address}
  chat page   {link}
              (this link works once, for {minutes} minutes)
  API         {address}/v1   (OpenAI-compatible)
  API keys    danlu keys create
Stop with Ctrl+C.""",
    "zh": """\
danlu 正在提供 {models}，地址 {address}
  聊天页面    {link}
              （此链接只能使用一次，{minutes} 分钟内有效）
  API         {address}/v1   （兼容 OpenAI）
  创建密钥    danlu keys create
按 Ctrl+C 停止。""",
}
_OPEN_TO_ALL = {
    "en": "Note: other machines can reach this address, over plain HTTP. Put a TLS proxy in front of it.",
    "zh": "注意：其他机器可以访问该地址，且为明文 HTTP。请在前面加一层 TLS 代理。",
}


_GC_EVERY = 10_000
"""Objects that are new since the last collection; Python's own 700 are seventeen requests."""
_NEXT_STEPS = {
    errno.EADDRINUSE: Phrase("another program uses it: stop that one or give another --port"),
    errno.EACCES: Phrase("give a --port from 1024 on: lower ones belong to the system"),
}


def listen(host: str, port: int) -> socket.socket:
    """A socket that accepts connections on this address; port 0 takes any free one.

    Raises UserError when the address is taken or not ours. Call it before slow work such as loading models.
    """
    if not 0 <= port <= 65_535:
        raise UserError("port {port} does not exist", "give a port from 0 to 65535", port=port)
    listener = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        # Without it a restart would have to wait until the last connections of the old server have aged out.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise UserError(
            "cannot listen on {host}:{port}: {problem}",
            "{next_step}",
            host=host,
            port=port,
            problem=error.strerror or error,
            next_step=_NEXT_STEPS.get(error.errno or 0, Phrase("give another --host")),
        ) from None
    return listener


def serve(
    parts: AppParts,
    listener: socket.socket,
    *,
    language: Language = "en",
    close: Callable[[], None] = lambda: None,
    out: TextIO | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then call `close`, which must end the children that the models started.

    Open replies may finish for `settings.shutdown_grace_s` and are then ended; after 9 s the process is ended
    whatever it still does.
    """
    host, port = listener.getsockname()[:2]
    gateway = Gateway(parts, cookie=f"danlu_session_{port}")
    print(greeting(parts, host, port, gateway.logins.new_link_token(), language), file=out or sys.stdout, flush=True)
    server = _Server(_config(gateway, parts.settings.shutdown_grace_s), gateway, parts.settings.shutdown_grace_s)
    # Tables of words and models stay for good: walking them with each collection took a sixth of a token's time with 1,000 streams.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_EVERY)
    try:
        with _signals_end_quietly(server):
            server.run(sockets=[listener])
    finally:
        listener.close()
        close()
        server.ended.set()


def greeting(parts: AppParts, host: str, port: int, token: str, language: Language) -> str:
    """What is printed at the start: the address, the login link and how to make a key."""
    address = f"http://{_WILDCARD_HOSTS.get(host, f'[{host}]' if ':' in host else host)}:{port}"
    text = _GREETING[language].format(
        models=", ".join(model.id for model in parts.models),
        address=address,
        link=f"{address}/login?token={token}",
        minutes=round(parts.settings.login_link_ttl_s / 60),
    )
    return text if host.startswith("127.") or host == "::1" else f"{text}\n{_OPEN_TO_ALL[language]}"


class _Server(uvicorn.Server):
    """uvicorn's server, which also ends open replies and, at the latest, itself."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway, grace_s: float) -> None:
        super().__init__(config)
        self.ended = threading.Event()
        self._gateway = gateway
        self._grace_s = grace_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop, and make sure that it comes to an end."""
        self._gateway.stopping = True
        threading.Thread(target=self._end_process, daemon=True).start()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, let replies finish for a while, then cut them."""
        asyncio.get_running_loop().call_later(self._grace_s, self._gateway.cut_replies)
        await super().shutdown(sockets)
        await self._gateway.aclose()

    def _end_process(self) -> None:
        """The last resort, for a child or a thread that does not let go; children die with their parent."""
        if not self.ended.wait(_STOP_WITHIN_S):
            os._exit(1)


def _config(gateway: Gateway, grace_s: float) -> uvicorn.Config:
    return uvicorn.Config(
        gateway,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        # Its access log would hold the token of the login link.
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        headers=[
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
        ],
        # A backstop: open replies are ended at the grace time already, in a way that clients understand.
        timeout_graceful_shutdown=int(grace_s) + 2,
    )


@contextmanager
def _signals_end_quietly(server: _Server) -> Iterator[None]:
    """Keep the process alive when uvicorn, done with a signal, raises it again: `close` must still run."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: setattr(server, "should_exit", True)) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
