"""Run a plan: skip what is there, resume what was interrupted, make the rest."""

import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from danlu.core.artifacts import MANIFEST, Artifact, Manifest
from danlu.core.cluster import connected
from danlu.core.errors import WorkFailed
from danlu.core.processes import ALONE, Processes
from danlu.core.progress import Progress, progress
from danlu.core.project import Compute
from danlu.core.stages import Facts, Plan, Step, Work
from danlu.core.store import begin, commit, open_artifact
from danlu.core.tracked_run import Told, TrackedRun
from danlu.core.workers import Workers

_EXPERIMENT = "danlu"
"""Of MLflow: all trainings of danlu stand in one list there."""
_STARTS = ".starts"


class Place(Protocol):
    """Where a plan's artifacts go: a project's store, or one output folder."""

    def folder(self, step: Step[Any], id: str) -> Path:
        """The folder of a step's artifact."""

    def sweep(self, keep: list[Path]) -> None:
        """Clear away interrupted work that the plan will not resume."""


@dataclass(frozen=True)
class Machine:
    """What a run may use. Never part of an artifact's identity."""

    threads: int
    workers: Workers
    processes: Processes = ALONE
    """Of one training."""
    machines: int = 1
    """That those are spread over."""

    @classmethod
    def here(cls) -> "Machine":
        """All cores that this process may run on."""
        cores = len(os.sched_getaffinity(0))
        return cls(threads=cores, workers=cores)

    @classmethod
    @contextmanager
    def of(cls, compute: Compute) -> Iterator["Machine"]:
        """What `compute` names: this machine, or a cluster for as long as the context lasts."""
        here = replace(cls.here(), processes=compute.processes, machines=compute.machines)
        if not compute.address:
            yield replace(here, workers=compute.workers or here.workers)
            return
        with connected(compute.address, compute.workers) as cluster:
            yield replace(here, workers=cluster)

    def facts(self, *, shares: bool) -> dict[str, Any]:
        """What run.json says of it, of a training that several processes can share."""
        many = {"workers": self.workers} if isinstance(self.workers, int) else self.workers.facts()
        shared = (
            {"processes": asdict(self.processes), "machines": self.machines}
            if shares and self.processes != ALONE
            else {}
        )
        return {"threads": self.threads, **many, **shared}


@dataclass(frozen=True)
class Outcome:
    """What became of one step."""

    step: Step[Any]
    artifact: Artifact
    skipped: bool
    run: dict[str, Any]


Shows = Callable[[str], AbstractContextManager[Progress]]
Afterwards = Callable[[dict[str, Any]], dict[str, Any]]
"""Given what a step used, what else run.json says of it."""
Before = Callable[[Step[Any], str, dict[str, Any], Path], Afterwards | None]
"""Hears of a step that is about to run, with its inputs and its folder; may raise what refuses it."""


def unlooked(step: Step[Any], id: str, inputs: dict[str, Any], folder: Path) -> None:
    """No look at a step before it runs."""


def execute(
    plan: Plan,
    place: Place,
    machine: Machine,
    until: str | None = None,
    tell: Callable[[Outcome], None] = lambda _: None,
    shows: Shows = progress,
    tracked_by: str = "",
    before: Before = unlooked,
) -> Artifact:
    """Make what `plan` still lacks, up to the stage `until`, and return the last artifact.

    `tell` hears of each step when it is done or found done; `shows` opens the display of a step's progress, which hears of
    the steps of trainings too when it can be called; `tracked_by` is the address of an MLflow tracker of trainings;
    `before` is called before the body of each step that is not done.
    """
    place.sweep([place.folder(step, id) for step, id in plan.ids.items()])
    made: dict[Step[Any], Artifact] = {}
    for step, id in plan.ids.items():
        folder = place.folder(step, id)
        if is_done(folder, id):
            outcome = Outcome(step, open_artifact(folder), skipped=True, run={})
        else:
            outcome = _run(plan, step, id, folder, machine, made, shows, tracked_by, before)
        made[step] = outcome.artifact
        tell(outcome)
        if step.stage.name == until:
            break
    return made[step]


