"""Shards on the machines of a Ray cluster, under the contract of `danlu.core.workers`: the same results, byte for byte.

One shard is one Ray task on one CPU. Ray's own retries are off: a worker that dies costs its shard a try, a machine that is
lost costs it none. The last try runs in a child process of its worker, since Ray does not tell how a worker ended.
The cluster shares nothing but files: each worker checks, before it works, that it is the same danlu with the same packages, and
that every path which its shard names is there too.

Ray: Moritz et al. 2018, "Ray: a distributed framework for emerging AI applications" (OSDI).
"""

import hashlib
import io
import logging
import os
import pickle
import platform
import re
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path, PurePath
from typing import Any, TypeVar

from danlu.core.errors import UserError, WorkFailed
from danlu.core.workers import Died, answer_of, map_shards, result_or_raise

S = TypeVar("S")
R = TypeVar("R")

IN_FLIGHT = 2
"""Shards handed to Ray for each CPU: the next one is there when a worker is done, and a kill of the run loses little."""
_MOST_LOSSES = 5
"""Machines that one shard may lose: beyond that it is likely the shard that ends them."""
_LAST_WORDS_S = 3.0
"""Workers of a machine whose Ray is gone end by themselves, a moment later: until then no other may write the same files."""
_ANSWERS_S = 5.0
"""Ray itself waits minutes for an address where nobody answers."""
_UNSEEN_S = 5.0
"""A shared file system may show a new file late: NFS keeps what it knows of a folder for three seconds and more."""
_NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True)
class Site:
    """What a worker must have in common with the process that plans."""

    folder: Path
    code: str
    """A hash of danlu's own files."""
    packages: tuple[tuple[str, str], ...]
    """Name and version of Python and of danlu's dependencies: they shape the output, and enter its identity here."""

    @classmethod
    def here(cls) -> "Site":
        """The one of this process."""
        names = {match[0] for requirement in requires("danlu") or () if (match := _NAME.match(requirement))}
        found = {name: _version(name) for name in sorted(names)} | {"Python": platform.python_version()}
        return cls(Path.cwd(), code_hash(), tuple(found.items()))


@dataclass(frozen=True)
class RayCluster:
    """The Ray cluster to which this process is connected."""

    address: str
    most: int | None = None
    """Shards at a time; None: as many as the cluster has CPUs."""

    def map_shards(self, task: Callable[[S], R], shards: Sequence[S], tries: int) -> Iterator[tuple[int, R | Died[S]]]:
        """Yield (position, result) for every shard, in order of completion; see `danlu.core.workers.map_shards`."""
        yield from _Map(self, task, shards, tries).results()

    def cpus(self) -> int:
        """CPUs of the machines that are alive."""
        import ray

        return int(ray.cluster_resources().get("CPU", 0))  # type: ignore[no-untyped-call]

    def room(self) -> int:
        """How many shards may be in Ray's hands. At least two, so that a cluster that sleeps is woken."""
        return self.most or max(2, IN_FLIGHT * self.cpus())

    def facts(self) -> dict[str, int | str]:
        """Workers and address."""
        return {"workers": self.most or self.cpus(), "cluster": self.address}


@contextmanager
def connected(address: str, most: int | None = None) -> Iterator[RayCluster]:
    """The cluster at `address` (HOST:PORT, or auto for the one this machine belongs to); raises UserError when none answers."""
    try:
        import ray
    except ImportError:
        raise UserError(
            "Work on a cluster needs the package {package}", "pip install 'danlu[scale]'", package="ray"
        ) from None
    _check_answers(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise _no_cluster(address, error) from None
    try:
        yield RayCluster(address, most)
    finally:
        ray.shutdown()


def _check_answers(address: str) -> None:
    if address == "auto":
        return
    host, colon, port = address.rpartition(":")
    if not colon or "/" in host or not port.isdigit():
        raise UserError(
            "`{address}` is no address of a cluster",
            "Expected HOST:PORT, as `ray start --head` prints it, or auto for the cluster that this machine belongs to.",
            address=address,
        )
    try:
        socket.create_connection((host, int(port)), _ANSWERS_S).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, error) from None


