"""Map a pure function over shards: in local processes, under our own supervisor, or on a cluster (cluster.py).

A worker that is killed (by the kernel for memory, by a crash in native code, by a person) costs its shard one try and
nothing else; multiprocessing's own pool hangs on this, and concurrent.futures gives up on all shards. Workers are
spawned, so they hold none of the parent's locks, stay in its process group, and leave when the parent is gone.
"""

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, Protocol, TypeVar

from danlu.core.errors import WorkFailed

S = TypeVar("S")
R = TypeVar("R")


@dataclass(frozen=True)
class Died(Generic[S]):
    """A shard that killed its worker every time: the caller decides what that means for its data."""

    shard: S
    tries: int
    exit_code: int


class Cluster(Protocol):
    """Other machines that can do the work, with the same paths as this one."""

    def map_shards(self, task: Callable[[S], R], shards: Sequence[S], tries: int) -> Iterator[tuple[int, R | Died[S]]]:
        """What `map_shards` promises, on the cluster."""

    def facts(self) -> dict[str, int | str]:
        """How many workers there are, and where: for people, never part of identity."""


Workers = int | Cluster
"""So many processes on this machine, or those of a cluster."""

_STARTED = "started"
_FALSE_STARTS = 3
"""Deaths before the start, for each worker, until it is clear that they cannot start at all."""


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    job: int | None = None
    started: bool = False


def map_shards(
    task: Callable[[S], R], shards: Sequence[S], workers: Workers, tries: int = 3
) -> Iterator[tuple[int, R | Died[S]]]:
    """Yield (position, result) for every shard, in order of completion.

    `task` is a module-level function; it runs again when its worker dies, so its effects must be idempotent. An
    exception in `task` is a defect or a failure of the work and ends the map with WorkFailed; a worker that dies
    `tries` times on one shard gives `Died`. A worker that dies before it has started costs no shard a try.
    """
    if not shards:
        return
    if not isinstance(workers, int):
        yield from workers.map_shards(task, shards, tries)
        return
    crew = [_hire(task) for _ in range(min(workers, len(shards)))]
    waiting = deque(range(len(shards)))
    deaths: Counter[int | None] = Counter()
    try:
        done = 0
        while done < len(shards):
            for worker in crew:
                if worker.job is None and waiting:
                    _give(worker, waiting.popleft(), shards)
            for position, result in _collect(crew, task, shards, waiting, deaths, tries):
                done += 1
                yield position, result
    finally:
        for worker in crew:
            _dismiss(worker)


def _collect(
    crew: list[_Worker],
    task: Callable[[S], R],
    shards: Sequence[S],
    waiting: deque[int],
    deaths: Counter[int | None],
    tries: int,
) -> Iterator[tuple[int, R | Died[S]]]:
    """Wait until a worker answers or dies, and yield what is settled by that."""
    busy = [worker for worker in crew if worker.job is not None]
    wait([worker.pipe for worker in busy] + [worker.process.sentinel for worker in busy])
    for worker in busy:
        job = worker.job
        assert job is not None
        answer = _answer(worker)
        if answer is not None:
            worker.job = None
            yield job, result_or_raise(answer, job)
        elif not worker.process.is_alive():
            deaths[job if worker.started else None] += 1
            exit_code = worker.process.exitcode or 0
            if deaths[None] >= _FALSE_STARTS * len(crew):
                raise WorkFailed("Workers end before they start, with exit code {code}", code=exit_code)
            _dismiss(worker)
            crew[crew.index(worker)] = _hire(task)
            if deaths[job] < tries:
                waiting.appendleft(job)
            else:
                yield job, Died(shards[job], deaths[job], exit_code)


def _answer(worker: _Worker) -> tuple[bool, Any] | None:
    """What a worker sent, or None when it sent nothing (yet, or because it died in the middle)."""
    try:
        if not worker.started:
            if not worker.pipe.poll():
                return None
            worker.started = worker.pipe.recv() == _STARTED
        return worker.pipe.recv() if worker.pipe.poll() else None
    except (EOFError, OSError):
        worker.process.join()
        return None


def result_or_raise(answer: tuple[bool, Any], job: int) -> Any:
    """The value of an `answer_of`; raises WorkFailed where the task raised."""
    worked, value = answer
    if not worked:
        raise (
            value if isinstance(value, WorkFailed) else WorkFailed("Shard {job} failed:\n{trace}", job=job, trace=value)
        )
    return value


def _give(worker: _Worker, job: int, shards: Sequence[Any]) -> None:
    worker.job = job
    try:
        worker.pipe.send(shards[job])
    except OSError:
        worker.process.join()


def _hire(task: Callable[[S], R]) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(task, theirs), daemon=True)
    # Ctrl-C reaches the whole process group; the parent alone answers it. A child inherits the mask for all its life.
    # The resource tracker comes first: starting it would lift the mask.
    resource_tracker.ensure_running()
    unmasked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, unmasked)
    theirs.close()
    return _Worker(process, ours)


def _dismiss(worker: _Worker) -> None:
    worker.process.kill()
    worker.process.join()
    worker.pipe.close()


def _serve(task: Callable[[Any], Any], pipe: Connection) -> None:
    """A worker's life: one shard after the other, until the parent hangs up or is gone."""
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    pipe.send(_STARTED)
    while True:
        try:
            shard = pipe.recv()
        except EOFError:
            return
        pipe.send_bytes(answer_of(task, shard))


def answer_of(task: Callable[[S], Any], shard: S) -> bytes:
    """Whether a task worked, and its result or what it raised, ready to be sent to the supervisor."""
    try:
        return pickle.dumps((True, task(shard)))
    except WorkFailed as failure:
        return pickle.dumps((False, failure))
    except Exception:  # noqa: BLE001 (told to the supervisor, which raises it)
        return pickle.dumps((False, traceback.format_exc()))


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
