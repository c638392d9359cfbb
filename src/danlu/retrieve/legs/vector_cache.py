"""When a live index has a FAISS cache of its vectors: built by whoever changes many, opened by whoever asks.

The database is the truth, and the cache may be missing, damaged or of another index: then every vector is compared, which finds the
same or more, and takes longer. One that holds what was taken out is deleted with the bytes of the rest (`LiveIndex.compact`).
"""

import sqlite3
from pathlib import Path

import numpy as np

from danlu.core.errors import UserError, WorkFailed
from danlu.retrieve.outside.store_changes import reaches_back, removed_since, stamp_of
from danlu.retrieve.tables.cached_vectors import CachedVectors
from danlu.retrieve.tables.faiss_cache import (
    FaissCache,
    Stamp,
    build_cache,
    delete_cache,
    delete_scratch,
    open_cache,
)
from danlu.retrieve.tables.ranked_anew import stored_vectors
from danlu.retrieve.tables.schema import read_fact

_MOST_NEWER = 0.1
"""Share of the vectors that may be newer than the cache: comparing a tenth of them takes as long as asking the cache."""


class VectorCache:
    """The cache of one index file, in the folder beside it. It pays from `least` vectors on."""

    def __init__(self, database: Path, least: int) -> None:
        self._folder = folder_of(database)
        self._least = least

    def opened(self, connection: sqlite3.Connection) -> CachedVectors | None:
        """The cache with what the connection's transaction still holds of it; None where there is none that fits."""
        cache = self._open(connection)
        if cache is None:
            return None
        return CachedVectors.of(cache, _spans(connection))

    def pays(self, connection: sqlite3.Connection) -> bool:
        """Whether there are vectors enough."""
        return sum(last - first + 1 for first, last in _spans(connection)) >= self._least

    def bring(self, connection: sqlite3.Connection) -> bool:
        """Build the cache anew where none fits; returns whether it did. Without faiss nothing happens.

        It reads inside the connection's transaction.
        """
        ids_N = np.concatenate([np.arange(first, last + 1) for first, last in _spans(connection)])
        ids_N.sort()
        cache = self._open(connection)
        if cache is not None and (ids_N > cache.last_id).mean() <= _MOST_NEWER:
            return False
        self._folder.mkdir(exist_ok=True)
        stored = stored_vectors(lambda query, values: connection.execute(query, values).fetchall())
        try:
            build_cache(self._folder, _stamp(connection), ids_N, stored)
        except (
            UserError,
            FileNotFoundError,
        ):  # faiss is not installed, or somebody forgot the cache while it was built
            return False
        return True

    def forget(self, connection: sqlite3.Connection) -> None:
        """Delete a cache that holds vectors which were taken out of the index since, or that cannot be told.

        What a build left that was cut off, or is under way, cannot be told either.
        """
        if not self._folder.is_dir():
            return
        delete_scratch(self._folder)
        now = _stamp(connection)
        try:
            cache = open_cache(self._folder, now)
        except (UserError, WorkFailed):
            cache = None
        if cache is None:
            delete_cache(self._folder)
            return
        if cache.generation == now.generation:
            return
        if not reaches_back(connection, cache.generation) or removed_since(connection, cache.generation):
            delete_cache(self._folder)

    def _open(self, connection: sqlite3.Connection) -> FaissCache | None:
        if not self._folder.is_dir():
            return None
        try:
            return open_cache(self._folder, _stamp(connection))
        except (UserError, WorkFailed):  # no faiss, or a cache that does not fit: exact search goes on
            return None


def folder_of(database: Path) -> Path:
    """The folder of an index file's cache."""
    return database.with_suffix(".faiss")


def _spans(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """First and last passage of every document that has some: each has a vector."""
    query = "SELECT first_passage, last_passage FROM documents WHERE last_passage >= first_passage"
    return connection.execute(query).fetchall()


def _stamp(connection: sqlite3.Connection) -> Stamp:
    return Stamp(stamp_of(connection), int(read_fact(connection, "generation")))
