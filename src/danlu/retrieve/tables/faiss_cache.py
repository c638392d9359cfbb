"""A FAISS index beside the database, for more vectors than an exact search compares in time.

The database is the truth, and this is a cache of it: two files that are written whole and then renamed, the stamp last. One that is
damaged, or of another index, is refused; what was lost with it is the minute that building it takes.

Cells (k-means, one to the square root of the rows) with 8-bit residuals: FAISS's IVF-SQ8, "The Faiss library" (Douze et al. 2024).
On a million vectors of 384 it finds .985 of the exact ten in 2 ms, where comparing all takes 18 (benchmarks/retrieve_latency.py).

What came after it was built is searched exactly, and what was taken out is masked (danlu.retrieve.tables.cached_vectors).

Letters in shapes: N rows, D dimensions, I ids from 0 to the highest.
"""

import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.core.errors import UserError, WorkFailed
from danlu.core.hashing import hash_file
from danlu.retrieve.tables.ranked_anew import Stored, candidates

WORTH_FROM = 1_000_000
"""Rows from which it pays. At a million of 384 a process read 394 MB instead of a database of 0.8 GB, and was ready in 0.6 CPU-seconds
instead of 6.6; a search took 5 ms instead of 17. Below, comparing all is fast enough, and exact."""
_PROBES = 32
"""Cells that are searched. 16 find .985 of the right ten on a million vectors, 32 .989, 128 .991."""
_SAMPLE = 40
"""Rows for each cell that the cells are learnt from: FAISS asks for 39 at least."""
_BATCH = 20_000
_FILE, _STAMP = "vectors.faiss", "vectors.faiss.json"
_DELETE = (
    "It is a cache: delete it, and it is built anew. Until then every vector is compared, which is exact and slower."
)


@dataclass(frozen=True)
class Stamp:
    """What a cache was made of."""

    index: str
    """Names the database and the encoder of its vectors."""
    generation: int
    """The state of the database."""


@dataclass(frozen=True)
class _Written:
    """The file of the stamp, beside that of the index."""

    index: str
    generation: int
    last_id: int
    sha256: str


class FaissCache:
    """An open cache."""

    def __init__(self, index: Any, generation: int, last_id: int) -> None:
        self._index = index
        self.generation = generation
        """The state of the database that it holds."""
        self.last_id = last_id
        """The highest id in it: rows above are searched exactly."""
        self.dimensions = int(index.d)
        """Numbers in a vector."""

    def nearest(self, question_D: NDArray[np.float32], depth: int, allowed_I: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Ids among which the best `depth` are most likely, for `ranked`; in no order.

        `allowed_I` says by id what is still there and may be found. The fewer there are, the more cells are searched.
        """
        faiss = _faiss()
        share = min(int(allowed_I[: self.last_id + 1].sum()) / max(self._index.ntotal, 1), 1.0)
        if not share:
            return np.zeros(0, dtype=np.int64)
        allowed_bytes = np.packbits(allowed_I, bitorder="little")
        parameters = faiss.SearchParametersIVF(
            sel=faiss.IDSelectorBitmap(allowed_bytes), nprobe=min(self._index.nlist, math.ceil(_PROBES / share))
        )
        question_1D = np.ascontiguousarray(question_D, dtype=np.float32)[None]
        found: NDArray[np.int64] = self._index.search(question_1D, candidates(depth), params=parameters)[1][0]
        return found[found >= 0]


def build_cache(folder: Path, stamp: Stamp, ids_N: NDArray[np.int64], stored: Stored) -> None:
    """Build the cache of these ids' vectors in a folder, in place of one that lies there.

    What a build that was cut off left there goes first. Raises FileNotFoundError when somebody deletes the cache meanwhile,
    UserError when faiss is not installed. It holds one byte per number in memory, and a tenth more.
    """
    faiss = _faiss()
    delete_scratch(folder)
    cells = max(1, min(math.isqrt(len(ids_N)), len(ids_N) // _SAMPLE))
    sample = np.sort(np.random.default_rng(0).choice(ids_N, min(len(ids_N), cells * _SAMPLE), replace=False))
    learnt_from = np.concatenate([vectors for _, vectors in _batches(sample, stored)])
    dimensions = learnt_from.shape[1]
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimensions), dimensions, cells, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.train(learnt_from)
    for ids, vectors in _batches(ids_N, stored):
        index.add_with_ids(vectors, ids)
    scratch = folder / f"{_FILE}.{os.getpid()}"
    faiss.write_index(index, str(scratch))
    written = _Written(stamp.index, stamp.generation, int(ids_N.max()), hash_file(scratch))
    _put(scratch, folder / _FILE)
    scratch.write_text(json.dumps(asdict(written)), encoding="utf-8")
    _put(scratch, folder / _STAMP)


def open_cache(folder: Path, stamp: Stamp) -> FaissCache | None:
    """Open the cache in a folder; None when there is none, as after a build that was cut off.

    Raises UserError when faiss is not installed, and WorkFailed when the cache is damaged, of another index, or of a later state than
    the stamp's (a database that was put back from a copy).
    """
    path = folder / _FILE
    try:
        written = _Written(**json.loads((folder / _STAMP).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        raise WorkFailed("{path} is damaged", _DELETE, path=folder / _STAMP) from None
    if written.index != stamp.index or written.generation > stamp.generation:
        raise WorkFailed("{path} was made of another index, or of a later state of it", _DELETE, path=path)
    faiss = _faiss()
    if not path.exists() or hash_file(path) != written.sha256:
        raise WorkFailed("{path} is damaged: it is not the file that its stamp names", _DELETE, path=path)
    return FaissCache(faiss.read_index(str(path)), written.generation, written.last_id)


def delete_cache(folder: Path) -> None:
    """Delete the cache in a folder, the stamp first, and what a build that was cut off left; without them nothing happens."""
    for name in (_STAMP, _FILE):
        (folder / name).unlink(missing_ok=True)
    delete_scratch(folder)


def delete_scratch(folder: Path) -> None:
    """Delete what a build that was cut off left beside the cache: it holds vectors too, and no stamp says which."""
    for path in folder.glob(f"{_FILE}.*"):
        if path.name != _STAMP:
            path.unlink(missing_ok=True)


def _batches(ids_N: NDArray[np.int64], stored: Stored) -> Any:
    for start in range(0, len(ids_N), _BATCH):
        ids = ids_N[start : start + _BATCH]
        yield ids, np.ascontiguousarray(stored(ids.tolist()), dtype=np.float32)


def _put(source: Path, to: Path) -> None:
    """Rename a file whose bytes are on the disk first, so that a crash leaves the old one or the new one."""
    with source.open("rb") as file:
        os.fsync(file.fileno())
    source.replace(to)


def _faiss() -> Any:
    try:
        import faiss
    except ImportError:
        raise UserError(
            "An approximate search needs the package faiss-cpu",
            "pip install 'danlu[faiss]'. Until then every vector is compared, which is exact and slower.",
        ) from None
    return faiss
