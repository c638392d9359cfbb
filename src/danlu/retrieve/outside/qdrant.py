"""Vectors on a Qdrant server, over its REST interface (VectorStore of danlu.retrieve.outside.stores).

A collection holds one point per passage: its id, its vector, and in its payload the principals. Point 0, which no passage has, says whose
they are and of which generation; it is written last, and everything before it may be done twice. So a process that dies in the
middle leaves work that the next one does again. A lock file beside the index keeps two from doing it at once: an index lies on one machine.

Only what an organisation's server of version 1.10 or later knows is used: https://api.qdrant.tech/api-reference
"""

import fcntl
import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from queue import Empty, SimpleQueue
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.outside.store_changes import (
    Held,
    Row,
    access_changed_since,
    can_follow,
    database_of,
    dimensions_of,
    owner_of,
    put_since,
    removed_since,
    spans,
    stamp_of,
)
from danlu.retrieve.outside.stores import CONNECT_S, QUERY_S, StoreDown
from danlu.retrieve.tables.schema import EVERYONE

_STATE = 0
"""The point that says what the collection holds; passages are numbered from 1."""
_CHANGE_S = 60
"""Seconds for one request of a change, 1,000 points at most."""
_BATCH = 1_000
"""Points in a request: 4 MB of JSON at 384 dimensions; a server takes 32 MB."""
_LOCK_STEP_S = 0.02

_T = TypeVar("_T")


