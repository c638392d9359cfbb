"""The FAISS cache beside an index: what it finds, and what it refuses."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from danlu.core.errors import UserError, WorkFailed
from danlu.retrieve.tables.faiss_cache import FaissCache, Stamp, build_cache, open_cache
from danlu.retrieve.tables.ranked_anew import ranked
from danlu.retrieve.tables.vectors import VectorTable

COUNT, DIMENSIONS = 4000, 24
STAMP = Stamp("index", 7)


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    """Unit rows in fifty bunches; row 0 belongs to no passage."""
    draw = np.random.default_rng(0)
    middles = draw.normal(size=(50, DIMENSIONS))
    rows = middles[draw.integers(0, 50, COUNT + 100)] + 0.4 * draw.normal(size=(COUNT + 100, DIMENSIONS))
    unit: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


@pytest.fixture(scope="module")
def built(vectors: NDArray[np.float32], tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("faiss")
    folder = tmp_path_factory.mktemp("cache")
    build_cache(folder, STAMP, np.arange(1, COUNT + 1), lambda ids: vectors[ids])
    return folder


def opened(folder: Path, stamp: Stamp = STAMP) -> FaissCache:
    cache = open_cache(folder, stamp)
    assert cache is not None
    return cache


def best(vectors: NDArray[np.float32], question: NDArray[np.float32], allowed_I: NDArray[np.bool_]) -> list[int]:
    scores = np.where(allowed_I, vectors[: len(allowed_I)] @ question, -1)
    return np.argsort(-scores, kind="stable")[:10].tolist()


@pytest.mark.parametrize("share", [1.0, 0.3, 0.02])
def test_it_finds_nearly_what_an_exact_search_finds(built: Path, vectors: NDArray[np.float32], share: float) -> None:
    cache, draw = opened(built), np.random.default_rng(1)
    allowed_I = draw.random(COUNT + 1) < share
    allowed_I[0] = False
    right = []
    for question in vectors[draw.integers(1, COUNT, 50)]:
        near = cache.nearest(question, 10, allowed_I)
        assert allowed_I[near].all()
        found = ranked(question, 10, lambda ids: vectors[ids], near, np.zeros(0, dtype=np.int64))
        right.append(len(set(found) & set(best(vectors, question, allowed_I))) / 10)
    assert np.mean(right) >= 0.95


def test_who_may_see_the_oldest_few_finds_them_too(tmp_path: Path) -> None:
    """A mask ends at the last id that is visible: its length says nothing of how many the cache holds."""
    pytest.importorskip("faiss")
    draw, count = np.random.default_rng(2), 30_000
    rows = draw.normal(size=(count + 1, 8)).astype(np.float32)
    vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    build_cache(tmp_path, STAMP, np.arange(1, count + 1), lambda ids: vectors[ids])
    cache = opened(tmp_path)
    allowed_I = np.ones(101, dtype=bool)
    allowed_I[0] = False
    right = []
    for question in vectors[draw.integers(1, count, 50)]:
        near = cache.nearest(question, 10, allowed_I)
        found = ranked(question, 10, lambda ids: vectors[ids], near, np.zeros(0, dtype=np.int64))
        right.append(len(set(found) & set(best(vectors, question, allowed_I))) / 10)
    assert np.mean(right) >= 0.95


def test_what_came_later_is_found_beside_it(built: Path, vectors: NDArray[np.float32]) -> None:
    cache = opened(built, Stamp("index", 9))
    assert (cache.generation, cache.last_id) == (7, COUNT)
    later = np.arange(COUNT + 1, COUNT + 100)
    newer = VectorTable.empty(DIMENSIONS).extended(later, vectors[later])
    question = vectors[COUNT + 50]
    allowed_I = np.ones(COUNT + 100, dtype=bool)
    near = np.concatenate([cache.nearest(question, 10, allowed_I), newer.nearest(question, 10, allowed_I)])
    found = ranked(question, 10, lambda ids: vectors[ids], near, np.zeros(0, dtype=np.int64))
    assert next(iter(found)) == COUNT + 50
    assert min(found) <= COUNT


def test_nothing_allowed_is_nothing_found(built: Path, vectors: NDArray[np.float32]) -> None:
    cache = opened(built)
    assert not len(cache.nearest(vectors[1], 10, np.zeros(COUNT + 1, dtype=bool)))
    assert not len(cache.nearest(vectors[1], 10, np.zeros(0, dtype=bool)))


@pytest.mark.parametrize("stamp", [Stamp("another", 7), Stamp("index", 6)])
def test_a_cache_of_another_index_or_a_later_state_is_refused(built: Path, stamp: Stamp) -> None:
    with pytest.raises(WorkFailed, match="another index, or of a later state"):
        open_cache(built, stamp)


def test_a_damaged_cache_is_refused(vectors: NDArray[np.float32], tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    assert open_cache(tmp_path, STAMP) is None
    build_cache(tmp_path, STAMP, np.arange(1, 101), lambda ids: vectors[ids])
    assert {path.name for path in tmp_path.iterdir()} == {"vectors.faiss", "vectors.faiss.json"}
    data = bytearray((tmp_path / "vectors.faiss").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "vectors.faiss").write_bytes(data)
    with pytest.raises(WorkFailed, match="not the file that its stamp names"):
        open_cache(tmp_path, STAMP)
    (tmp_path / "vectors.faiss").unlink()
    with pytest.raises(WorkFailed, match="not the file that its stamp names"):
        open_cache(tmp_path, STAMP)
    (tmp_path / "vectors.faiss.json").write_text("{", encoding="utf-8")
    with pytest.raises(WorkFailed, match="is damaged"):
        open_cache(tmp_path, STAMP)
    build_cache(tmp_path, STAMP, np.arange(1, 101), lambda ids: vectors[ids])
    assert opened(tmp_path).last_id == 100


def test_a_build_takes_away_what_one_that_was_cut_off_left(vectors: NDArray[np.float32], tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    (tmp_path / "vectors.faiss.4711").write_bytes(b"half of an index")
    build_cache(tmp_path, STAMP, np.arange(1, 101), lambda ids: vectors[ids])
    assert {path.name for path in tmp_path.iterdir()} == {"vectors.faiss", "vectors.faiss.json"}


def test_a_build_that_fails_leaves_the_cache_that_was_there(vectors: NDArray[np.float32], tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    build_cache(tmp_path, STAMP, np.arange(1, 101), lambda ids: vectors[ids])

    def broken(ids: Sequence[int]) -> NDArray[np.float32]:
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        build_cache(tmp_path, Stamp("index", 8), np.arange(1, 201), broken)
    assert opened(tmp_path, Stamp("index", 8)).generation == 7


def test_without_faiss_the_package_is_named(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['faiss'] = None\n"
        "import numpy as np; from pathlib import Path\n"
        "from danlu.core.errors import UserError\n"
        "from danlu.retrieve.tables.faiss_cache import Stamp, build_cache\n"
        "try: build_cache(Path(sys.argv[1]), Stamp('a', 1), np.arange(1, 3), lambda ids: np.ones((len(ids), 4)))\n"
        "except UserError as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "danlu[faiss]" in said.stdout
    assert list(tmp_path.iterdir()) == []
    assert UserError.exit_code == 2