def is_done(folder: Path, id: str) -> bool:
    """Whether `folder` already holds the artifact `id`."""
    return (folder / MANIFEST).exists() and Manifest.read(folder).id == id


def _run(
    plan: Plan,
    step: Step[Any],
    id: str,
    folder: Path,
    machine: Machine,
    made: dict[Step[Any], Artifact],
    shows: Shows,
    tracked_by: str,
    before: Before,
) -> Outcome:
    inputs = {name: made[given] if isinstance(given, Step) else given for name, given in step.inputs.items()}
    afterwards = before(step, id, inputs, folder)
    scratch = begin(folder, step.stage.resumable, id)
    starts = _starts(scratch)
    clock = Clock()
    tracked = tracked_by if step.stage.trains else ""
    with shows(step.stage.name) as display, _tracking(tracked, _told(plan, step, id, inputs), display) as run_told:
        observers = [look for look in (display, run_told) if callable(look)]
        work = Work(
            folder, scratch, plan.seed, machine.threads, machine.workers, display, machine.processes, machine.machines,
            observers,
        )  # fmt: skip
        facts = step.stage.body(work, step.config, **inputs)
        run = clock.cost() | machine.facts(shares=step.stage.shares) | ({"starts": starts} if starts > 1 else {})
        run |= afterwards(run) if afterwards else {}
        manifest = _committed(plan, step, id, folder, facts, run)
        if run_told:
            run_told.finish({"id": id, "path": folder, "content_hash": manifest.content_hash})
    return Outcome(step, step.stage.makes(folder, manifest), skipped=False, run=run)


def _starts(scratch: Path) -> int:
    """How often this step was started, now among it: costs are of the last start alone."""
    with (scratch / _STARTS).open("a+", encoding="utf-8") as file:
        file.write("started\n")
        file.seek(0)
        return len(file.readlines())


def _tracking(uri: str, told: Told, display: Progress) -> AbstractContextManager[TrackedRun | None]:
    return TrackedRun(uri, told, display) if uri else nullcontext()


def _told(plan: Plan, step: Step[Any], id: str, inputs: dict[str, Any]) -> Told:
    config = {f"{step.stage.name}.{name}": value for name, value in step.config.model_dump(mode="json").items()}
    given = [artifact for artifact in inputs.values() if isinstance(artifact, Artifact)]
    return Told(_EXPERIMENT, step.stage.name, id, config | {"seed": plan.seed}, given)


def _committed(plan: Plan, step: Step[Any], id: str, folder: Path, facts: Facts, run: dict[str, Any]) -> Manifest:
    described = _manifest(plan, step, id, facts)
    if described.identity() != id:
        raise WorkFailed(
            "A file that {stage} reads changed while it ran",
            "Run again: danlu starts from what lies there now.",
            stage=step.stage.name,
        )
    return commit(folder, described, run)


def _manifest(plan: Plan, step: Step[Any], id: str, facts: Facts) -> Manifest:
    return Manifest(
        id=id,
        kind=step.stage.makes.__name__,
        stage=step.stage.name,
        version=step.stage.version,
        config=step.config.model_dump(mode="json"),
        seed=plan.seed,
        parents=plan.parents_of(step, plan.ids),
        runtime=step.stage.runtime(),
        content_hash="",
        counts=dict(facts.counts),
        licences=facts.licences,
        note=facts.note,
    )


class Clock:
    """What one step costs: wall and processor time, and the peak memory of this process while it ran."""

    def __init__(self) -> None:
        self._started = time.time()
        self._cpu_s = _cpu_s()
        _forget_peak()

    def cost(self) -> dict[str, Any]:
        """The cost since birth."""
        return {
            "started": round(self._started, 3),
            "wall_s": round(time.time() - self._started, 3),
            "cpu_s": round(_cpu_s() - self._cpu_s, 3),
            "peak_memory_mb": _peak_memory_mb(),
        }


def _cpu_s() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _forget_peak() -> None:
    """Linux forgets a process's peak memory on request (proc(5), clear_refs); elsewhere the peak is the process's."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _peak_memory_mb() -> int:
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:", 1)[1].split()[0]) // 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
