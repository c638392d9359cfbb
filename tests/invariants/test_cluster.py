"""Invariant 3 on a cluster: the same ids and content as one process, also when workers and machines are killed on the way."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clusters import TwoMachines
from danlu.core.cluster import connected
from danlu.core.execute import Machine, Outcome, execute
from danlu.core.stages import Plan
from danlu.core.store import Store
from danlu.data.deduplicate.stage import deduplicate
from danlu.data.extract import shards
from danlu.recipes.cleaning import cleaned
from danlu.recipes.corpora import extraction_of
from danlu.recipes.settings import Settings
from documents import write_bad, write_good
from found import found


@pytest.fixture(scope="module")
def machines() -> Iterator[TwoMachines]:
    with TwoMachines() as two:
        yield two


@pytest.fixture
def documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two dozen files, good and bad, and at most two of them in a shard."""
    monkeypatch.setattr(shards, "MAX_FILES", 2)
    write_good(tmp_path / "docs")
    write_bad(tmp_path / "docs")
    return tmp_path / "docs"


def made(documents: Path, store: Path, machine: Machine) -> dict[str, tuple[str, str]]:
    """What each stage from files to distinct documents makes: id and content hash."""
    found: dict[str, tuple[str, str]] = {}

    def tell(outcome: Outcome) -> None:
        manifest = outcome.artifact.manifest
        assert not outcome.skipped
        found[manifest.stage] = (manifest.id, manifest.content_hash)

    settings = Settings({})
    plan = Plan(deduplicate(documents=cleaned(extraction_of([documents], "MIT", settings), settings)), 0)
    execute(plan, Store(store), machine, tell=tell)
    return found


def test_a_cluster_that_is_harmed_makes_the_same_bytes_as_one_process(
    documents: Path, machines: TwoMachines, tmp_path: Path
) -> None:
    wanted = made(documents, tmp_path / "one", Machine(1, 1))
    assert set(wanted) == {"collect", "extract", "repair", "clean", "deduplicate"}
    assert len(list((tmp_path / "one" / "clean").glob("*/documents/*"))) > 5
    with connected(machines.address) as cluster:
        with _beside(lambda: _kill_workers(machines, 3)) as killed:
            assert made(documents, tmp_path / "killed", Machine(1, cluster)) == wanted
        assert len(killed) == 3
        with _beside(lambda: _lose_a_machine(machines, tmp_path / "lost")) as lost:
            assert made(documents, tmp_path / "lost", Machine(1, cluster)) == wanted
        assert lost == ["extract"]
    left = [path for path in tmp_path.rglob("*") if path.name == ".work" or path.suffix == ".half"]
    assert left == []


class _beside:
    """Does harm in a thread while the block runs, and gives what was harmed."""

    def __init__(self, harm: Callable[[], Iterator[Any]]) -> None:
        self._harm, self._done = harm, []  # type: ignore[var-annotated]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        for harmed in self._harm():
            if harmed is not None:
                self._done.append(harmed)
            if self._ended.is_set():
                return
            time.sleep(0.005)

    def __enter__(self) -> list[Any]:
        self._thread.start()
        return self._done

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def _kill_workers(machines: TwoMachines, count: int) -> Iterator[int | None]:
    """Kill workers that hold a shard, each once."""
    killed: set[int] = set()
    while len(killed) < count:
        busy = [pid for pid in machines.busy_workers() if pid not in killed]
        if busy:
            os.kill(busy[0], signal.SIGKILL)
            killed.add(busy[0])
        yield busy[0] if busy else None


def _lose_a_machine(machines: TwoMachines, store: Path) -> Iterator[str | None]:
    """Kill a machine as soon as half a part of the extraction lies there."""
    while not found(store, "extract/*/.work/*.half"):
        yield None
    machines.lose_one()
    yield "extract"
