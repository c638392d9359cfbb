"""One training in several processes on the machines of a Ray cluster, started again from the last checkpoint when one of them dies.

Each process is a Ray task in a placement group, so that all of them start or none (docs.ray.io, "Placement Groups"); Ray's own retries
are off, since processes that learn together start again together. Ray Train would bring a second owner of process groups,
checkpoints and restarts; the job is the one that `danlu.loop.launch` starts on machines without Ray.
The machines share the folder of the training, as all work on a cluster does (`danlu.core.cluster`).
"""

import os
import pickle
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from danlu.core.cluster import Site, check_site
from danlu.core.errors import DanluError, UserError, WorkFailed
from danlu.loop.launch import ERROR, JOB, Job, share_of_job, write_whole
from danlu.loop.rounds import MOST_RESTARTS, memory_was_short

_PLACED_WITHIN_S = 300
"""A cluster that grows on demand needs minutes for a machine."""
_ORPHANS_END_WITHIN_S = 3.0
"""Workers of a machine whose Ray is gone end a moment later: until then no other may write the same files."""


def run_on_cluster(job: Job) -> None:
    """Do a job in the Ray cluster to which this process is connected; what went wrong in the job itself lies in its folder.

    Raises UserError when the cluster is too small, WorkFailed when its processes keep dying.
    """
    import ray

    cluster: Any = ray
    resources = _share_of_each(cluster.nodes(), job.work.processes.count)
    # Each process stands for itself: where Ray puts it is Ray's to say.
    work = replace(job.work, threads=resources["CPU"], machines=job.work.processes.count, workers=1)
    write_whole(work.scratch / JOB, replace(job, work=work))
    number = ended_by_death = 0
    while ended_by_death <= MOST_RESTARTS:
        problem = _attempt(job, resources, number)
        if problem is None or (work.scratch / ERROR).exists():
            return
        time.sleep(_ORPHANS_END_WITHIN_S)
        if memory_was_short(work.scratch, number):
            number += 1
        else:
            ended_by_death += 1
    raise WorkFailed(
        "processes of the training died again and again on the cluster: {problem}",
        "Run the same again to go on from the last checkpoint; `ray status` lists the machines that are left.",
        problem=str(problem).strip().splitlines()[-1],
    )


def _share_of_each(nodes: list[dict[str, Any]], count: int) -> dict[str, int]:
    """What each process gets: as many CPUs as all can have alike, and a GPU where there are enough."""
    held = [
        (int(node["Resources"].get("CPU", 0)), int(node["Resources"].get("GPU", 0))) for node in nodes if node["Alive"]
    ]
    on_gpus = sum(gpus for _, gpus in held) >= count

    def fitting(share: int) -> int:
        return sum(min(cpus // share, gpus if on_gpus else cpus) for cpus, gpus in held)

    most = max((cpus for cpus, _ in held), default=0)
    enough = [share for share in range(1, most + 1) if fitting(share) >= count]
    if not enough:
        raise UserError(
            "{count} processes need a CPU each, and the cluster has {cpus}",
            "Take fewer processes, or make more machines part of the cluster: ray start --address HOST:PORT",
            count=count,
            cpus=sum(cpus for cpus, _ in held),
        )
    return {"CPU": max(enough), **({"GPU": 1} if on_gpus else {})}


def _attempt(job: Job, resources: dict[str, int], in_round: int) -> Exception | None:
    """All processes from start to end; returns what ended the first that did not come to its end."""
    import ray
    from ray.util.placement_group import placement_group, remove_placement_group
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy as InGroup

    remote: Any = ray.remote
    count = job.work.processes.count
    group = placement_group([resources] * count, strategy="SPREAD")
    pending: list[Any] = []
    try:
        if not group.wait(_PLACED_WITHIN_S):
            raise WorkFailed(
                "the cluster has no room for {count} processes within {seconds} s",
                "Run the same again to go on from the last checkpoint; `ray status` says what is taken by whom.",
                count=count,
                seconds=_PLACED_WITHIN_S,
            )
        places = [
            {"num_cpus": resources["CPU"], "num_gpus": resources.get("GPU", 0), "scheduling_strategy": InGroup(group, number)}
            for number in range(count)
        ]  # fmt: skip
        once: dict[str, Any] = {"max_retries": 0, "max_calls": 1}
        site = pickle.dumps(Site.here())
        meeting_point = ray.get(remote(**once, **places[0])(_free_address).remote())
        start = remote(**once)(_one_process)
        pending = [
            start.options(**place).remote(site, str(job.work.scratch), number, count, meeting_point, in_round)
            for number, place in enumerate(places)
        ]
        while pending:
            ready, pending = ray.wait(pending, num_returns=1)
            ray.get(ready)
    except ray.exceptions.RayError as error:
        cause = error.cause if isinstance(error, ray.exceptions.RayTaskError) else None
        if isinstance(cause, DanluError):  # a machine that has another danlu, or does not see the folder
            raise cause from None
        return error
    finally:
        for reference in pending:
            ray.cancel(reference, force=True)
        remove_placement_group(group)
    return None


def _one_process(
    site: bytes, scratch: str, number: int, count: int, meeting_point: tuple[str, int], in_round: int
) -> None:
    """On a machine of the cluster: what torchrun would say in the environment, and the share of the job."""
    check_site(site)
    os.environ |= {
        "RANK": str(number), "WORLD_SIZE": str(count), "LOCAL_RANK": "0",  # Ray shows a process no GPU but its own
        "MASTER_ADDR": meeting_point[0], "MASTER_PORT": str(meeting_point[1]),
    }  # fmt: skip
    share_of_job(Path(scratch), in_round)


def _free_address() -> tuple[str, int]:
    """Where the processes meet: the machine of the first one, at a port that is free now."""
    from ray import util

    ray_util: Any = util
    with socket.create_server(("", 0)) as server:
        return str(ray_util.get_node_ip_address()), server.getsockname()[1]