class QdrantVectors:
    """A collection of a server. `url` is http(s)://HOST[:PORT]; 6333 is Qdrant's own port."""

    def __init__(self, url: str, collection: str, api_key: str = "") -> None:
        parts = urlsplit(url)
        self._is_safe = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or 6333
        self._prefix = parts.path.rstrip("/")
        self._collection = collection
        self._headers = {"Content-Type": "application/json"} | ({"api-key": api_key} if api_key else {})
        self._idle: SimpleQueue[HTTPConnection] = SimpleQueue()
        self.name = f"Qdrant at {self._host}:{self._port}"

    def generation(self) -> int:
        """See VectorStore."""
        held = self._held()
        return held.generation if held else 0

    def bring_to(self, connection: sqlite3.Connection, generation: int) -> None:
        """See VectorStore. A process that finds another one at it waits five seconds for it."""
        held = self._held()
        self._check_owner(held, connection)
        if held and (held.stamp, held.generation) == (stamp_of(connection), generation):
            return
        with self._alone(connection):
            held = self._held()
            if held is None or not can_follow(connection, held):
                rows = self._refill(connection)
            elif held.generation < generation:
                rows = held.rows + self._changed(connection, held.generation)
            else:
                return
            if dimensions := dimensions_of(connection):
                self._write_state(Held(stamp_of(connection), owner_of(connection), generation, rows), dimensions)

    def search(
        self, question_D: NDArray[np.float32], depth: int, principals: frozenset[str] | None
    ) -> dict[int, float]:
        """See VectorStore."""
        who = sorted((principals or frozenset()) | {EVERYONE})
        seen = {"must": [{"key": "principals", "match": {"any": who}}]}
        query = {
            "query": question_D.tolist(),
            "limit": depth,
            "filter": {"must_not": [{"has_id": [_STATE]}]} if principals is None else seen,
            "params": {"hnsw_ef": 2 * depth},
            "with_payload": False,
        }
        found = self._ask("POST", "/points/query", query, missing={"points": []})
        return {int(point["id"]): float(point["score"]) for point in found["points"]}

    def close(self) -> None:
        """See VectorStore."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _refill(self, connection: sqlite3.Connection) -> int:
        """Everything anew; returns the number of points."""
        self._ask("DELETE", "", None, _CHANGE_S)
        dimensions = dimensions_of(connection)
        if not dimensions:
            return 0
        self._ask("PUT", "", {"vectors": {"size": dimensions, "distance": "Dot", "datatype": "float16"}}, _CHANGE_S)
        self._ask("PUT", "/index?wait=true", {"field_name": "principals", "field_schema": "keyword"}, _CHANGE_S)
        return sum(self._put(batch) for batch in put_since(connection, None))

    def _changed(self, connection: sqlite3.Connection, since: int) -> int:
        """What changed since a generation; returns by how many points there are more, as far as nothing is done twice."""
        gone = [id for first, last in removed_since(connection, since) for id in range(first, last + 1)]
        for ids in _batches(gone):
            self._ask("POST", "/points/delete?wait=true", {"points": ids}, _CHANGE_S)
        more = sum(self._put(batch) for batch in put_since(connection, since)) - len(gone)
        if access_changed_since(connection, since):
            self._set_access(connection)
        return more

    def _put(self, rows: list[Row]) -> int:
        for batch in _batches(rows):
            points = [
                {
                    "id": row.id,
                    "vector": np.frombuffer(row.vector, dtype="<f2").astype(np.float64).tolist(),
                    "payload": {"principals": list(row.principals)},
                }
                for row in batch
            ]
            self._ask("PUT", "/points?wait=true", {"points": points}, _CHANGE_S)
        return len(rows)

    def _set_access(self, connection: sqlite3.Connection) -> None:
        seen_by: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for first, last, who in spans(connection):
            seen_by[who] += range(first, last + 1)
        for who, all_ids in seen_by.items():
            for ids in _batches(all_ids):
                change = {"payload": {"principals": list(who)}, "points": ids}
                self._ask("POST", "/points/payload?wait=true", change, _CHANGE_S)

    def _held(self) -> Held | None:
        found = self._ask("GET", f"/points/{_STATE}", None, missing=None)
        if not found:
            return None
        payload = found["payload"]
        return Held(payload["stamp"], payload["owner"], payload["generation"], payload["rows"])

    def _write_state(self, held: Held, dimensions: int) -> None:
        point = {"id": _STATE, "vector": [0.0] * dimensions, "payload": asdict(held)}
        self._ask("PUT", "/points?wait=true", {"points": [point]}, _CHANGE_S)

    def _check_owner(self, held: Held | None, connection: sqlite3.Connection) -> None:
        if held and held.owner != owner_of(connection):
            raise StoreDown(
                f"the collection {self._collection} of {self.name} holds the vectors of {held.owner}: give one of the two"
                " another name in danlu.yaml, or delete the collection if that folder is gone"
            )

    @contextmanager
    def _alone(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Hold the lock of the index's follower; the system lets go of it when a process dies."""
        until = time.monotonic() + QUERY_S
        with database_of(connection).with_suffix(".following").open("w") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > until:
                        raise StoreDown(f"{self.name}: another process is bringing it up to date") from None
                    time.sleep(_LOCK_STEP_S)
            yield

    def _ask(self, method: str, path: str, body: Any, limit_s: int = QUERY_S, missing: Any = None) -> Any:
        """The `result` of one request; `missing` where the server has no such thing. Raises StoreDown."""
        try:
            status, content = self._sent(method, path, None if body is None else json.dumps(body).encode(), limit_s)
            if status == HTTPStatus.NOT_FOUND:
                return missing
            said = json.loads(content)
        except TimeoutError:
            raise StoreDown(f"{self.name}: no answer in time") from None
        except (OSError, HTTPException, ValueError) as error:
            raise StoreDown(f"{self.name}: {str(error) or type(error).__name__}") from None
        if status != HTTPStatus.OK:
            problem = said.get("status", said) if isinstance(said, dict) else said
            raise StoreDown(f"{self.name} answers {status}: {str(problem)[:300]}")
        return said["result"]

    def _sent(self, method: str, path: str, body: bytes | None, limit_s: int) -> tuple[int, bytes]:
        """The status and the content of a reply, over an idle connection or, where the server closed it, a new one."""
        while True:
            try:
                line = self._idle.get_nowait()
            except Empty:
                return self._over(self._connected(), method, path, body, limit_s)
            try:
                return self._over(line, method, path, body, limit_s)
            except (HTTPException, ConnectionError):
                continue

    def _over(
        self, line: HTTPConnection, method: str, path: str, body: bytes | None, limit_s: int
    ) -> tuple[int, bytes]:
        try:
            assert line.sock is not None, "connected"
            line.sock.settimeout(limit_s)
            line.request(method, f"{self._prefix}/collections/{self._collection}{path}", body, self._headers)
            reply = line.getresponse()
            content = reply.read()
        except BaseException:
            line.close()
            raise
        if line.sock is not None:  # the server keeps it open
            self._idle.put(line)
        return reply.status, content

    def _connected(self) -> HTTPConnection:
        kind = HTTPSConnection if self._is_safe else HTTPConnection
        line = kind(self._host, self._port, timeout=CONNECT_S)
        line.connect()
        return line


def _batches(items: list[_T]) -> Iterator[list[_T]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
