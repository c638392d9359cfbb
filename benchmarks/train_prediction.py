"""What the probe predicts of a training, and what the training then takes: time, processor time and memory of five runs.

    python benchmarks/train_prediction.py            # five runs on the processor, each in a process of its own
    python benchmarks/train_prediction.py 14m-full   # one of them, in this process; prints JSON

Models have random weights and rows random ids: neither time nor memory asks what they say.
"""

import functools
import json
import os
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from danlu.core.execute import Clock
from danlu.core.library_settings import settle
from danlu.core.progress import Silent
from danlu.loop.batches import ConversationFeed, Limits, plan_steps
from danlu.loop.footprint import Training, footprint, shape_of
from danlu.loop.predict import Schedule, compared, predict
from danlu.loop.probe import Subject, probe, scan

THREADS = 2


@dataclass(frozen=True)
class Run:
    """One training."""

    model: dict[str, int]
    lora: bool
    bfloat16: bool
    rows: int
    longest: int
    step_tokens: int
    micro_batch_tokens: int


def _model(hidden: int, layers: int, vocabulary: int, heads: int, key_value_heads: int, inner: int) -> dict[str, int]:
    return {
        "hidden_size": hidden, "num_hidden_layers": layers, "vocab_size": vocabulary, "num_attention_heads": heads,
        "num_key_value_heads": key_value_heads, "intermediate_size": inner,
    }  # fmt: skip


SMOLLM2 = _model(576, 30, 49_152, 9, 3, 1536)
RUNS = {
    "2m-full": Run(_model(128, 4, 4_096, 4, 4, 384), False, False, 300, 256, 4_096, 2_048),
    "14m-full": Run(_model(384, 6, 8_192, 6, 6, 1_024), False, True, 120, 512, 8_192, 4_096),
    "14m-full-float32": Run(_model(384, 6, 8_192, 6, 6, 1_024), False, False, 60, 256, 2_048, 2_048),
    "135m-lora": Run(SMOLLM2, True, True, 30, 256, 512, 512),
    "135m-lora-long": Run(SMOLLM2, True, True, 12, 768, 1_024, 1_024),
}


@dataclass(frozen=True)
class Row:
    """A row of tokens, all of them learnt."""

    ids: list[int]
    loss_mask: list[bool]


def subject(name: str) -> Subject:
    """A run's learner, feed and optimisation, the same at each call."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from danlu.loop.adapters import add_lora
    from danlu.loop.causal import CausalLearner
    from danlu.loop.optimizers import Optimization

    run = RUNS[name]
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**run.model, tie_word_embeddings=True))
    adapted = add_lora(model, rank=16, alpha=32, dropout=0.05) if run.lora else model
    chance = random.Random(0)
    lengths = [chance.randint(run.longest // 8, run.longest) for _ in range(run.rows)]
    rows = [
        Row([chance.randrange(run.model["vocab_size"]) for _ in range(length)], [True] * length) for length in lengths
    ]
    feed = ConversationFeed(rows, plan_steps(lengths, 0, Limits(run.step_tokens, 10**9, 1)), run.micro_batch_tokens)
    precision = "bfloat16" if run.bfloat16 else "float32"
    return Subject(CausalLearner(adapted), feed, Optimization(1e-4, 0.1, 0.0, 1.0, 10**9, precision=precision))


def imports() -> None:
    """What the process that trains has loaded before."""
    import torch  # noqa: F401
    import transformers  # noqa: F401


def measure(name: str) -> dict[str, object]:
    """Probe, predict, train, compare."""
    whole = Clock()
    found = probe(functools.partial(subject, name), outline=imports)
    probe_s = whole.cost()["wall_s"]
    imports()
    prediction = predict(found, Schedule(checkpoints=1, checkpoints_kept=1))
    clock = Clock()
    from danlu.loop.checkpoint import Checkpoints
    from danlu.loop.loop import train

    trained = subject(name)
    with tempfile.TemporaryDirectory() as folder:
        train(
            trained.learner,
            trained.feed,
            trained.optimization,
            Checkpoints(Path(folder), 10**9, "run"),
            Silent(),
            seed=0,
        )
    run, work = RUNS[name], scan(trained.feed)
    asked = Training(
        "lora" if run.lora else "full", work.longest, run.longest, "bfloat16" if run.bfloat16 else "float32",
        accumulates=work.accumulates,
    )  # fmt: skip
    formula = footprint(shape_of({**run.model, "tie_word_embeddings": True}), asked).total
    return {"run": name, "probe_s": probe_s, "formula_bytes": formula} | compared(prediction, clock.cost())


def main() -> None:
    """Print a table, or one run as JSON."""
    settle(os.environ)
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
        return
    print(
        "run                steps  probe s   wall s predicted/used   cpu s predicted/used   MB formula/predicted/used"
    )
    for name in RUNS:
        told = subprocess.run([sys.executable, __file__, name], capture_output=True, text=True, check=True).stdout
        one = json.loads(told)
        p, u, r = one["predicted"], one["used"], one["ratio"]
        memory = [round(size / 2**20) for size in (one["formula_bytes"], p["memory_bytes"], u["memory_bytes"])]
        print(
            f"{name:18} {p['steps']:5} {one['probe_s']:8.1f}   {p['wall_s']:7.1f} {u['wall_s']:7.1f} ({r['wall_s']:.2f})"
            f"   {p['cpu_s']:7.1f} {u['cpu_s']:7.1f} ({r['cpu_s']:.2f})"
            f"   {memory[0]:5} {memory[1]:5} {memory[2]:5} ({r['memory_bytes']:.2f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
