"""The vectors of an index whose greater part a FAISS cache holds: the cache finds what is old, an exact scan what came since.

It is searched like a VectorTable and changes like one. A passage's id is never used twice, and its vector never changes, so a cache
never gives a wrong vector: what was taken out since is masked by id, and what both find is ranked anew by the stored vectors.

Letters in shapes: N and M rows, D dimensions, I ids from 0 to the highest.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.tables.faiss_cache import FaissCache
from danlu.retrieve.tables.ranked_anew import Stored, ranked
from danlu.retrieve.tables.vectors import VectorTable


@dataclass(frozen=True)
class CachedVectors:
    """A cache, the rows that are newer than it, and which ids are there. Safe to search from several threads."""

    cache: FaissCache
    newer: VectorTable
    present_I: NDArray[np.bool_]

    @staticmethod
    def of(cache: FaissCache, spans: Sequence[tuple[int, int]]) -> "CachedVectors":
        """What of the cache is there still: the ids of `spans`, first and last, that are not above its highest."""
        present_I = np.zeros(cache.last_id + 1, dtype=bool)
        for first, last in spans:
            present_I[first : last + 1] = True
        return CachedVectors(cache, VectorTable.empty(cache.dimensions), present_I)

    @property
    def trouble(self) -> str:
        """See danlu.retrieve.outside.stores.Vectors: nothing is out of reach."""
        return ""

    @property
    def approximate(self) -> bool:
        """See danlu.retrieve.outside.stores.Vectors: of a hundred of the best, one or two may be missed."""
        return True

    @property
    def ids_N(self) -> NDArray[np.int64]:
        """The ids that are there, ascending."""
        return np.flatnonzero(self.present_I)

    @property
    def last_id(self) -> int:
        """No row has a higher id."""
        return max(self.cache.last_id, self.newer.last_id)

    def __len__(self) -> int:
        return int(self.present_I.sum())

    def extended(self, ids_M: NDArray[np.int64], vectors_MD: NDArray[np.floating]) -> "CachedVectors":
        """With some rows more; their ids ascend, and are higher than all that were ever there."""
        present_I = np.zeros(int(ids_M[-1]) + 1, dtype=bool)
        present_I[: len(self.present_I)] = self.present_I
        present_I[ids_M] = True
        return replace(self, newer=self.newer.extended(ids_M, vectors_MD), present_I=present_I)

    def without(self, first_id: int, last_id: int) -> "CachedVectors":
        """Without the ids from `first_id` to `last_id`."""
        present_I = self.present_I.copy()
        present_I[first_id : last_id + 1] = False
        return replace(self, newer=self.newer.without(first_id, last_id), present_I=present_I)

    def search(
        self,
        question_D: NDArray[np.float32],
        depth: int,
        stored: Stored,
        allowed_I: NDArray[np.bool_] | None = None,
        also: Collection[int] = (),
    ) -> dict[int, float]:
        """See VectorTable.search; of a hundred of the best, one or two may be missed."""
        found_I = self.present_I if allowed_I is None else _both(self.present_I, allowed_I)
        old = self.cache.nearest(question_D, depth, found_I)
        new = self.newer.nearest(question_D, depth, found_I)
        wanted = np.array(sorted({id for id in also if id < len(found_I)}), dtype=np.int64)
        return ranked(question_D, depth, stored, np.concatenate([old, new]), wanted[found_I[wanted]])


def _both(one_I: NDArray[np.bool_], other_I: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Beyond the end of either nothing is."""
    count = min(len(one_I), len(other_I))
    both: NDArray[np.bool_] = one_I[:count] & other_I[:count]
    return both
