"""A few real steps in a process of its own, before a training: what it will cost, and whether its memory is enough.

First half of the longest batch, then the longest batch whole: memory runs out here or never. Then some of the training's own steps
are timed. Nothing is kept of what they learn. A process of its own has a peak of its own, and dies alone when the
system kills it for memory.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from danlu.core.errors import WorkFailed
from danlu.core.execute import Clock
from danlu.core.machine import MIB, resident_bytes
from danlu.core.progress import Silent
from danlu.loop.feed import WHOLE, Batch, Feed, Part

_SCANNED_STEPS = 256
"""Steps whose batches are looked at for the longest one; of a longer training so many, evenly spaced."""
_TIMED_STEPS = 8
_TIMED_S = 15.0
"""After so many seconds no further step is timed."""


@dataclass(frozen=True)
class Subject:
    """What a training consists of; made anew in the probe's process."""

    learner: Any
    feed: Feed
    optimization: Any


Build = Callable[[], Subject]
"""Must survive pickling: a function of a module, or functools.partial of one."""


@dataclass(frozen=True)
class Workload:
    """How much there is to do."""

    steps: int
    tokens: int
    """Padding left out."""
    padded_tokens: int
    """Of all steps; estimated from a sample in a long training."""
    longest: int
    """Padded tokens of the longest batch."""
    accumulates: bool
    """Some step has several batches."""


@dataclass(frozen=True)
class Probe:
    """What the steps cost. Seconds are of the wall unless they are said to be of the processor."""

    workload: Workload
    startup_s: float
    """Imports, and the model read and wrapped."""
    startup_cpu_s: float
    s_per_padded_token: float
    cpu_s_per_padded_token: float
    peak_bytes: int
    """Of the process, with the longest batch."""
    bytes_per_padded_token: float
    """What one padded token more in a batch adds."""
    bare_bytes: int
    """The process before anything of the training was imported."""
    imported_bytes: int
    """With torch imported, before the model."""
    checkpoint_bytes: int
    """Of one checkpoint on disk."""
    checkpoint_s: float
    gpu_bytes: int
    """Most that torch held on a graphics processor."""

    @property
    def s_per_token(self) -> float:
        """Seconds for a token that is not padding."""
        return self.s_per_padded_token * self.workload.padded_tokens / self.workload.tokens


@dataclass(frozen=True)
class ChosenSteps:
    """A feed of batches that are there already."""

    chosen: Sequence[Sequence[Batch]]

    @property
    def steps(self) -> int:
        """How many there are."""
        return len(self.chosen)

    def batches(self, step: int, part: Part = WHOLE) -> Sequence[Batch]:
        """All of them: a probe is one process."""
        return self.chosen[step]

    def targets(self, step: int) -> int:
        """Of the step."""
        return sum(batch.targets for batch in self.chosen[step])

    def tokens(self, step: int) -> int:
        """With padding: that is what costs."""
        return sum(batch.padded_tokens for batch in self.chosen[step])


