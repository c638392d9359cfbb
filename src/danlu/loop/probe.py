"""A few real steps in a process of its own, before a training: what it will cost, and whether its memory is enough.

First half of the longest batch, then the longest batch whole: memory runs out here or never. Then some of the training's own steps
are timed, and what is done beside steps: a checkpoint, a score, saving at the end. Nothing is kept of what they learn. A process of
its own has a peak of its own, and dies alone when the system kills it for memory.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
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


class TrialFailed(WorkFailed):
    """Steps could not be tried, for another reason than that their process was killed."""


@dataclass(frozen=True)
class Subject:
    """What a training consists of; made anew in the probe's process."""

    learner: Any
    feed: Feed
    optimization: Any
    score: Callable[[], int] | None = None
    """Scores some held-out tokens (or texts, where those are what it costs), and returns how many; None for a training without scores."""
    finish: Callable[[Path], None] | None = None
    """Writes into a folder what the training leaves behind; may use the learner up."""
    keeps_best: bool = False
    """The weights of the best evaluation are kept beside those that learn, in memory and in checkpoints."""


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

    def of(self, tokens: int) -> "Workload":
        """Of a training like this one on so many tokens."""
        part = tokens / self.tokens
        return replace(
            self, steps=max(1, round(self.steps * part)), tokens=tokens, padded_tokens=round(self.padded_tokens * part)
        )


@dataclass(frozen=True)
class Cost:
    """Seconds of the wall, and of the processor."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)

    def __mul__(self, times: float) -> "Cost":
        return Cost(self.wall_s * times, self.cpu_s * times)


@dataclass(frozen=True)
class Probe:
    """What the steps cost, and what is done beside them."""

    workload: Workload
    startup: Cost
    """The model made or read, and wrapped."""
    padded_token: Cost
    """Of a step."""
    checkpoint: Cost
    scored_token: Cost
    finish: Cost
    peak_bytes: int
    """Of the process, with the longest batch and all that is done at the end."""
    base_bytes: int
    """The process before there was a model."""
    bytes_per_padded_token: float
    """What one padded token more in a batch adds."""
    checkpoint_bytes: int
    """Of one checkpoint on disk."""
    made_bytes: int
    """Of what the training leaves behind."""
    gpu_bytes: int
    """Most that torch held on a graphics processor."""


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


def probe(build: Build, seed: int = 0, outline: Callable[[], object] | None = None) -> Probe:
    """Try some steps of what `build` makes. Raises TrialFailed when they fail, WorkFailed when their process is killed.

    `outline` is what the process that asks has done already, such as reading the data: its memory is not the training's.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(theirs, build, seed, outline), daemon=True)
    child.start()
    theirs.close()
    try:
        told: Probe | str = ours.recv()
    except EOFError:
        child.join()
        raise WorkFailed(
            "the trial steps before the training were ended by signal {signal}: memory may be short",
            "Let fewer rows through the model at once, such as by --set finetune.micro_batch_tokens=128 or --set classify.micro_batch_tokens=512.",
            signal=-(child.exitcode or 0),
        ) from None
    finally:
        ours.close()
    child.join()
    if isinstance(told, str):
        raise TrialFailed("the trial steps before the training failed: {problem}", problem=told)
    return told


def _child(answers: Connection, build: Build, seed: int, outline: Callable[[], object] | None) -> None:
    try:
        answers.send(_measure(build, seed, outline))
    except Exception as error:  # noqa: BLE001
        answers.send(f"{type(error).__name__}: {error}")
    finally:
        answers.close()


