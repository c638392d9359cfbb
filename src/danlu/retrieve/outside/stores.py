"""The vector leg on a store elsewhere, for more vectors than one process should hold: a follower of the index, never the truth.

Before a question the store is brought to the generation that the question's transaction sees. What it finds is looked up in that
transaction and ranked anew by the vectors there: a passage that is gone, or may not be seen, never passes, whatever the store says.

A store that is down or slow costs one question its time-out. The dense leg then scores what the lexical legs found, by the vectors of
the index, and finds nothing of its own; the answer says so.
"""

import sqlite3
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.tables.ranked_anew import Stored, candidates, ranked


class StoreDown(Exception):
    """A store did not do what it was asked; the text says why, without secrets."""


@dataclass(frozen=True)
class StoreLimits:
    """How long a store is waited for, and how much it is given at a time."""

    connect_s: int = 2
    """To take a connection: one in the same network takes milliseconds."""
    query_s: float = 5
    """To answer a search: an exact one over a million vectors takes a second."""
    change_s: float = 60
    """For one statement or request of a change: a hundred times what it takes."""
    retry_s: float = 10
    """After a failure, during which no question waits for the store."""
    batch_rows: int = 5_000
    """Vectors that are read and sent at a time: 4 MB at 384 dimensions."""


LIMITS = StoreLimits()


class Vectors(Protocol):
    """What the dense leg searches."""

    @property
    def trouble(self) -> str:
        """Why less was searched than all; empty when all was."""

    @property
    def approximate(self) -> bool:
        """Whether a search may miss some of the best, for speed."""

    def __len__(self) -> int:
        """Vectors of the index."""

    def search(
        self,
        question_D: NDArray[np.float32],
        depth: int,
        stored: Stored,
        allowed_I: NDArray[np.bool_] | None = None,
        also: Collection[int] = (),
    ) -> dict[int, float]:
        """The best `depth` ids by cosine, best first, then those of `also`; all of them allowed, present and above zero."""


class VectorStore(Protocol):
    """Vectors by passage id in another program. Threads may share it. Every method raises StoreDown."""

    @property
    def name(self) -> str:
        """What it is and where, without secrets."""

    @property
    def limits(self) -> StoreLimits:
        """How long it is waited for."""

    def bring_to(self, connection: sqlite3.Connection, generation: int) -> None:
        """Take what the index has changed up to the generation that the connection's transaction sees; all of it where the log
        of changes does not reach back, or where another index is held. Several processes may do so at once.
        """

    def search(
        self, question_D: NDArray[np.float32], depth: int, principals: frozenset[str] | None
    ) -> dict[int, float]:
        """The best ids by cosine among those that the principals may see; None sees everything."""

    def close(self) -> None:
        """Close every connection that is idle."""


class Outside:
    """A store behind a circuit: after a failure it is left alone for some seconds. Threads share it."""

    def __init__(self, store: VectorStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._trouble = ""
        self._until = 0.0

    def near(
        self,
        connection: sqlite3.Connection,
        generation: int,
        question_D: NDArray[np.float32],
        depth: int,
        principals: frozenset[str] | None,
    ) -> list[int]:
        """Ids that the store finds when it is brought to a generation; raises StoreDown."""
        with self._lock:
            if time.monotonic() < self._until:
                raise StoreDown(self._trouble)
        try:
            self.bring_to(connection, generation)
            return list(self._store.search(question_D, depth, principals))
        except StoreDown as trouble:
            with self._lock:
                self._trouble, self._until = str(trouble), time.monotonic() + self._store.limits.retry_s
            raise

    def bring_to(self, connection: sqlite3.Connection, generation: int) -> None:
        """Have the store take what the index has changed; raises StoreDown."""
        self._store.bring_to(connection, generation)

    def close(self) -> None:
        """Close the store."""
        self._store.close()


class OutsideVectors:
    """A store's vectors as one question's transaction sees them (Vectors)."""

    def __init__(
        self,
        outside: Outside,
        connection: sqlite3.Connection,
        generation: int,
        size: int,
        principals: frozenset[str] | None,
    ) -> None:
        self._outside = outside
        self._connection = connection
        self._generation = generation
        self._size = size
        self._principals = principals
        self.trouble = ""
        self.approximate = True
        """Stores search by graphs, from sizes on that they choose."""

    def __len__(self) -> int:
        return self._size

    def search(
        self,
        question_D: NDArray[np.float32],
        depth: int,
        stored: Stored,
        allowed_I: NDArray[np.bool_] | None = None,
        also: Collection[int] = (),
    ) -> dict[int, float]:
        """See Vectors. Without the store, those of `also` alone."""
        try:
            near = self._outside.near(
                self._connection, self._generation, question_D, candidates(depth), self._principals
            )
        except StoreDown as trouble:
            self.trouble, near = str(trouble), []
        return ranked(question_D, depth, stored, self._present(near, allowed_I), self._present(also, allowed_I))

    def _present(self, ids: Collection[int], allowed_I: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        """Those of the ids that this transaction holds and that may be found, ascending."""
        marks = ",".join("?" * len(ids))
        found = self._connection.execute(f"SELECT id FROM vectors WHERE id IN ({marks}) ORDER BY id", list(ids))
        there = np.array([id for (id,) in found], dtype=np.int64)
        if allowed_I is None:
            return there
        there = there[there < len(allowed_I)]
        allowed: NDArray[np.int64] = there[allowed_I[there]]
        return allowed
