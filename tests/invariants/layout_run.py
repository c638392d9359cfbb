"""One small training, in one process or, under torchrun, in several: the losses of its steps as JSON.

python layout_run.py FOLDER SHARDS REPLICAS TENSOR OPTIMIZER
"""

import json
import sys
from pathlib import Path

import torch

from danlu.core.processes import Processes
from danlu.core.progress import Silent
from danlu.loop.batches import ConversationFeed, Limits, plan_steps
from danlu.loop.causal import CausalLearner
from danlu.loop.checkpoint import Checkpoints
from danlu.loop.layout import single
from danlu.loop.loop import train
from danlu.loop.optimizers import Optimization
from danlu.loop.parallel import held_here, join, share
from danlu.model.chat import Tokens
from danlu.model.decoders import DecoderShape, make_decoder


def run(folder: Path, processes: Processes, optimizer: str) -> dict[str, object]:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = make_decoder(DecoderShape("llama", 2, 400, 64, 0))
    learner = CausalLearner(model)
    whole, layout = held_here(learner), single("cpu")
    if processes.count > 1:
        layout, mesh = join(processes)
        share(learner, model.model.layers, mesh)
    random = torch.Generator().manual_seed(1)
    lengths = torch.randint(20, 64, (64,), generator=random).tolist()
    rows = [Tokens(torch.randint(0, 400, (n,), generator=random).tolist(), [True] * n) for n in lengths]
    feed = ConversationFeed(rows, plan_steps(lengths, 3, Limits(400, 5000, 2)), 300)
    how = Optimization(1e-2, 0.1, 0.1, 1.0, 10_000, optimizer=optimizer)
    trained = train(learner, feed, how, Checkpoints(folder, 5, "key"), Silent(), seed=5, layout=layout)
    return {"losses": trained.losses, "held": held_here(learner), "whole": whole}


if __name__ == "__main__":
    counts = [int(argument) for argument in sys.argv[2:5]]
    outcome = run(Path(sys.argv[1]), Processes(*counts), sys.argv[5])
    if not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0:
        print(json.dumps(outcome))
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
