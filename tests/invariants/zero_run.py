"""Trainings by the stages of ZeRO, under torchrun, one after the other: DeepSpeed takes long to import. What came of each as JSON.

python zero_run.py FOLDER [KILLED_AFTER], where FOLDER/NAME of each stage is where its training stands. With KILLED_AFTER the
training in FOLDER/killed ends with SIGKILL after so many steps. Without torchrun: python zero_run.py FOLDER NAME…, each in one process.
"""

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from danlu.core.processes import Processes
from danlu.core.progress import Silent
from danlu.loop.batches import ConversationFeed, Limits, plan_steps
from danlu.loop.causal import CausalLearner
from danlu.loop.checkpoint import Checkpoints
from danlu.loop.layout import Layout, single
from danlu.loop.loop import Evaluation, StepFacts, train
from danlu.loop.optimizers import Optimization
from danlu.loop.parallel import join
from danlu.model.chat import Tokens
from danlu.model.decoders import DecoderShape, make_decoder

BAD = 399
"""A token of one row: a batch that holds it has no loss, so one step of each of two epochs is left out."""
STAGES = {"zero1": 1, "zero2": 2, "zero3": 3, "killed": 2, "from one": 3, "from zero2": 3}


class Learner(CausalLearner):
    """One whose data spoil a step."""

    def forward(self, batch: Any) -> torch.Tensor:
        nats = super().forward(batch)
        return nats * torch.nan if self.training and (batch.ids_BT == BAD).any() else nats


def run(folder: Path, layout: Layout, killed_after: int = 0) -> dict[str, Any]:
    """A training with an average of the weights, and evaluations of which the best one counts."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    learner = Learner(make_decoder(DecoderShape("llama", 2, 400, 64, 0)))
    random = torch.Generator().manual_seed(1)
    lengths = torch.randint(20, 64, (64,), generator=random).tolist()
    rows = [Tokens(torch.randint(0, BAD, (n,), generator=random).tolist(), [True] * n) for n in lengths]
    rows[20].ids[3] = BAD
    feed = ConversationFeed(rows, plan_steps(lengths, 3, Limits(400, 5000, 2)), 300)
    how = Optimization(1e-2, 0.1, 0.1, 1.0, 10_000, average_decay=0.9)
    evaluation = Evaluation(4, lambda _: float(learner(feed.batches(0)[0])), patience=100)

    def dies(facts: StepFacts) -> None:
        if facts.done == killed_after:
            os.kill(os.getpid(), signal.SIGKILL)

    trained = train(
        learner, feed, how, Checkpoints(folder, 5, "key"), Silent(), seed=5, layout=layout, evaluation=evaluation,
        observers=[dies],
    )  # fmt: skip
    sizes = [] if layout.zero else [float(weight.detach().double().norm()) for weight in learner.parameters()]
    return {"losses": trained.losses, "scores": list(trained.scores.values()), "sizes": sizes}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if os.environ.get("WORLD_SIZE") is None:
        print(json.dumps({name: run(folder / name, single("cpu")) for name in sys.argv[2:]}))
        sys.exit()
    killed_after = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    layout, _ = join(Processes(shards=2, zero=1))
    names = ["killed"] if killed_after else list(STAGES)
    done = {name: run(folder / name, replace(layout, zero=STAGES[name]), killed_after) for name in names}
    if torch.distributed.get_rank() == 0:
        print(json.dumps(done))
    torch.distributed.destroy_process_group()