def _no_cluster(address: str, error: Exception) -> UserError:
    return UserError(
        "No Ray cluster answers at {address}: {problem}",
        "`ray start --head` starts one, and `ray start --address HOST:PORT` makes this machine part of it; danlu runs on a machine of the cluster.",
        address=address,
        problem=str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__,
    )


class _Map:
    """The supervisor of one map: what waits, what is in Ray's hands, and how often each shard was lost."""

    def __init__(self, cluster: RayCluster, task: Callable[[Any], Any], shards: Sequence[Any], tries: int) -> None:
        import ray

        self._ray, self._cluster, self._shards, self._tries = ray, cluster, shards, tries
        work, self._task_paths = _packed(task)
        # One copy for each machine and not for each shard: a task may carry an index of hundreds of megabytes. In a
        # list, since Ray would fetch a bare reference for every shard.
        self._work = [ray.put(work)]
        self._site = pickle.dumps(Site.here())
        self._submit = ray.remote(num_cpus=1, max_retries=0, scheduling_strategy="SPREAD")(_on_worker)
        self._waiting = deque(range(len(shards)))
        self._running: dict[Any, int] = {}
        self._deaths: Counter[int] = Counter()
        self._losses: Counter[int] = Counter()

    def results(self) -> Iterator[tuple[int, Any]]:
        """Every shard's result, or its `Died`."""
        try:
            while self._waiting or self._running:
                self._hand_out()
                losses = self._losses.total()
                for reference in self._ready():
                    job = self._running.pop(reference)
                    yield from self._settled(job, reference)
                if self._losses.total() > losses:
                    time.sleep(_LAST_WORDS_S)
        finally:
            for reference in self._running:
                self._ray.cancel(reference, force=True)

    def _hand_out(self) -> None:
        room = self._cluster.room()
        while self._waiting and len(self._running) < room:
            job = self._waiting.popleft()
            shard, paths = _packed(self._shards[job])
            is_last = self._deaths[job] + 1 >= self._tries
            reference = self._submit.remote(self._work, shard, self._task_paths + paths, self._site, is_last)
            self._running[reference] = job

    def _ready(self) -> list[Any]:
        """Wait for one, and take all that are ready then."""
        self._ray.wait(list(self._running), num_returns=1)
        ready: list[Any] = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=0)[0]
        return ready

    def _settled(self, job: int, reference: Any) -> Iterator[tuple[int, Any]]:
        faults = self._ray.exceptions
        try:
            result = result_or_raise(pickle.loads(self._ray.get(reference)), job)  # noqa: S301 (our own worker's)
        except (faults.WorkerCrashedError, faults.OutOfMemoryError):
            self._deaths[job] += 1
            if self._deaths[job] >= self._tries:
                yield job, Died(self._shards[job], self._tries, -9)
            else:
                self._waiting.appendleft(job)
        except (faults.NodeDiedError, faults.LocalRayletDiedError, faults.ObjectLostError) as error:
            self._lose(job, error)
        except faults.RayError as error:
            raise WorkFailed("Shard {job} failed:\n{trace}", job=job, trace=error) from None
        else:
            died = isinstance(result, Died)
            yield job, Died(self._shards[job], self._tries, result.exit_code) if died else result

    def _lose(self, job: int, error: Exception) -> None:
        self._losses[job] += 1
        if self._losses[job] > _MOST_LOSSES:
            raise WorkFailed(
                "Shard {job} was lost with its machine {times} times: {problem}",
                "Is the memory of the machines large enough? `ray status` lists those that are left.",
                job=job,
                times=self._losses[job],
                problem=str(error).splitlines()[0],
            )
        self._waiting.appendleft(job)


