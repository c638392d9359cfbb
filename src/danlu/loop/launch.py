"""One training in several processes: started, watched, and started again from the last checkpoint when one of them dies.

torch's elastic agent does the starting (docs.pytorch.org/docs/stable/elastic/agent.html), one agent on each machine. What is to be
done is a job: a function of a module, its arguments and its `Work`, pickled into the scratch folder, which all
machines must see. Memory that is short ends a round (`danlu.loop.rounds`); each has an agent of its own, with the restarts
after deaths that are left.
"""

import logging
import os
import pickle
import signal
import socket
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from danlu.core.cluster import RayCluster
from danlu.core.errors import DanluError, Phrase, UserError, WorkFailed
from danlu.core.library_errors import causes, failure_of
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.core.store import SCRATCH
from danlu.loop.faults import MemoryShort
from danlu.loop.rounds import MOST_RESTARTS, count_start, deaths, end_for_memory, forget_rounds, memory_was_short
from danlu.loop.told import TOLD, Teller, following

JOB, ERROR = "job.pickle", "error.pickle"
_LAST_WORDS_S = 2.0
"""A process whose partner ended with an error waits so long for that error before it calls its own end a death."""
_LOST = ("Connection closed by peer", "Connection reset by peer", "ncclRemoteError")
"""What gloo and NCCL say, among more, when a process at the other end is gone."""
_OTHERS_COME_WITHIN_S = 3600
"""Somebody must go to the other machines and start them."""


@dataclass(frozen=True)
class Job:
    """What each process does, and where the machines meet."""

    function: Callable[..., None]
    arguments: tuple[Any, ...]
    work: Work
    meeting_point: str
    """HOST:PORT of the first machine."""
    run_id: str

    @property
    def processes_here(self) -> int:
        """On each machine."""
        return self.work.processes.count // self.work.machines


def in_processes(function: Callable[..., None], *arguments: Any, work: Work) -> None:
    """Call `function(*arguments, work)` in as many processes as `work.processes` says.

    What it learns lies in its checkpoints in `work.scratch`. A process that dies has all of them start again, three times
    at most, and so does one that raises MemoryShort, as often as it does. Raises what the function raises, and WorkFailed
    when processes keep dying.
    """
    for name in (JOB, TOLD, ERROR):
        (work.scratch / name).unlink(missing_ok=True)
    forget_rounds(work.scratch)
    bare = replace(work, progress=Silent(), observers=())
    job = Job(function, arguments, bare, _free_address(work.machines), uuid.uuid4().hex)
    write_whole(work.scratch / JOB, job)
    try:
        with following(work):
            _start(job)
    finally:
        (work.scratch / JOB).unlink(missing_ok=True)  # nobody can join what is over


def _start(job: Job) -> None:
    work = job.work
    if isinstance(work.workers, RayCluster):
        from danlu.loop.launch_ray import run_on_cluster

        run_on_cluster(job)
        _raise_error(work.scratch)
        return
    if work.machines > 1:
        waiting = Phrase(
            "waiting for {missing} more of {machines} machines; run there: danlu join {folder}",
            missing=work.machines - 1,
            machines=work.machines,
            folder=str(work.folder),
        )
        Teller(work.scratch).line(waiting)
    _run_agent(job, is_lead=True)


def join_job(folder: Path) -> None:
    """Do this machine's share of the training that makes `folder`; returns when the training is over.

    Raises UserError when nothing waits for machines there, and what the training raises.
    """
    path = folder / SCRATCH / JOB
    if not path.is_file():
        raise UserError(
            "no training waits for machines in {folder}",
            "Start it on the first machine with --machines, and give the same folder here: all machines must see it.",
            folder=folder,
        )
    _run_agent(_read(path), is_lead=False)


