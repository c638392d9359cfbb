"""A live index with a FAISS cache finds what one without finds, whatever changed since the cache was built."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from danlu.retrieve.legs.live import LiveIndex
from danlu.retrieve.legs.vector_cache import folder_of
from danlu.retrieve.tables.cached_vectors import CachedVectors
from indexes import Indexed
from live_indexes import live_copy, note

pytest.importorskip("faiss")

QUESTIONS = ("install a source package", "zircon kettle", "how do I upgrade the system", "mirror")
HR = frozenset({"hr"})


def found(live: LiveIndex, principals: frozenset[str] | None = None) -> list[dict[int, float]]:
    with live.reading(principals) as view:
        return [view.leg("dense", question, 10) for question in QUESTIONS]


def is_cached(live: LiveIndex) -> bool:
    with live.reading(None):
        snapshot = live._memory._newest
        return snapshot is not None and isinstance(snapshot.vectors, CachedVectors)


@pytest.fixture
def exact(handbook_index: Indexed, tmp_path: Path) -> Iterator[LiveIndex]:
    with closing(live_copy(handbook_index, tmp_path)) as live:
        yield live


@pytest.fixture
def cached(exact: LiveIndex, handbook_index: Indexed) -> Iterator[LiveIndex]:
    """The same file, opened by somebody for whom a cache pays from the first vector on."""
    with closing(LiveIndex(exact.path, handbook_index.index.encoder, cached_from=1)) as live:
        assert live.cache_vectors()
        yield live


def test_changes_are_seen_at_once_beside_a_cache(cached: LiveIndex, exact: LiveIndex) -> None:
    assert found(cached) == found(exact)
    assert is_cached(cached)
    first = next(iter(found(cached)[0]))
    with cached.reading(None) as view:
        [(doc_id,)] = view.rows("SELECT doc_id FROM passages WHERE id = ?", (first,))
    cached.put(note("kettle", "The zircon kettle whistles at dawn.", to=HR))
    cached.remove(doc_id)
    assert found(cached) == found(exact)
    assert first not in found(cached)[0]
    assert found(cached, HR) == found(exact, HR)
    assert found(cached, frozenset()) == found(exact, frozenset())
    cached.put(note("kettle", "The topaz kettle whistles at noon."))
    cached.grant({"kettle": frozenset()})
    assert found(cached, HR) == found(exact, HR)
    assert is_cached(cached)
    with cached.reading(None) as one, exact.reading(None) as other:
        assert one.size == other.size
        assert one.legs("zircon kettle") == other.legs("zircon kettle")


def test_a_cache_is_opened_by_the_next_process_with_what_came_later(
    cached: LiveIndex, exact: LiveIndex, handbook_index: Indexed
) -> None:
    cached.put(note("kettle", "The zircon kettle whistles at dawn."))
    with closing(LiveIndex(exact.path, handbook_index.index.encoder)) as later:
        assert found(later) == found(exact)
        assert is_cached(later)
        assert later.cache_vectors() is False


def test_what_was_removed_leaves_the_disk_with_the_cache(cached: LiveIndex, exact: LiveIndex) -> None:
    folder = folder_of(cached.path)
    cached.compact()
    assert list(folder.iterdir())
    cached.put(note("kettle", "The zircon kettle whistles at dawn."))
    cached.compact()
    assert list(folder.iterdir())
    cached.remove("kettle")
    cached.compact()
    assert not list(folder.iterdir())
    assert found(cached) == found(exact)
    assert cached.cache_vectors()
    assert not cached.cache_vectors()
    assert list(folder.iterdir())


@pytest.mark.parametrize("left", ["no stamp", "a scratch file", "a scratch file beside a cache"])
def test_what_a_build_that_was_cut_off_left_goes_with_the_next_compacting(cached: LiveIndex, left: str) -> None:
    folder = folder_of(cached.path)
    if left != "a scratch file beside a cache":
        (folder / "vectors.faiss.json").unlink()
    if left == "a scratch file":
        (folder / "vectors.faiss").rename(folder / "vectors.faiss.4711")
    if left == "a scratch file beside a cache":
        shutil.copyfile(folder / "vectors.faiss", folder / "vectors.faiss.4711")
    cached.compact()
    kept = {"vectors.faiss", "vectors.faiss.json"} if left == "a scratch file beside a cache" else set()
    assert {path.name for path in folder.iterdir()} == kept


def test_many_new_vectors_make_a_new_cache(cached: LiveIndex) -> None:
    cached.put(note("many", *[f"Paragraph {number} about kettles. " + "filler " * 110 for number in range(80)]))
    assert cached.cache_vectors()


@pytest.mark.parametrize("harm", ["damaged", "of another index", "cut off"])
def test_a_cache_that_does_not_fit_is_not_used_and_made_again(
    cached: LiveIndex, exact: LiveIndex, handbook_index: Indexed, harm: str, tmp_path: Path
) -> None:
    folder = folder_of(cached.path)
    if harm == "damaged":
        with (folder / "vectors.faiss").open("r+b") as file:
            file.seek(1000)
            file.write(b"damage")
    if harm == "cut off":
        (folder / "vectors.faiss.json").unlink()
    path = exact.path
    if harm == "of another index":
        path = tmp_path / "other" / "live.db"
        path.parent.mkdir()
        shutil.copyfile(handbook_index.index.database, path)
        shutil.copytree(folder, folder_of(path))
    with closing(LiveIndex(path, handbook_index.index.encoder, cached_from=1)) as live:
        assert found(live) == found(exact)
        assert not is_cached(live)
        assert live.cache_vectors()
    with closing(LiveIndex(path, handbook_index.index.encoder)) as again:
        assert found(again) == found(exact)
        assert is_cached(again)


def test_few_vectors_need_no_cache(exact: LiveIndex) -> None:
    assert not exact.cache_vectors()
    assert not folder_of(exact.path).exists()


def test_without_faiss_every_vector_is_compared(cached: LiveIndex, exact: LiveIndex, handbook_index: Indexed) -> None:
    program = (
        "import sys; sys.modules['faiss'] = None\n"
        "from pathlib import Path; from danlu.retrieve.legs.live import LiveIndex\n"
        "live = LiveIndex(Path(sys.argv[1]), Path(sys.argv[2]), cached_from=1)\n"
        "with live.reading(None) as view: print(sorted(view.leg('dense', sys.argv[3], 10)))\n"
        "print(live.cache_vectors())\n"
    )
    command = [sys.executable, "-c", program, str(exact.path), str(handbook_index.index.encoder), QUESTIONS[0]]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ)).stdout.split("\n")
    assert said[0] == str(sorted(found(exact)[0]))
    assert said[1] == "False"
