"""What a search holds in memory of an index: vectors, and who may see which passage. It follows the database by generation.

The database is the truth. Each query reads it in one transaction, and brings memory to the generation of that transaction
first: what another process took out is gone from here before anything is ranked.

Letters in shapes: D dimensions, I ids from 0 to the highest.
"""

import sqlite3
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.legs.vector_cache import VectorCache
from danlu.retrieve.outside.store_changes import reaches_back, removed_since
from danlu.retrieve.outside.stores import Outside, OutsideVectors, Vectors
from danlu.retrieve.tables.cached_vectors import CachedVectors
from danlu.retrieve.tables.schema import EVERYONE, VECTOR_SUM, read_fact
from danlu.retrieve.tables.vectors import VectorTable

_MOST_MASKS = 64
"""Sets of principals that are remembered: one byte per passage each."""
_BATCH = 20_000
"""Vectors that are read at a time: 15 MB at 384 dimensions."""


@dataclass(frozen=True)
class Snapshot:
    """The vectors of one generation."""

    generation: int
    vectors: VectorTable | CachedVectors
    """Empty where a store elsewhere holds them."""
    sum_D: NDArray[np.float32]
    """Of all vectors."""
    size: int
    """Vectors, wherever they are."""
    last_id: int
    """No vector has a higher id."""


class Memory:
    """The newest snapshot that any query of this process asked for. Threads share it.

    With a store outside, that holds the vectors, and this only counts them. `cache` is where a FAISS cache of the vectors may lie.
    """

    def __init__(self, outside: Outside | None = None, cache: VectorCache | None = None) -> None:
        self._outside = outside
        self._cache = cache
        self._lock = threading.Lock()
        self._newest: Snapshot | None = None
        self._masks: dict[tuple[int, frozenset[str]], NDArray[np.bool_]] = {}

    def at(self, connection: sqlite3.Connection) -> Snapshot:
        """The snapshot of the generation that the connection's transaction sees."""
        generation = int(read_fact(connection, "generation"))
        with self._lock:
            newest = self._newest
            if newest is not None and newest.generation == generation:
                return newest
            if newest is not None and newest.generation > generation:
                return self._follow(connection, None, generation)  # a query that began before another one's write: rare
            self._newest = self._follow(connection, newest, generation)
            self._masks.clear()
            return self._newest

    def _follow(self, connection: sqlite3.Connection, known: Snapshot | None, generation: int) -> Snapshot:
        if self._outside is not None:
            return _counted(connection, known, generation)
        return _followed(connection, known, generation, self._cache)

    def vectors(self, connection: sqlite3.Connection, snapshot: Snapshot, principals: frozenset[str] | None) -> Vectors:
        """What the dense leg searches for somebody within the connection's transaction, which is the snapshot's."""
        if self._outside is None:
            return snapshot.vectors
        return OutsideVectors(self._outside, connection, snapshot.generation, snapshot.size, principals)

    def allowed(
        self, connection: sqlite3.Connection, snapshot: Snapshot, principals: frozenset[str]
    ) -> NDArray[np.bool_]:
        """Which passages of a snapshot one of the principals may see, by id; shape (I,)."""
        key = (snapshot.generation, principals)
        with self._lock:
            mask_I = self._masks.get(key)
        if mask_I is None:
            mask_I = _mask(connection, principals)
            with self._lock:
                if len(self._masks) >= _MOST_MASKS:
                    self._masks.clear()
                self._masks[key] = mask_I
        return mask_I


def _mask(connection: sqlite3.Connection, principals: frozenset[str]) -> NDArray[np.bool_]:
    who = sorted(principals | {EVERYONE})
    query = (
        "SELECT first_passage, last_passage FROM documents WHERE doc_id IN"
        f" (SELECT doc_id FROM access WHERE principal IN ({','.join('?' * len(who))}))"
    )
    spans = connection.execute(query, who).fetchall()
    mask_I = np.zeros(max((last for _, last in spans), default=0) + 1, dtype=bool)
    for first, last in spans:
        mask_I[first : last + 1] = True
    return mask_I


def _followed(
    connection: sqlite3.Connection, known: Snapshot | None, generation: int, cache: VectorCache | None
) -> Snapshot:
    """A later snapshot from an earlier one, by the log of changes; read whole where the log does not reach back."""
    if known is None or not reaches_back(connection, known.generation):
        return _read_all(connection, generation, cache)
    table, before = known.vectors, known.last_id
    for first, last in removed_since(connection, known.generation):
        table = table.without(first, last)
    return _extended(connection, generation, table, before)


def _counted(connection: sqlite3.Connection, known: Snapshot | None, generation: int) -> Snapshot:
    """The snapshot of a generation without its vectors: how many they are, from an earlier count where the log leads on from it."""
    size, after = 0, 0
    if known is not None and reaches_back(connection, known.generation):
        after = known.last_id
        gone = removed_since(connection, known.generation)
        size = known.size - sum(max(0, min(last, after) - first + 1) for first, last in gone)
    count, last_id = connection.execute("SELECT count(*), max(id) FROM vectors WHERE id > ?", (after,)).fetchone()
    return Snapshot(generation, VectorTable.empty(0), _vector_sum(connection), size + count, last_id or after)


def _read_all(connection: sqlite3.Connection, generation: int, cache: VectorCache | None) -> Snapshot:
    cached = cache.opened(connection) if cache else None
    if cached is not None:
        return _extended(connection, generation, cached, cached.cache.last_id)
    found = connection.execute("SELECT length(vector) FROM vectors LIMIT 1").fetchone()
    return _extended(connection, generation, VectorTable.empty(found[0] // 2 if found else 0), 0)


def _extended(
    connection: sqlite3.Connection, generation: int, table: VectorTable | CachedVectors, after: int
) -> Snapshot:
    """With the vectors of ids above `after`."""
    found = connection.execute("SELECT id, vector FROM vectors WHERE id > ? ORDER BY id", (after,))
    while batch := found.fetchmany(_BATCH):
        ids = np.array([id for id, _ in batch], dtype=np.int64)
        vectors = np.frombuffer(b"".join(vector for _, vector in batch), dtype=np.float16).reshape(len(batch), -1)
        if not len(table):  # nothing there that could tell how long a vector is
            table = VectorTable.empty(vectors.shape[1])
        table = table.extended(ids, vectors)
    return Snapshot(generation, table, _vector_sum(connection), len(table), max(table.last_id, after))


def _vector_sum(connection: sqlite3.Connection) -> NDArray[np.float32]:
    return np.array(read_fact(connection, VECTOR_SUM) or [], dtype=np.float32)