def _measure(build: Build, seed: int, outline: Callable[[], object] | None) -> Probe:
    import torch
    import transformers  # noqa: F401

    outlined = outline() if outline else None
    clock = Clock()
    base = resident_bytes()
    with _timed(clock) as startup:
        subject = build()
    del outlined
    workload = scan(subject.feed)
    with tempfile.TemporaryDirectory() as folder:
        sized = _Steps(clock)
        chosen, sizes = _two_sizes(subject.feed)
        with _timed(clock) as whole:
            _train(subject, chosen, Path(folder), sized, seed)
        checkpoint_bytes = bytes_below(Path(folder))
    token_s = sized.total.wall_s / sum(chosen.tokens(step) for step in range(chosen.steps))
    timed, times = _as_they_come(subject.feed, round(_TIMED_S / token_s)), _Steps(clock)
    with tempfile.TemporaryDirectory() as folder:
        _train(subject, timed, Path(folder), times, seed)
    if len(sized.facts) < chosen.steps or len(times.facts) < 2:
        raise ValueError("the loss of a trial step is not finite")
    scored = _scored(subject, clock)
    with tempfile.TemporaryDirectory() as folder:
        with _timed(clock) as finish:
            if subject.finish:
                subject.finish(Path(folder))
        made_bytes = bytes_below(Path(folder))
    return Probe(
        workload=workload,
        startup=startup[0],
        padded_token=times.later * (1 / sum(fact.tokens for fact in times.facts[1:])),
        checkpoint=Cost(max(0.0, whole[0].wall_s - sized.total.wall_s), max(0.0, whole[0].cpu_s - sized.total.cpu_s)),
        scored_token=scored,
        finish=finish[0] if subject.finish else Cost(),
        peak_bytes=clock.cost()["peak_memory_mb"] * MIB,  # after checkpoints and saving too, which copy what they save
        base_bytes=base,
        bytes_per_padded_token=max(0.0, sized.peaks[-1] - sized.peaks[1]) / (sizes[1] - sizes[0])
        if sizes[1] > sizes[0]
        else 0.0,
        checkpoint_bytes=checkpoint_bytes,
        made_bytes=made_bytes,
        gpu_bytes=torch.cuda.max_memory_reserved() if torch.cuda.is_available() else 0,
    )


def _scored(subject: Subject, clock: Clock) -> Cost:
    """Of one held-out token."""
    if subject.score is None:
        return Cost()
    subject.learner.eval()
    with _timed(clock) as scoring:
        tokens = subject.score()
    subject.learner.train()
    return scoring[0] * (1 / max(1, tokens))


@contextmanager
def _timed(clock: Clock) -> Iterator[list[Cost]]:
    """A list that holds the cost of the context's body when that is done."""
    taken: list[Cost] = []
    before = _now(clock)
    yield taken
    after = _now(clock)
    taken.append(after + before * -1)


def _now(clock: Clock) -> Cost:
    return Cost(time.perf_counter(), clock.cost()["cpu_s"])


class _Steps:
    """Hears of each step: its time, and the peak of memory so far."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._before_s = clock, clock.cost()["cpu_s"]
        self.facts: list[Any] = []
        self.peaks: list[int] = []
        self._costs: list[Cost] = []

    def __call__(self, facts: Any) -> None:
        """After a step."""
        cost = self._clock.cost()
        self.facts.append(facts)
        self.peaks.append(cost["peak_memory_mb"] * MIB)
        self._costs.append(Cost(facts.wall_s, cost["cpu_s"] - self._before_s))
        self._before_s = cost["cpu_s"]

    @property
    def total(self) -> Cost:
        """Of all steps heard of."""
        return sum(self._costs, Cost())

    @property
    def later(self) -> Cost:
        """Of all but the first, which makes the optimizer's state."""
        return sum(self._costs[1:], Cost())


def _train(subject: Subject, chosen: ChosenSteps, folder: Path, steps: _Steps, seed: int) -> None:
    """Take the steps by the loop itself, with a checkpoint at the end."""
    from danlu.loop.checkpoint import Checkpoints
    from danlu.loop.loop import Evaluation, train

    checkpoints = Checkpoints(folder / "probe", every_steps=chosen.steps, key="probe")
    # What a score costs is measured by itself.
    evaluation = Evaluation(chosen.steps, lambda _: 0.0, patience=chosen.steps) if subject.keeps_best else None
    train(
        subject.learner, chosen, subject.optimization, checkpoints, Silent(), seed=seed, evaluation=evaluation,
        observers=[steps],
    )  # fmt: skip


def bytes_below(folder: Path) -> int:
    """Of all files in a folder and those below."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


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
