"""A training for launchers: a job that any process can import, and that ends by SIGKILL once when asked to."""

import json
import os
import signal
from pathlib import Path

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
    torch.set_num_threads(work.threads)
    torch.manual_seed(0)
    learner = CausalLearner(make_decoder(DecoderShape("llama", 1, 200, 64, 0)))
    random = torch.Generator().manual_seed(1)
    rows = [Tokens(torch.randint(0, 200, (24,), generator=random).tolist(), [True] * 24) for _ in range(24)]
    feed = ConversationFeed(rows, plan_steps([24] * 24, 2, Limits(100, 1000, 1)), 100)

    def dies(facts: StepFacts) -> None:
        dead = work.scratch / "dead"
        if facts.done == killed_after and os.environ["RANK"] == "1" and not dead.exists():
            dead.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    with placed(learner, work.processes) as layout:
        train(
            learner, feed, Optimization(1e-2, 0.1, 0.1, 1.0, 10_000), Checkpoints(work.scratch, 4, "key"),
            work.progress, seed=work.seed, layout=layout, observers=[*work.observers, dies],
        )  # fmt: skip


def losses(scratch: Path) -> list[float]:
    """What the last checkpoint says."""
    last = max(scratch.glob("step-*"))
    found: list[float] = json.loads((last / "state.json").read_text())["losses"]
    return found
