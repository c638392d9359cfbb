"""A stand-in for a Qdrant server, on HTTP: no package of a registry holds a real one.

Requests are checked by the models that Qdrant's own client generates from the published OpenAPI (unknown fields are refused), and done by
that client's local mode, which Qdrant's makers test against their server. Only the paths that danlu uses are there.
"""

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pydantic
from qdrant_client import QdrantClient
from qdrant_client.http import models

_PATH = re.compile(r"/collections/(?P<name>\w+)(?P<rest>/[^?]*)?(?P<waits>\?wait=true)?")


class StandIn:
    """What a test sets and reads."""

    def __init__(self, api_key: str = "") -> None:
        self.client = QdrantClient(":memory:")
        self.api_key = api_key
        self.port = 0
        self.delay_s = 0.0
        """Every reply waits so long."""
        self.die_after: int | None = None
        """Requests that write points that are still answered; the others break off."""
        self.requests: list[str] = []
        self.lock = threading.Lock()

    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def done(self, method: str, name: str, rest: str, body: Any) -> Any:
        """The result of a request; raises KeyError for a path that is not there, ValueError for a bad body."""
        if rest == "" and method == "DELETE":
            return self.client.delete_collection(name)
        if rest == "" and method == "PUT":
            made = models.CreateCollection(**body)
            return self.client.create_collection(name, made.vectors)
        if not self.client.collection_exists(name):
            raise LookupError(name)
        return self._points(name)[(method, re.sub(r"/\d+$", "/ID", rest))](body, rest)

    def _points(self, name: str) -> dict[tuple[str, str], Callable[[Any, str], Any]]:
        return {
            ("PUT", "/index"): lambda body, _: models.CreateFieldIndex(**body) and {},
            ("PUT", "/points"): lambda body, _: self._put(name, models.PointsList(**body)),
            ("POST", "/points/delete"): lambda body, _: self._delete(name, models.PointIdsList(**body)),
            ("POST", "/points/payload"): lambda body, _: self._set(name, models.SetPayload(**body)),
            ("POST", "/points/query"): lambda body, _: self._query(name, models.QueryRequest(**body)),
            ("GET", "/points/ID"): lambda _, rest: self._one(name, int(rest.rsplit("/", 1)[1])),
        }

    def _put(self, name: str, said: models.PointsList) -> Any:
        if self.die_after is not None:
            self.die_after -= 1
            if self.die_after < 0:
                raise BrokenPipeError
        self.client.upsert(name, said.points)
        return {}

    def _delete(self, name: str, said: models.PointIdsList) -> Any:
        self.client.delete(name, said)
        return {}

    def _set(self, name: str, said: models.SetPayload) -> Any:
        assert said.points is not None, "danlu names the points"
        self.client.set_payload(name, said.payload, said.points)
        return {}

    def _query(self, name: str, said: models.QueryRequest) -> Any:
        found = self.client.query_points(
            name, said.query, query_filter=said.filter, limit=said.limit or 10, with_payload=bool(said.with_payload)
        )
        return {"points": [{"id": point.id, "score": point.score} for point in found.points]}

    def _one(self, name: str, id: int) -> Any:
        found = self.client.retrieve(name, [id])
        if not found:
            raise LookupError(id)
        return {"id": id, "payload": found[0].payload}


@contextmanager
def qdrant_stand_in(api_key: str = "") -> Iterator[StandIn]:
    """Start one, and stop it at the end."""
    stand_in = StandIn(api_key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stand_in))
    server.daemon_threads = True
    stand_in.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        do_PUT = do_POST = do_DELETE = do_GET

        def _answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            time.sleep(stand_in.delay_s)
            try:
                status, result = self._judged(content)
            except BrokenPipeError:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            reply = json.dumps(
                {"result": result, "status": "ok" if status == 200 else {"error": result}, "time": 0}
            ).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def _judged(self, content: bytes) -> tuple[int, Any]:
            if stand_in.api_key and self.headers.get("api-key") != stand_in.api_key:
                return 401, "Must provide an API key or an Authorization bearer token"
            found = _PATH.fullmatch(self.path)
            if not found:
                return 404, "no such path"
            with stand_in.lock:
                stand_in.requests.append(f"{self.command} {found['rest'] or ''}")
                try:
                    body = json.loads(content) if content else None
                    return 200, stand_in.done(self.command, found["name"], found["rest"] or "", body)
                except KeyError as error:
                    return 405, f"no such path: {error}"
                except LookupError as error:
                    return 404, f"Not found: {error}"
                except (pydantic.ValidationError, ValueError, TypeError) as error:
                    return 400, str(error)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    return Handler
