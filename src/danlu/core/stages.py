"""Stages, and plans made of them: building a plan runs nothing.

A stage is a function from artifacts to one artifact. Calling a `Stage` gives a `Step`, a node of the plan. The id
of what a step will make follows from the plan alone, so a plan can be printed, compared and skipped before any
work: id = hash(stage name, stage version, identity config, ids of the inputs, seed, runtime fingerprint).
Paths, the project's name, devices, thread and worker counts and logging never enter it.
"""

import platform
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from danlu.core.artifacts import Artifact, identify
from danlu.core.errors import UserError
from danlu.core.processes import ALONE, Processes
from danlu.core.progress import Progress
from danlu.core.workers import Workers

A = TypeVar("A", bound=Artifact)


class Config(BaseModel):
    """Base of a stage's identity config: frozen, strict about types, closed to unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Observer = Callable[[Any], None]
"""Hears of each step of a training: danlu.loop.loop.StepFacts."""


class Outside(Protocol):
    """An input that is no artifact (source files, a base model): it enters identity by its content."""

    def content_hash(self) -> str:
        """A hash of all that the stage reads of it."""


@dataclass(frozen=True)
class Work:
    """What a stage body is given beside its inputs: where to write and what the machine may use."""

    folder: Path
    """The artifact's folder: what lies here at the end is the artifact."""
    scratch: Path
    """For pieces and checkpoints: kept when the run is killed, deleted when the stage is done."""
    seed: int
    threads: int
    workers: Workers
    progress: Progress
    processes: Processes = ALONE
    """Of one training."""
    machines: int = 1
    """That those are spread over."""
    observers: Sequence[Observer] = ()
    """Of a training's steps."""


@dataclass(frozen=True)
class Facts:
    """What a stage body reports of what it made."""

    counts: Mapping[str, int] = field(default_factory=dict)
    """With `input`, `kept` and `rejected` among them the first must be the sum of the others."""
    licences: tuple[str, ...] = ()
    note: str = ""
    """One line for people: why something was skipped, say."""


@dataclass(frozen=True)
class Stage(Generic[A]):
    """A named, versioned function from inputs to one artifact of kind `makes`."""

    name: str
    version: int
    """Raised with any change of the body that changes what it makes."""
    makes: type[A]
    body: Callable[..., Facts]
    config: type[Config] = Config
    libraries: tuple[str, ...] = ()
    """Packages whose version shapes the output."""
    rules: tuple[tuple[str, int | str], ...] = ()
    """Our own text rules and tables that shape the output, by name and version or hash; with any, Python's Unicode tables do too."""
    numeric: bool = False
    """Floating-point work whose last bits depend on the processor's instruction set."""
    resumable: bool = False
    """The body continues from what an interrupted run left in `Work.scratch`."""
    shares: bool = False
    """Several processes can share its training."""
    trains: bool = False
    """The body runs the training loop: its steps can be looked at."""

    def __call__(self, config: Config | None = None, /, **inputs: "Step[Any] | Artifact | Outside | None") -> "Step[A]":
        """Add this stage to a plan. Nothing runs. An optional input that is None is left out."""
        given = {name: value for name, value in inputs.items() if value is not None}
        return Step(self, config or self.config(), given)

    def runtime(self) -> dict[str, str]:
        """The fingerprint of what shapes the output: library versions, and the processor where it matters."""
        versions = {name: _installed_version(name, self.name) for name in self.libraries}
        versions |= {f"danlu {name}": str(number) for name, number in self.rules}
        versions |= {"unicode": unicodedata.unidata_version} if self.rules else {}
        return versions | ({"isa": instruction_set()} if self.numeric else {})

    def shaping(self, config: Config) -> list[Any]:
        """What shapes the output of this stage beside its inputs and the seed, as facts for `hash_facts`."""
        return [self.name, self.version, self.runtime(), config.model_dump(mode="json")]


@dataclass(frozen=True, eq=False)
class Step(Generic[A]):
    """A stage applied to inputs: one node of a plan."""

    stage: Stage[A]
    config: Config
    inputs: Mapping[str, "Step[Any] | Artifact | Outside"]

    @property
    def parents(self) -> dict[str, "Step[Any]"]:
        """The inputs that are steps themselves."""
        return {name: step for name, step in self.inputs.items() if isinstance(step, Step)}


@dataclass(frozen=True, eq=False)
class Plan:
    """A graph of steps that ends in `target`."""

    target: Step[Any]
    seed: int

    @cached_property
    def ids(self) -> dict["Step[Any]", str]:
        """The id of what each step makes, in an order in which they can run."""
        ids: dict[Step[Any], str] = {}
        for step in _inputs_first(self.target, set()):
            parents = self.parents_of(step, ids)
            stage, config = step.stage, step.config.model_dump(mode="json")
            ids[step] = identify(stage.name, stage.version, config, parents, self.seed, stage.runtime())
        return ids

    @staticmethod
    def parents_of(step: "Step[Any]", ids: Mapping["Step[Any]", str]) -> dict[str, str]:
        """The ids of a step's inputs by name; outside inputs by the hash of their content."""
        return {name: _parent_id(given, ids) for name, given in sorted(step.inputs.items())}


def _parent_id(given: "Step[Any] | Artifact | Outside", ids: Mapping[Step[Any], str]) -> str:
    if isinstance(given, Step):
        return ids[given]
    return given.id if isinstance(given, Artifact) else f"sha256:{given.content_hash()}"


def _installed_version(package: str, stage: str) -> str:
    try:
        return package_version(package)
    except PackageNotFoundError:
        raise UserError(
            "The stage {stage} needs the package {package}",
            "Install danlu with its extras: pip install 'danlu[train,serve,prove]'",
            stage=stage,
            package=package,
        ) from None


def _inputs_first(step: Step[Any], seen: set[Step[Any]]) -> Iterator[Step[Any]]:
    if step in seen:
        return
    seen.add(step)
    for parent in step.parents.values():
        yield from _inputs_first(parent, seen)
    yield step


def instruction_set() -> str:
    """The class of processor, as far as numerical kernels choose by it."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("flags", 1)[1].split("\n", 1)[0].split()
    except (OSError, IndexError):
        return platform.machine()
    widest = next((name for name in ("amx_tile", "avx512_bf16", "avx512f", "avx2") if name in flags), "plain")
    return f"{platform.machine()}-{widest}"