class _Paths(pickle.Pickler):
    """Pickles, and notes every path on the way."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.found: dict[str, None] = {}

    def persistent_id(self, thing: Any) -> None:
        if isinstance(thing, PurePath):
            self.found[str(thing)] = None


def _packed(thing: Any) -> tuple[bytes, tuple[tuple[str, int | None], ...]]:
    """The bytes of a task or shard, and what it names that is there now: files with their size, folders.

    What is not there is still to be made: then its folder counts.
    """
    file = io.BytesIO()
    pickler = _Paths(file)
    pickler.dump(thing)
    there = {}
    for name in pickler.found:
        path = next((path for path in (Path(name), Path(name).parent) if path.exists()), None)
        if path is not None:
            there[str(path)] = path.stat().st_size if path.is_file() else None
    return file.getvalue(), tuple(there.items())


def _on_worker(
    work: list[Any], shard: bytes, paths: tuple[tuple[str, int | None], ...], site: bytes, is_last: bool
) -> bytes:
    """Do one shard, in a Ray worker; returns what `answer_of` does."""
    return answer_of(_checked, (work[0], shard, paths, site, is_last))


def _checked(given: tuple[Any, bytes, tuple[tuple[str, int | None], ...], bytes, bool]) -> Any:
    work, packed_shard, paths, site, is_last = given
    check_site(site)
    for path, size_bytes in paths:
        _check_seen(Path(path), size_bytes)
    task, shard = _task(work), pickle.loads(packed_shard)  # noqa: S301 (our own)
    if not is_last:
        return task(shard)
    return next(result for _, result in map_shards(task, [shard], 1, tries=1))


@lru_cache(maxsize=1)
def _task(work: Any) -> Callable[[Any], Any]:
    """The task of a map, once for each worker."""
    import ray

    task: Callable[[Any], Any] = pickle.loads(ray.get(work))  # noqa: S301 (our own)
    return task


@lru_cache(maxsize=1)
def check_site(packed: bytes) -> None:
    """Enter the folder in which the run was started, with the same danlu; raises WorkFailed where that is impossible."""
    wanted: Site = pickle.loads(packed)  # noqa: S301 (our own)
    machine = socket.gethostname()
    if code_hash() != wanted.code:
        raise WorkFailed(
            "{machine} has another danlu than the machine that plans",
            "Install the same release on every machine of the cluster, and start Ray there again.",
            machine=machine,
        )
    own = dict(Site.here().packages)
    for name, number in wanted.packages:
        if own.get(name, "") != number:
            raise WorkFailed(
                "{machine} has {package} {found}, and the machine that plans has {wanted}",
                "Install the same versions on every machine of the cluster, and start Ray there again.",
                machine=machine,
                package=name,
                found=own.get(name) or "-",
                wanted=number or "-",
            )
    _check_seen(wanted.folder, None)
    os.chdir(wanted.folder)


def _check_seen(path: Path, size_bytes: int | None) -> None:
    until = time.monotonic() + _UNSEEN_S
    while not _is_seen(path, size_bytes):
        if time.monotonic() > until:
            raise WorkFailed(
                "{machine} does not see {path} as the machine that plans does",
                "Documents, project, --out and the cache ($XDG_CACHE_HOME) must lie in folders that all machines share, under the same path.",
                machine=socket.gethostname(),
                path=path,
            )
        time.sleep(0.1)


def _is_seen(path: Path, size_bytes: int | None) -> bool:
    return path.is_dir() if size_bytes is None else path.is_file() and path.stat().st_size == size_bytes


@lru_cache(maxsize=1)
def code_hash() -> str:
    """A hash of all files of danlu that Python runs."""
    root = Path(__file__).parents[1]
    told = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        told.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return told.hexdigest()


def _version(package: str) -> str:
    """Empty when it is not installed. Builds of one version for different processors count as one."""
    try:
        return version(package).partition("+")[0]
    except PackageNotFoundError:
        return ""
