"""Vectors on a Qdrant server (VectorStore of danlu.retrieve.outside.stores).

A collection holds one point per passage: its id, its vector, and in its payload the principals. Point 0, which no passage has, says whose
they are and of which generation; it is written last, and everything before it may be done twice. So a process that dies in the
middle leaves work that the next one does again. A lock file beside the index keeps two from doing it at once: an index lies on one machine.
"""

import fcntl
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.outside.qdrant_rest import Collection
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
from danlu.retrieve.outside.stores import LIMITS, StoreDown, StoreLimits
from danlu.retrieve.tables.schema import EVERYONE

_STATE = 0
"""The point that says what the collection holds; passages are numbered from 1."""
_MOST_POINTS = 1_000
"""In a request: 4 MB of JSON at 384 dimensions; a server takes 32 MB."""
_LOCK_STEP_S = 0.02

_T = TypeVar("_T")


class QdrantVectors:
    """A collection of a server. `url` is http(s)://HOST[:PORT]; 6333 is Qdrant's own port."""

    def __init__(self, url: str, collection: str, api_key: str = "", limits: StoreLimits = LIMITS) -> None:
        self.limits = limits
        self._name = collection
        self._collection = Collection(url, collection, api_key, limits)
        self.name = self._collection.server

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
        found = self._collection.ask("POST", "/points/query", query, missing={"points": []})
        try:
            return {int(point["id"]): float(point["score"]) for point in found["points"]}
        except (KeyError, TypeError, ValueError):
            raise self._collection.stranger(found) from None

    def close(self) -> None:
        """See VectorStore."""
        self._collection.close()

    def _refill(self, connection: sqlite3.Connection) -> int:
        """Everything anew; returns the number of points."""
        self._collection.ask("DELETE", "", None, self.limits.change_s)
        dimensions = dimensions_of(connection)
        if not dimensions:
            return 0
        self._collection.ask(
            "PUT", "", {"vectors": {"size": dimensions, "distance": "Dot", "datatype": "float16"}}, self.limits.change_s
        )
        self._collection.ask(
            "PUT", "/index?wait=true", {"field_name": "principals", "field_schema": "keyword"}, self.limits.change_s
        )
        return sum(self._put(batch) for batch in put_since(connection, None, self.limits.batch_rows))

    def _changed(self, connection: sqlite3.Connection, since: int) -> int:
        """What changed since a generation; returns by how many points there are more, as far as nothing is done twice."""
        gone = [id for first, last in removed_since(connection, since) for id in range(first, last + 1)]
        for ids in self._batches(gone):
            self._collection.ask("POST", "/points/delete?wait=true", {"points": ids}, self.limits.change_s)
        more = sum(self._put(batch) for batch in put_since(connection, since, self.limits.batch_rows)) - len(gone)
        if access_changed_since(connection, since):
            self._set_access(connection)
        return more

    def _put(self, rows: list[Row]) -> int:
        for batch in self._batches(rows):
            points = [
                {
                    "id": row.id,
                    "vector": np.frombuffer(row.vector, dtype="<f2").astype(np.float64).tolist(),
                    "payload": {"principals": list(row.principals)},
                }
                for row in batch
            ]
            self._collection.ask("PUT", "/points?wait=true", {"points": points}, self.limits.change_s)
        return len(rows)

    def _set_access(self, connection: sqlite3.Connection) -> None:
        seen_by: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for first, last, who in spans(connection):
            seen_by[who] += range(first, last + 1)
        for who, all_ids in seen_by.items():
            for ids in self._batches(all_ids):
                change = {"payload": {"principals": list(who)}, "points": ids}
                self._collection.ask("POST", "/points/payload?wait=true", change, self.limits.change_s)

    def _held(self) -> Held | None:
        found = self._collection.ask("GET", f"/points/{_STATE}", None, missing=None)
        if not found:
            return None
        try:
            said = found["payload"]
            return Held(str(said["stamp"]), str(said["owner"]), int(said["generation"]), int(said["rows"]))
        except (KeyError, TypeError, ValueError):
            raise self._collection.stranger(found) from None

    def _write_state(self, held: Held, dimensions: int) -> None:
        point = {"id": _STATE, "vector": [0.0] * dimensions, "payload": asdict(held)}
        self._collection.ask("PUT", "/points?wait=true", {"points": [point]}, self.limits.change_s)

    def _check_owner(self, held: Held | None, connection: sqlite3.Connection) -> None:
        if held and held.owner != owner_of(connection):
            raise StoreDown(
                f"the collection {self._name} of {self.name} holds the vectors of {held.owner}: give one of the two"
                " another name in danlu.yaml, or delete the collection if that folder is gone"
            )

    @contextmanager
    def _alone(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Hold the lock of the index's follower; the system lets go of it when a process dies."""
        until = time.monotonic() + self.limits.query_s
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

    def _batches(self, items: list[_T]) -> Iterator[list[_T]]:
        size = min(_MOST_POINTS, self.limits.batch_rows)
        for start in range(0, len(items), size):
            yield items[start : start + size]