def probe(build: Build, seed: int = 0) -> Probe:
    """Try some steps of what `build` makes. Raises WorkFailed when they fail or their process is killed."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(theirs, build, seed), daemon=True)
    child.start()
    theirs.close()
    try:
        told: Probe | str = ours.recv()
    except EOFError:
        child.join()
        raise WorkFailed(
            "the trial steps before the training were ended by signal {signal}: memory may be short",
            "Set a smaller micro-batch, such as --set finetune.micro_batch_tokens=128.",
            signal=-(child.exitcode or 0),
        ) from None
    finally:
        ours.close()
    child.join()
    if isinstance(told, str):
        raise WorkFailed("the trial steps before the training failed: {problem}", problem=told)
    return told


def _child(answers: Connection, build: Build, seed: int) -> None:
    bare = resident_bytes()
    try:
        answers.send(_measure(build, seed, bare))
    except Exception as error:  # noqa: BLE001
        answers.send(f"{type(error).__name__}: {error}")
    finally:
        answers.close()


def _measure(build: Build, seed: int, bare_bytes: int) -> Probe:
    clock = Clock()
    import torch
    import transformers  # noqa: F401

    imported = resident_bytes()
    subject = build()
    startup = clock.cost()
    workload = scan(subject.feed)
    sized, sizes = _two_sizes(subject.feed)
    heard = _Steps(clock)
    with tempfile.TemporaryDirectory() as folder:
        took_s = _train(subject, sized, Path(folder), heard, seed)
        checkpoint_bytes = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    s_per_token = heard.wall_s / sum(sized.tokens(step) for step in range(sized.steps))
    timed, times = _as_they_come(subject.feed, round(_TIMED_S / s_per_token)), _Steps(clock)
    with tempfile.TemporaryDirectory() as folder:
        _train(subject, timed, Path(folder), times, seed)
    if len(heard.facts) < sized.steps or len(times.facts) < 2:
        raise ValueError("the loss of a trial step is not finite")
    later = times.facts[1:]  # the first makes the optimizer's state
    tokens = sum(fact.tokens for fact in later)
    half, whole = heard.peaks[1], heard.peaks[-1]
    return Probe(
        workload=workload,
        startup_s=startup["wall_s"],
        startup_cpu_s=startup["cpu_s"],
        s_per_padded_token=sum(fact.wall_s for fact in later) / tokens,
        cpu_s_per_padded_token=sum(times.cpu_s[1:]) / tokens,
        peak_bytes=clock.cost()["peak_memory_mb"] * MIB,  # after the checkpoints too, which copy what they save
        bytes_per_padded_token=max(0.0, whole - half) / (sizes[1] - sizes[0]) if sizes[1] > sizes[0] else 0.0,
        bare_bytes=bare_bytes,
        imported_bytes=imported,
        checkpoint_bytes=checkpoint_bytes,
        checkpoint_s=max(0.0, took_s - heard.wall_s),
        gpu_bytes=torch.cuda.max_memory_reserved() if torch.cuda.is_available() else 0,
    )


class _Steps:
    """Hears of each step: its time, and the peak of memory so far."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._before_s = clock, clock.cost()["cpu_s"]
        self.facts: list[Any] = []
        self.peaks: list[int] = []
        self.cpu_s: list[float] = []

    def __call__(self, facts: Any) -> None:
        """After a step."""
        cost = self._clock.cost()
        self.facts.append(facts)
        self.peaks.append(cost["peak_memory_mb"] * MIB)
        self.cpu_s.append(cost["cpu_s"] - self._before_s)
        self._before_s = cost["cpu_s"]

    @property
    def wall_s(self) -> float:
        """Of all steps heard of."""
        return float(sum(fact.wall_s for fact in self.facts))


def _train(subject: Subject, chosen: ChosenSteps, folder: Path, steps: _Steps, seed: int) -> float:
    """Take the steps by the loop itself; returns its seconds, a checkpoint at the end among them."""
    from danlu.loop.checkpoint import Checkpoints
    from danlu.loop.loop import train

    checkpoints = Checkpoints(folder / "probe", every_steps=chosen.steps, key="probe")
    started = time.perf_counter()
    train(
        subject.learner, chosen, subject.optimization, checkpoints, Silent(), seed=seed, observers=[steps]
    )  # fmt: skip
    return time.perf_counter() - started


def scan(feed: Feed) -> Workload:
    """Look at the batches of a training, or of a sample of its steps."""
    looked = _spaced(feed.steps, _SCANNED_STEPS)
    sizes = [[batch.padded_tokens for batch in feed.batches(step)] for step in looked]
    return Workload(
        steps=feed.steps,
        tokens=round(sum(feed.tokens(step) for step in looked) * feed.steps / len(looked)),
        padded_tokens=round(sum(map(sum, sizes)) * feed.steps / len(looked)),
        longest=max(size for step in sizes for size in step),
        accumulates=any(len(step) > 1 for step in sizes),
    )


def _spaced(count: int, wanted: int) -> list[int]:
    """Evenly spaced numbers below `count`."""
    return [number * count // min(count, wanted) for number in range(min(count, wanted))]


def _two_sizes(feed: Feed) -> tuple[ChosenSteps, tuple[int, int]]:
    """Twice half of the longest batch, twice that batch whole (the second time with the optimizer's state there), and their padded tokens."""
    looked = _spaced(feed.steps, _SCANNED_STEPS)
    at = max(looked, key=lambda step: max((batch.padded_tokens for batch in feed.batches(step)), default=0))
    together = list(feed.batches(at))
    longest = max(together, key=lambda batch: batch.padded_tokens)
    halves = longest.halves()
    half = halves[0] if halves else longest
    whole = [longest, *[batch for batch in together if batch is not longest][:1]]
    return ChosenSteps([[half], [half], whole, whole]), (half.padded_tokens, longest.padded_tokens)


def _as_they_come(feed: Feed, most_tokens: int) -> ChosenSteps:
    """Some of the training's own steps, evenly spaced, of so many padded tokens in all; two at least, cut where they are longer."""
    steps = [batches for batches in map(feed.batches, _spaced(feed.steps, _TIMED_STEPS)) if batches]
    chosen: list[list[Batch]] = []
    left = most_tokens
    for batches in [steps[0], *steps]:
        taken: list[Batch] = []
        for batch in batches:
            if taken and sum(one.padded_tokens for one in taken) >= most_tokens / 2:
                break
            taken.append(batch)
        left -= sum(batch.padded_tokens for batch in taken)
        chosen.append(taken)
        if left <= 0 and len(chosen) >= 2:
            break
    return ChosenSteps(chosen)
