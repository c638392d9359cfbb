import os
import pickle
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from clusters import TwoMachines
from commands import here
from core.test_workers import cannot_be_sent, die_once, fail, fail_politely, large, poison, square
from danlu.core import cluster as cluster_module
from danlu.core.cluster import RayCluster, connected
from danlu.core.errors import UserError, WorkFailed
from danlu.core.execute import Machine
from danlu.core.processes import Processes
from danlu.core.project import Compute, load_project
from danlu.core.workers import Died, map_shards


@pytest.fixture(scope="module")
def machines() -> Iterator[TwoMachines]:
    with TwoMachines() as two:
        yield two


@pytest.fixture(scope="module")
def cluster(machines: TwoMachines) -> Iterator[RayCluster]:
    with connected(machines.address) as connection:
        yield connection


def where(seconds: float) -> tuple[str, str]:
    import ray

    time.sleep(seconds)
    return ray.get_runtime_context().get_node_id(), str(Path.cwd())


def when(seconds: float) -> tuple[float, float]:
    started = time.monotonic()
    time.sleep(seconds)
    return started, time.monotonic()


def wait_for(shard: tuple[Path, Path]) -> str:
    """Say where it runs, and stay there until it is told to end; the second time at once."""
    mark, release = shard
    if not mark.exists():
        mark.write_text(str(os.getpid()))
        while not release.exists():
            time.sleep(0.02)
    return mark.name


def test_every_shard_is_answered_once_on_both_machines(cluster: RayCluster) -> None:
    assert dict(map_shards(square, range(20), cluster)) == {position: position * position for position in range(20)}
    found = dict(map_shards(where, [0.5] * 6, cluster))
    assert sorted(found) == list(range(6))
    nodes, folders = map(set, zip(*found.values(), strict=True))
    assert (len(nodes), folders) == (2, {str(Path.cwd())})


def test_no_shards_need_no_cluster() -> None:
    assert list(map_shards(square, [], RayCluster("127.0.0.1:1"))) == []


def test_a_killed_worker_costs_its_shard_one_try(cluster: RayCluster, tmp_path: Path) -> None:
    marks = [tmp_path / str(number) for number in range(3)]
    assert dict(map_shards(die_once, marks, cluster)) == {number: str(number) for number in range(3)}


def test_a_shard_that_kills_every_worker_is_given_back_with_its_exit_code(cluster: RayCluster) -> None:
    results = dict(map_shards(poison, range(5), cluster, tries=2))
    assert results.pop(2) == Died(2, 2, 7)
    assert results == {0: 0, 1: 1, 3: 3, 4: 4}


def test_failures_are_told_as_on_one_machine(cluster: RayCluster) -> None:
    with pytest.raises(WorkFailed, match=r"ZeroDivisionError: shard \d \{braces\}"):
        list(map_shards(fail, range(3), cluster))
    with pytest.raises(WorkFailed) as caught:
        list(map_shards(fail_politely, range(3), cluster))
    assert (caught.value.message, caught.value.hint) == ("a.txt changed", "Run again.")
    with pytest.raises(WorkFailed, match="Shard 0 failed"):
        list(map_shards(cannot_be_sent, [1], cluster))


def test_large_results_arrive(cluster: RayCluster) -> None:
    assert dict(map_shards(large, [5_000_000, 1], cluster)) == {0: bytes(5_000_000), 1: bytes(1)}


def test_no_more_shards_run_than_were_allowed(machines: TwoMachines, cluster: RayCluster) -> None:
    found = sorted(dict(map_shards(when, [0.1] * 4, RayCluster(machines.address, most=1))).values())
    assert all(ended <= started for (_, ended), (started, _) in pairwise(found))


def test_shards_that_run_are_ended_when_the_caller_stops_early(cluster: RayCluster, tmp_path: Path) -> None:
    marks = [tmp_path / "quick", tmp_path / "slow"]
    marks[0].touch()
    results = map_shards(wait_for, [(mark, tmp_path / "never") for mark in marks], cluster)
    assert next(results) == (0, "quick")
    pid = _pid_in(marks[1])
    results.close()  # type: ignore[attr-defined]
    _wait_until(lambda: not Path(f"/proc/{pid}").exists())


def test_a_path_that_a_worker_does_not_see_is_named(cluster: RayCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "_packed", _packed_with_a_lost_file)
    with pytest.raises(WorkFailed, match=r"does not see /nowhere/pages\.html"):
        list(map_shards(square, [1], cluster))


def _packed_with_a_lost_file(thing: Any) -> tuple[bytes, tuple[tuple[str, int | None], ...]]:
    return pickle.dumps(thing), (("/nowhere/pages.html", 10),)