def _run_agent(job: Job, *, is_lead: bool) -> None:
    """Start and watch the processes of this machine; again, as long as memory was short."""
    for name in ("torch.distributed.elastic", "torch.multiprocessing"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what went wrong is told below, once
    # torch 2.13 starts processes again with the store of those that died, and they wait for the dead.
    os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"
    number, is_short = 0, True
    while is_short:
        _run_round(job, number, is_lead=is_lead)
        is_short, number = memory_was_short(job.work.scratch, number), number + 1


def _run_round(job: Job, number: int, *, is_lead: bool) -> None:
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.elastic.rendezvous.api import RendezvousError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    machines, scratch = job.work.machines, job.work.scratch
    config = LaunchConfig(
        min_nodes=machines,
        max_nodes=machines,
        nproc_per_node=job.processes_here,
        run_id=f"{job.run_id}-{number}",
        rdzv_backend="c10d",
        rdzv_endpoint=job.meeting_point,
        rdzv_configs={"is_host": is_lead, "join_timeout": _OTHERS_COME_WITHIN_S},
        max_restarts=MOST_RESTARTS - deaths(scratch),
        local_addr="127.0.0.1" if machines == 1 else None,
        signals_to_handle="SIGTERM,SIGINT",
    )
    try:
        with _own_signals():
            elastic_launch(config, share_of_job)(scratch, number)
    except RendezvousError as error:
        if _ended_for_memory(scratch, number):
            return
        raise WorkFailed(
            "the machines of the training did not meet at {place}: {problem}",
            "Start it on the first machine again, and `danlu join` on the others while it waits.",
            place=job.meeting_point,
            problem=str(error) or type(error).__name__,
        ) from None
    except ChildFailedError as error:
        if _ended_for_memory(scratch, number):
            return
        process, failure = min(error.failures.items(), key=lambda one: one[1].timestamp)
        raise WorkFailed(
            "a process of the training died again and again: process {number}, exit status {status}",
            "Run the same again to go on from the last checkpoint; exit status -9 is most often memory that ran out.",
            number=process,
            status=failure.exitcode,
        ) from None
    except SignalException as error:
        if error.sigval == signal.SIGINT:
            raise KeyboardInterrupt from None
        _raise_error(scratch)
        raise WorkFailed("stopped by signal {number}", "Run the same again to go on.", number=error.sigval) from None
    _raise_error(scratch)


def _ended_for_memory(scratch: Path, number: int) -> bool:
    """Whether another round follows; raises the job's own error where there is one."""
    _raise_error(scratch)
    return memory_was_short(scratch, number)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Torch's agent takes SIGTERM and SIGINT for itself and does not give them back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def share_of_job(scratch: Path, number: int) -> None:
    """What one of the processes does in round `number`; the environment says which process it is."""
    if (scratch / ERROR).exists() or memory_was_short(scratch, number):
        return  # started again by the agent, which cannot know that this end was no death
    job: Job = _read(scratch / JOB)
    work = replace(job.work, threads=max(1, job.work.threads // job.processes_here))
    teller = Teller(scratch)
    try:
        if int(os.environ["RANK"]) == 0:
            _tell_deaths(count_start(scratch, number), teller)
            work = replace(work, progress=teller, observers=(teller.step,))
        job.function(*job.arguments, work)
    except MemoryShort as short:
        if end_for_memory(scratch, number):
            teller.line(Phrase(short.message_template))
        sys.exit(1)  # and all start again, with smaller batches
    except DanluError as error:
        write_whole(scratch / ERROR, error)
        sys.exit(1)  # the others may wait for this one inside of a sum: the agent ends them
    except Exception as error:
        # The partner of a process that ended with an error loses its connection: that is no death.
        time.sleep(_LAST_WORDS_S)
        if (scratch / ERROR).exists() or memory_was_short(scratch, number):
            sys.exit(1)
        if failure := failure_of(error):
            write_whole(scratch / ERROR, failure)
            sys.exit(1)
        if _lost_a_partner(error):
            teller.line(Phrase("process {number} lost its connection to another one", number=int(os.environ["RANK"])))
            sys.exit(1)
        traceback.print_exc()
        raise


def _tell_deaths(count: int, teller: Teller) -> None:
    """Raises WorkFailed when there were too many: the agents of several machines each count their own."""
    if count > MOST_RESTARTS:
        raise WorkFailed(
            "processes of the training died {count} times",
            "Run the same again to go on from the last checkpoint; what the processes said last stands above.",
            count=count,
        )
    if count:
        teller.line(
            Phrase(
                "a process of this training died: all start again ({count} of {most})", count=count, most=MOST_RESTARTS
            )
        )


def _lost_a_partner(error: BaseException) -> bool:
    """Whether a process at the other end of a connection is gone, by what gloo or NCCL say."""
    return any(words in str(each) for each in causes(error) for words in _LOST)


def _raise_error(scratch: Path) -> None:
    if (scratch / ERROR).exists():
        raise _read(scratch / ERROR)


def write_whole(path: Path, value: Any) -> None:
    """Whole or not at all."""
    half = path.with_name(f"{path.name}.{os.getpid()}")
    half.write_bytes(pickle.dumps(value))
    half.rename(path)


def _read(path: Path) -> Any:
    return pickle.loads(path.read_bytes())  # noqa: S301 - written by this very training, into its own folder


def _free_address(machines: int) -> str:
    """Where the machines meet: this one, at a port that is free now."""
    host = "127.0.0.1" if machines == 1 else socket.gethostname()
    with socket.create_server(("", 0)) as server:
        return f"{host}:{server.getsockname()[1]}"
