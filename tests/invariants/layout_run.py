"""Small trainings, in one process or, under torchrun, in several: the losses of their steps, a line of JSON for each.

python layout_run.py PROCESSES FOLDER:OPTIMIZER:STYLE[-LAYERS][:FAULT]...
"""

import json
import math
import sys
from pathlib import Path

import torch
import torch.distributed as dist

from danlu.core.processes import Processes
from danlu.core.progress import Silent
from danlu.loop.batches import ConversationFeed, Limits, plan_steps
from danlu.loop.causal import CausalLearner
from danlu.loop.checkpoint import Checkpoints
from danlu.loop.layout import single
from danlu.loop.loop import Evaluation, train
from danlu.loop.optimizers import Optimization
from danlu.loop.parallel import held_here, join, repeated_layers, share
from danlu.model.chat import Tokens
from danlu.model.decoders import DecoderShape, make_decoder

FAULTY_CALL = 9
"""Of the learner, counted from 1: a few steps after the first."""


class Learner(CausalLearner):
    """Of which the second process fails once: it raises, or its loss is not finite."""

    fault = ""
    calls = 0

    def forward(self, batch, targets_BT=None):
        nats = super().forward(batch, targets_BT)
        self.calls += 1
        if not self.fault or self.calls != FAULTY_CALL or dist.get_rank() != 1:
            return nats
        if self.fault == "raises":
            raise RuntimeError("this process fails")
        return nats * math.nan


def run(place, folder, optimizer, style, fault=""):
    torch.manual_seed(0)
    style, _, layers = style.partition("-")
    learner = Learner(make_decoder(DecoderShape(style, int(layers or 2), 400, 64, 0)))
    learner.fault = fault
    whole, layout = held_here(learner), single("cpu")
    if place is not None:
        layout, mesh = place
        share(learner, repeated_layers(learner), mesh)
    random = torch.Generator().manual_seed(1)
    lengths = torch.randint(20, 64, (64,), generator=random).tolist()
    rows = [Tokens(torch.randint(0, 400, (n,), generator=random).tolist(), [True] * n) for n in lengths]
    feed = ConversationFeed(rows, plan_steps(lengths, 3, Limits(400, 5000, 2)), 300)
    how = Optimization(1e-2, 0.1, 0.1, 1.0, 10_000, optimizer=optimizer)

    def score(done):
        [batch] = feed.batches(0)[:1]
        return float(learner(batch))

    trained = train(
        learner,
        feed,
        how,
        Checkpoints(Path(folder), 5, "key"),
        Silent(),
        seed=5,
        layout=layout,
        evaluation=Evaluation(5, score),
    )
    return {"losses": trained.losses, "held": held_here(learner), "whole": whole, "scores": [*trained.scores.values()]}


if __name__ == "__main__":
    torch.set_num_threads(1)
    processes = Processes.parse(sys.argv[1])
    place = join(processes) if processes.count > 1 else None
    for job in sys.argv[2:]:
        outcome = run(place, *job.split(":"))
        if place is None or dist.get_rank() == 0:
            print(json.dumps(outcome), flush=True)
    if place is not None:
        dist.destroy_process_group()