def test_a_task_is_sent_with_the_paths_that_it_names(tmp_path: Path) -> None:
    there, new = tmp_path / "there.txt", tmp_path / "new.txt"
    there.write_text("four")
    _, paths = cluster_module._packed(({"source": there}, [new]))
    assert dict(paths) == {str(there): 4, str(tmp_path): None}


def test_a_machine_with_other_versions_is_named(cluster: RayCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    real = cluster_module.Site.here()
    monkeypatch.setattr(
        cluster_module.Site, "here", lambda: cluster_module.Site(real.folder, real.code, (("pyarrow", "1.0"),))
    )
    with pytest.raises(WorkFailed, match=r"has pyarrow \d+.*, and the machine that plans has 1\.0"):
        list(map_shards(square, [1], cluster))
    monkeypatch.setattr(cluster_module.Site, "here", lambda: cluster_module.Site(real.folder, "0", real.packages))
    with pytest.raises(WorkFailed, match="another danlu"):
        list(map_shards(square, [1], cluster))


def test_the_run_says_where_it_was_made(cluster: RayCluster) -> None:
    assert Machine(1, cluster).facts(shares=False) == {"threads": 1, "workers": 2, "cluster": cluster.address}


def test_a_lost_machine_costs_its_shards_no_try(machines: TwoMachines, cluster: RayCluster, tmp_path: Path) -> None:
    release = tmp_path / "release"
    marks = [tmp_path / str(number) for number in range(4)]
    results = map_shards(wait_for, [(mark, release) for mark in marks], cluster, tries=1)
    with ThreadPoolExecutor(1) as aside:
        found = aside.submit(dict, results)
        _wait_until(lambda: sum(mark.exists() for mark in marks) == 2)
        machines.lose_one()
        release.touch()
        assert found.result() == {number: str(number) for number in range(4)}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("localhost", "no address"),
        ("ray://localhost:10001", "no address"),
        ("127.0.0.1:1", "No Ray cluster answers at 127.0.0.1:1: .*refused"),
        ("127.0.0.1:99999", "No Ray cluster answers"),
        ("no-such-host.invalid:6379", "No Ray cluster answers"),
    ],
)
def test_an_address_without_a_cluster_is_refused_at_once(address: str, said: str) -> None:
    with pytest.raises(UserError, match=said), connected(address):
        raise AssertionError("never reached")


def test_without_an_address_the_work_is_done_here() -> None:
    with Machine.of(Compute(workers=3)) as machine:
        assert machine.workers == 3


def _pid_in(mark: Path) -> int:
    _wait_until(lambda: mark.exists() and mark.read_text())
    return int(mark.read_text())


def _wait_until(happened: Any) -> None:
    until = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_project_says_where_its_work_is_done(tmp_path: Path) -> None:
    said = "recipe: knowledge-bot\nsources: [{path: docs}]\n"
    (tmp_path / "danlu.yaml").write_text(said)
    assert load_project(tmp_path).compute == Compute()
    (tmp_path / "danlu.yaml").write_text(said + "compute: {address: 'head:6379', workers: 8}\n")
    compute = load_project(tmp_path).compute
    assert compute == Compute("head:6379", 8)
    assert compute.but("auto", None) == Compute("auto", 8)
    assert compute.but(None, 2) == Compute("head:6379", 2)


@pytest.mark.parametrize(
    ("said", "processes"), [("4", Processes(shards=4)), ("'shards=2,tensor=2'", Processes(shards=2, tensor=2))]
)
def test_a_project_says_how_many_processes_share_a_training(tmp_path: Path, said: str, processes: Processes) -> None:
    file = "recipe: knowledge-bot\nsources: [{path: docs}]\ncompute: {processes: " + said + ", machines: 2}\n"
    (tmp_path / "danlu.yaml").write_text(file)
    compute = load_project(tmp_path).compute
    assert (compute.processes, compute.machines) == (processes, 2)
    assert compute.but(processes="6").processes == Processes(shards=6)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("{adress: auto}", "compute: unknown key `adress`"),
        ("{workers: 0}", "0 workers can do nothing"),
        ("{workers: many}", "`workers` is 'many'"),
        ("auto", "`compute` is 'auto'"),
    ],
)
def test_a_mistake_in_compute_is_named(tmp_path: Path, said: str, message: str) -> None:
    (tmp_path / "danlu.yaml").write_text(f"recipe: knowledge-bot\nsources: [{{path: docs}}]\ncompute: {said}\n")
    with pytest.raises(UserError, match=message):
        load_project(tmp_path)


def test_a_command_without_its_cluster_does_nothing(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("One page of text.")
    refused = here(tmp_path, "clean", "page.txt", "--out", "out", "--compute", "127.0.0.1:1", XDG_CACHE_HOME=str(tmp_path / "cache"))  # fmt: skip
    assert (refused.returncode, (tmp_path / "out").exists()) == (2, False)
    assert "No Ray cluster answers at 127.0.0.1:1" in refused.stderr
