"""Vectors in memory: exact cosine search over 8-bit rows, ranked anew by the stored vectors.

A row is kept as 8-bit integers with one scale (its largest entry is 127), a quarter of the memory of floats: 100,000 rows of 384
take 38 MB. The question stays in floats. Rounding moves a cosine by some thousandths, so more rows than were asked for are ranked
anew by the vectors of the database, which makes the result what a search over those alone gives (benchmarks/retrieve_latency.py).

A table never changes: `extended` and `without` give another one that shares the rows, so that a search under way reads what it began
with. Rows that were taken out leave memory when they are an eighth of the table.

Letters in shapes: N rows of the table, D dimensions, I ids from 0 to the highest, M rows that come in, K candidates.
"""

import threading
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.tables.ranked_anew import Stored, candidates, ranked

_COMPILED_FROM = 20_000_000
"""Numbers in a table from which the compiled scan pays: below, numpy takes 4 ms at most, and loading numba costs half a second once."""
_BLOCK = 4096
"""Rows that numpy turns into floats at a time: 6 MB at 384 dimensions, which stays in the cache."""
_MOST_DEAD = 8
"""One row in eight may be a dead one."""


@dataclass
class _Buffer:
    """Rows that several tables share; only those behind `used` may be written."""

    rows_ND: NDArray[np.int8]
    scales_N: NDArray[np.float32]
    ids_N: NDArray[np.int64]
    used: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class VectorTable:
    """Unit vectors by passage id. Safe to search from several threads while others are made from it."""

    _buffer: _Buffer
    _count: int
    _dead_N: NDArray[np.bool_] | None = None

    @staticmethod
    def empty(dimensions: int) -> "VectorTable":
        """A table without rows."""
        return VectorTable(_new_buffer(0, dimensions), 0)

    @property
    def trouble(self) -> str:
        """See danlu.retrieve.outside.stores.Vectors: in memory nothing is out of reach."""
        return ""

    @property
    def approximate(self) -> bool:
        """See danlu.retrieve.outside.stores.Vectors: every vector is compared."""
        return False

    @property
    def ids_N(self) -> NDArray[np.int64]:
        """The ids that are there, ascending."""
        ids_N = self._buffer.ids_N[: self._count]
        return ids_N if self._dead_N is None else ids_N[~self._dead_N]

    @property
    def last_id(self) -> int:
        """No row has a higher id; 0 in an empty table."""
        return int(self._buffer.ids_N[self._count - 1]) if self._count else 0

    def __len__(self) -> int:
        return self._count - (0 if self._dead_N is None else int(self._dead_N.sum()))

    def extended(self, ids_M: NDArray[np.int64], vectors_MD: NDArray[np.floating]) -> "VectorTable":
        """A table with some rows more; their ids ascend, and are higher than all that were ever there."""
        count = self._count + len(ids_M)
        highest = self._buffer.ids_N[self._count - 1] if self._count else -1
        assert np.all(np.diff(ids_M, prepend=highest) > 0), "ids ascend, and are used once"
        with self._buffer.lock:
            # Whoever extends a table first takes the room behind it; a second extension of the same table gets a copy.
            fits = self._buffer.used == self._count and count <= len(self._buffer.ids_N)
            buffer = self._buffer if fits else _grown(self._buffer, self._count, count)
            rows_MD, scales_M = _rounded(vectors_MD)
            new = slice(self._count, count)
            buffer.ids_N[new], buffer.rows_ND[new], buffer.scales_N[new] = ids_M, rows_MD, scales_M
            buffer.used = count
        dead = None if self._dead_N is None else np.concatenate([self._dead_N, np.zeros(len(ids_M), dtype=bool)])
        return VectorTable(buffer, count, dead)

    def without(self, first_id: int, last_id: int) -> "VectorTable":
        """A table without the ids from `first_id` to `last_id`."""
        start, end = np.searchsorted(self._buffer.ids_N[: self._count], [first_id, last_id + 1])
        dead = np.zeros(self._count, dtype=bool) if self._dead_N is None else self._dead_N.copy()
        dead[start:end] = True
        if int(dead.sum()) * _MOST_DEAD <= self._count:
            return VectorTable(self._buffer, self._count, dead)
        kept = np.flatnonzero(~dead)
        buffer = _new_buffer(len(kept), self._buffer.rows_ND.shape[1])
        buffer.rows_ND[:], buffer.scales_N[:] = self._buffer.rows_ND[kept], self._buffer.scales_N[kept]
        buffer.ids_N[:], buffer.used = self._buffer.ids_N[kept], len(kept)
        return VectorTable(buffer, len(kept))

    def search(
        self,
        question_D: NDArray[np.float32],
        depth: int,
        stored: Stored,
        allowed_I: NDArray[np.bool_] | None = None,
        also: Collection[int] = (),
    ) -> dict[int, float]:
        """The best `depth` ids by cosine, best first, then those of `also`; all of them allowed, present and above zero.

        `allowed_I` says by id what may be found, None everything; an id beyond its end may not.
        """
        scores_N = self._scores(question_D, allowed_I)
        near = self._buffer.ids_N[_highest(scores_N, candidates(depth))]
        return ranked(question_D, depth, stored, near, self._present(also, scores_N))

    def nearest(
        self, question_D: NDArray[np.float32], depth: int, allowed_I: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """Ids among which the best `depth` are, for `ranked`; in no order."""
        return self._buffer.ids_N[_highest(self._scores(question_D, allowed_I), candidates(depth))]

    def _scores(self, question_D: NDArray[np.float32], allowed_I: NDArray[np.bool_] | None) -> NDArray[np.float32]:
        """Rounded cosines; minus infinity where a row is dead or may not be found."""
        rows_ND, scales_N = self._buffer.rows_ND[: self._count], self._buffer.scales_N[: self._count]
        scores_N = np.empty(self._count, dtype=np.float32)
        question_D = np.ascontiguousarray(question_D, dtype=np.float32)
        if rows_ND.size >= _COMPILED_FROM:
            from danlu.retrieve.tables.vector_kernels import scan

            scan(rows_ND, scales_N, question_D, scores_N)
        else:
            for start in range(0, self._count, _BLOCK):
                block = slice(start, start + _BLOCK)
                scores_N[block] = (rows_ND[block].astype(np.float32) @ question_D) * scales_N[block]
        if self._dead_N is not None:
            scores_N[self._dead_N] = -np.inf
        if allowed_I is not None:
            ids_N = self._buffer.ids_N[: self._count]
            known = int(np.searchsorted(ids_N, len(allowed_I)))
            scores_N[:known][~allowed_I[ids_N[:known]]] = -np.inf
            scores_N[known:] = -np.inf
        return scores_N

    def _present(self, ids: Collection[int], scores_N: NDArray[np.float32]) -> NDArray[np.int64]:
        """Those of the ids that are there and may be found, ascending."""
        wanted = np.array(sorted(set(ids)), dtype=np.int64)
        places = np.searchsorted(self._buffer.ids_N[: self._count], wanted)
        inside = places < self._count
        wanted, places = wanted[inside], places[inside]
        found: NDArray[np.int64] = wanted[(self._buffer.ids_N[places] == wanted) & (scores_N[places] > -np.inf)]
        return found


def _new_buffer(capacity: int, dimensions: int) -> _Buffer:
    rows_ND = np.empty((capacity, dimensions), dtype=np.int8)
    return _Buffer(rows_ND, np.empty(capacity, dtype=np.float32), np.empty(capacity, dtype=np.int64))


def _grown(old: _Buffer, used: int, count: int) -> _Buffer:
    """A copy of the first `used` rows with room for `count` and a quarter more, so that a row is copied few times."""
    buffer = _new_buffer(count + count // 4, old.rows_ND.shape[1])
    for name in ("rows_ND", "scales_N", "ids_N"):
        getattr(buffer, name)[:used] = getattr(old, name)[:used]
    return buffer


def _rounded(vectors_MD: NDArray[np.floating]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    vectors_MD = np.asarray(vectors_MD, dtype=np.float32)
    scales_M = np.abs(vectors_MD).max(axis=1, initial=0.0) / 127
    rows_MD = np.rint(vectors_MD / np.where(scales_M > 0, scales_M, 1.0)[:, None])
    return rows_MD.astype(np.int8), scales_M.astype(np.float32)


def _highest(scores_N: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Places of the `count` highest scores that are not minus infinity, in no order."""
    places = np.argpartition(-scores_N, count)[:count] if count < len(scores_N) else np.arange(len(scores_N))
    return places[scores_N[places] > -np.inf]
