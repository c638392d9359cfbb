"""The same job on a Ray cluster of two machines as by torch's own launcher, also when a worker is killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clusters import TwoMachines
from danlu.core.cluster import RayCluster, connected
from danlu.core.errors import UserError, WorkFailed
from danlu.core.processes import Processes
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.core.workers import Workers
from danlu.loop.launch import in_processes
from danlu.loop.launch_ray import _share_of_each
from launched_training import STEPS, TOKENS, Heard, Trial, learn, losses, work_in

ON = f"goes on from its checkpoint after step 4 of {STEPS}"


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with TwoMachines() as two, connected(two.address) as found:
        yield found


def trained(folder: Path, workers: Workers, killed_after: int) -> Heard:
    work, heard = work_in(folder, Processes(shards=2), workers)
    in_processes(learn, Trial(killed_after=killed_after), work=work)
    return heard


def test_a_killed_worker_does_not_change_what_is_learnt(tmp_path: Path, cluster: RayCluster) -> None:
    trained(tmp_path / "here", 1, 0)
    heard = trained(tmp_path / "cluster", cluster, 5)
    assert (tmp_path / "cluster" / "dead").exists()
    assert heard.done[-1] == STEPS and heard.done.count(5) == 2  # step 4 was the last that was saved
    assert heard.lines == ["a process of this training died: all start again (1 of 3)", ON]
    assert losses(tmp_path / "cluster") == losses(tmp_path / "here")


def test_memory_that_is_short_is_no_death(tmp_path: Path, cluster: RayCluster) -> None:
    work, heard = work_in(tmp_path / "little", Processes(shards=2), cluster)
    in_processes(learn, Trial(most_tokens=TOKENS, killed_after=5), work=work)
    assert heard.lines == [
        "memory was short in one of the processes: all start again with smaller batches",
        "memory was short: batches have at most 24 tokens from now on",
        "a process of this training died: all start again (1 of 3)",
        ON,
        "memory was short: batches have at most 24 tokens from now on",
    ]


def test_what_the_job_says_is_wrong_ends_it_at_once(tmp_path: Path, cluster: RayCluster) -> None:
    (tmp_path / "wrong").mkdir()
    work = Work(tmp_path / "wrong", tmp_path / "wrong", 5, 2, cluster, Silent(), Processes(shards=2))
    with pytest.raises(WorkFailed, match="of the training's own"):
        in_processes(fail, work=work)


def fail(work: Work) -> None:
    raise WorkFailed("a fault of the training's own")


def machine(cpus: int, gpus: int = 0, alive: bool = True) -> dict[str, object]:
    return {"Alive": alive, "Resources": {"CPU": float(cpus), "GPU": float(gpus)}}


def test_each_process_gets_as_much_as_all_can_have() -> None:
    assert _share_of_each([machine(1), machine(1)], 2) == {"CPU": 1}
    assert _share_of_each([machine(8), machine(4)], 3) == {"CPU": 4}
    assert _share_of_each([machine(16, gpus=2), machine(16, gpus=2)], 4) == {"CPU": 8, "GPU": 1}
    assert _share_of_each([machine(16), machine(4, gpus=2)], 2) == {"CPU": 2, "GPU": 1}
    with pytest.raises(UserError, match="2 processes"):
        _share_of_each([machine(1), machine(1, alive=False)], 2)
