"""A server that answers requests for labels as it is told to: for what real servers do when something is wrong."""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Script:
    """What to answer, and what was asked."""

    reply: Callable[[dict[str, Any]], str]
    """The content of a reply to a request."""
    failures: deque[tuple[int, dict[str, str], str]] = field(default_factory=deque)
    """Status, headers and body of the first answers."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    most_at_once: int = 0
    usage: bool = True
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def serve(script: Script) -> Iterator[str]:
    """The address of the server."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with script._lock:
                script.asked.append(request)
                script.keys.append(self.headers.get("Authorization"))
                script._now += 1
                script.most_at_once = max(script.most_at_once, script._now)
                failure = script.failures.popleft() if script.failures else None
            try:
                if failure:
                    status, headers, body = failure
                    self._send(status, headers, body.encode())
                    return
                message = {"role": "assistant", "content": script.reply(request)}
                reply: dict[str, Any] = {"choices": [{"message": message, "finish_reason": "stop"}]}
                if script.usage:
                    reply["usage"] = {"prompt_tokens": 100, "completion_tokens": 10}
                self._send(200, {}, json.dumps(reply).encode())
            finally:
                with script._lock:
                    script._now -= 1

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
