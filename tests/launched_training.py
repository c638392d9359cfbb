"""A training for launchers: a job that any process can import, and that ends by SIGKILL once when asked to."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from danlu.core.stages import Work
from danlu.loop.batches import ConversationFeed, Limits, plan_steps
from danlu.loop.causal import CausalLearner
from danlu.loop.checkpoint import Checkpoints
from danlu.loop.loop import StepFacts, train
from danlu.loop.optimizers import Optimization
from danlu.loop.parallel import placed
from danlu.model.chat import Tokens
from danlu.model.decoders import DecoderShape, make_decoder

STEPS = 6


def learn(killed_after: int, work: Work) -> None:
    """The job. Its second process ends by SIGKILL after so many steps, once."""

    def dies(facts: StepFacts) -> None:
        dead = work.scratch / "dead"
        if facts.done == killed_after and os.environ["RANK"] == "1" and not dead.exists():
            dead.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    _train(CausalLearner, work, dies)


def learn_in_little_memory(most_tokens: int, work: Work) -> None:
    """The job. Its second process has no memory for batches of more tokens after the first two steps."""
    steps = 0

    class Short(CausalLearner):
        def forward(self, batch: Any, targets_BT: torch.Tensor | None = None) -> torch.Tensor:
            if steps >= 2 and os.environ["RANK"] == "1" and batch.padded_tokens > most_tokens:
                raise torch.OutOfMemoryError("for the test")
            return super().forward(batch, targets_BT)

    def counts(facts: StepFacts) -> None:
        nonlocal steps
        steps = facts.done

    _train(Short, work, counts)


def _train(kind: type[CausalLearner], work: Work, heard: Callable[[StepFacts], None]) -> None:
    torch.set_num_threads(work.threads)
    torch.manual_seed(0)
    learner = kind(make_decoder(DecoderShape("llama", 1, 200, 64, 0)))
    random = torch.Generator().manual_seed(1)
    rows = [Tokens(torch.randint(0, 200, (24,), generator=random).tolist(), [True] * 24) for _ in range(24)]
    feed = ConversationFeed(rows, plan_steps([24] * 24, 2, Limits(100, 1000, 1)), 100)
    with placed(learner, work.processes) as layout:
        train(
            learner, feed, Optimization(1e-2, 0.1, 0.1, 1.0, 10_000), Checkpoints(work.scratch, 4, "key"),
            work.progress, seed=work.seed, layout=layout, observers=[*work.observers, heard],
        )  # fmt: skip


def losses(scratch: Path) -> list[float]:
    """What the last checkpoint says."""
    last = max(scratch.glob("step-*"))
    found: list[float] = json.loads((last / "state.json").read_text())["losses"]
    return found
