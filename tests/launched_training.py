"""A training for launchers: a job that any process can import, whose second process dies or lacks memory when asked to."""

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from danlu.core.errors import Phrase
from danlu.core.processes import Processes
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.core.workers import Workers
from danlu.loop.batches import ConversationFeed, Limits, plan_steps
from danlu.loop.causal import CausalLearner
from danlu.loop.checkpoint import Checkpoints
from danlu.loop.loop import StepFacts, train
from danlu.loop.optimizers import Optimization
from danlu.loop.parallel import placed
from danlu.model.chat import Tokens
from danlu.model.decoders import DecoderShape, make_decoder

TOKENS = 24
"""Of each row."""
STEPS = 6


@dataclass(frozen=True)
class Trial:
    """What is learnt, and what goes wrong. As it stands: four rows a step, the last has three, and nothing goes wrong."""

    rows: int = 23
    step_rows: int = 4
    killed_after: int = 0
    """Steps, after which the second process ends by SIGKILL, once; never where 0."""
    most_tokens: int = 10**6
    """Of a batch that the second process has memory for, after the first two steps."""


class Heard(Silent):
    """What the processes told."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.lines: list[str] = []

    def advance(self, done: int, total: int, note: str = "") -> None:
        self.done.append(done)

    def line(self, text: str | Phrase) -> None:
        if "lost its connection" not in str(
            text
        ):  # said when a process sees that another is gone before it is ended itself
            self.lines.append(str(text))


def work_in(folder: Path, processes: Processes, workers: Workers = 1) -> tuple[Work, Heard]:
    """Where and how a job learns, and what will be heard of it."""
    folder.mkdir()
    heard = Heard()
    return Work(folder, folder, 5, 2, workers, heard, processes), heard


def learn(trial: Trial, work: Work) -> None:
    """The job."""
    steps, dead, is_second = 0, work.scratch / "dead", os.environ.get("RANK") == "1"

    class Short(CausalLearner):
        def forward(self, batch: Any, targets_BT: torch.Tensor | None = None) -> torch.Tensor:
            # In a pipeline it is given the hidden states of a micro-batch.
            tokens = batch.shape[:2].numel() if isinstance(batch, torch.Tensor) else batch.padded_tokens
            if is_second and steps >= 2 and tokens > trial.most_tokens:
                raise torch.OutOfMemoryError("for the test")
            return super().forward(batch, targets_BT)

    def dies(facts: StepFacts) -> None:
        nonlocal steps
        steps = facts.done
        if is_second and steps == trial.killed_after and not dead.exists():
            dead.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    torch.set_num_threads(work.threads)
    torch.manual_seed(0)
    learner = Short(make_decoder(DecoderShape("llama", 2, 200, 64, 0)))
    with placed(learner, work.processes) as layout:
        train(
            learner, _feed(trial), Optimization(1e-2, 0.1, 0.1, 1.0, 10_000), Checkpoints(work.scratch, 4, "key"),
            work.progress, seed=work.seed, layout=layout, observers=[*work.observers, dies],
        )  # fmt: skip


def _feed(trial: Trial) -> ConversationFeed:
    random = torch.Generator().manual_seed(1)
    ids = torch.randint(0, 200, (trial.rows, TOKENS), generator=random).tolist()
    limits = Limits(trial.step_rows * TOKENS, trial.rows * TOKENS, 1)
    steps = plan_steps([TOKENS] * trial.rows, 2, limits)
    return ConversationFeed([Tokens(row, [True] * TOKENS) for row in ids], steps, 10_000)


def losses(scratch: Path) -> list[float]:
    """What the last checkpoint says."""
    last = max(scratch.glob("step-*"))
    found: list[float] = json.loads((last / "state.json").read_text())["losses"]
    return found
