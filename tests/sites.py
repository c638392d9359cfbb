"""Web sites on this machine: what they serve is given by path, what they were asked is written down."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """What is served. `length` other than the body's own: the server closes in the middle."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    wait_s: float = 0
    """Before the first byte."""
    drip_s: float = 0
    """Before every byte of the body."""


Answer = Reply | Callable[[Asked], Reply]


@dataclass
class Site:
    """A running site. Paths that are not in `pages` are 404, unless `otherwise` answers them."""

    pages: dict[str, Answer] = field(default_factory=dict)
    otherwise: Answer | None = None
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def paths(self) -> list[str]:
        """Paths asked for, in order."""
        return [asked.path for asked in self.asked]

    def add_page(self, path: str, *links: str, text: str = "", head: str = "", **headers: str) -> None:
        """A page of HTML."""
        anchors = "".join(f'<p><a href="{link}">{link}</a></p>' for link in links)
        body = f"<html><head><title>{path}</title>{head}</head><body><p>{text or path}</p>{anchors}</body></html>"
        self.pages[path] = Reply(body.encode(), headers={"Content-Type": "text/html; charset=utf-8"} | headers)


class _Requests(BaseHTTPRequestHandler):
    site: Site
    ended: threading.Event
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()})
        self.site.asked.append(asked)
        answer = self.site.pages.get(self.path, self.site.otherwise) or Reply(status=404)
        reply = answer if isinstance(answer, Reply) else answer(asked)
        if reply.wait_s:
            self.ended.wait(reply.wait_s)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
        if reply.length is not None:
            self.send_header("Connection", "close")
        self.end_headers()
        if not reply.drip_s:
            self.wfile.write(reply.body)
        for byte in reply.body if reply.drip_s else b"":
            if self.ended.wait(reply.drip_s):
                return
            self.wfile.write(bytes([byte]))

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves early is no fault of the site."""


@contextmanager
def served(site: Site) -> Iterator[Site]:
    """Serve a site while the context lasts."""
    ended = threading.Event()
    server = _Server(("127.0.0.1", 0), type("Requests", (_Requests,), {"site": site, "ended": ended}))
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
