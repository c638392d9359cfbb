"""How much a pretraining learns of a text, beside a modified Kneser-Ney 5-gram of the same tokens: held-out bits per byte by language.

    python benchmarks/train_learn.py WORK DOCUMENTS... [--set pretrain.layers=3 ...]

WORK keeps the split, the vocabulary and the shards, so that a second training on them starts at once.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from danlu.cli.given import parsed_settings
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.loop.held_out import HeldOutFeed
from danlu.loop.shards import Shards
from danlu.train.pretrain import pretrain_model
from danlu.train.pretrain_config import PretrainConfig
from danlu.train.pretrain_setup import PretrainInputs
from kneser_ney import KneserNey

DANLU = Path(sys.executable).with_name("danlu")


def prepare(work: Path, documents: list[str], pieces: int) -> None:
    """The stages before a training, each by its command, unless they are there."""
    steps = {
        "cleaned": ["clean", *documents],
        "corpus": ["deduplicate", str(work / "cleaned")],
        "parted": ["split", str(work / "corpus"), "--set", "split.validation_share=0.02", "--set", "split.test_share=0",
                   "--set", "split.stratify_by=language"],
        "train": ["take", str(work / "parted"), "--side", "train"],
        "held": ["take", str(work / "parted"), "--side", "validation"],
        "tokenizer": ["tokenizer", str(work / "train"), "--set", f"tokenizer.size={pieces}"],
        "shards": ["tokenize", str(work / "train"), "--tokenizer", str(work / "tokenizer")],
        "held_shards": ["tokenize", str(work / "held"), "--tokenizer", str(work / "tokenizer")],
    }  # fmt: skip
    for name, command in steps.items():
        if not (work / name / "manifest.json").exists():
            subprocess.run([DANLU, *command, "--out", str(work / name)], check=True, stdout=subprocess.DEVNULL)


def documents_of(shards: Shards) -> list[np.ndarray]:
    """Token ids of every document."""
    return [shards.ids(number, 0, length) for number, length in enumerate(shards.lengths().tolist())]


def five_gram(train: Shards, held: Shards) -> dict[str, float]:
    """Bits per byte of the held-out documents by language, scored as the model's are."""
    model = KneserNey(documents_of(train), train.encoding.vocabulary_size, train.encoding.end_id)
    feed = HeldOutFeed(held, sequence_tokens=256, step_tokens=4096)
    nats_N = [float(model.nats([ids]).sum()) if len(ids) > 1 else 0.0 for ids in documents_of(held)]
    nats_S = [sum(nats_N[row] for row in {row.document for row in feed.rows(step)}) for step in range(feed.steps)]
    return {name: score.bits_per_byte for name, score in feed.bits_per_byte(nats_S).items()}


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("documents", nargs="+")
    parser.add_argument("--pieces", type=int, default=8192)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    prepare(options.work, options.documents, options.pieces)
    train, held = Shards.open(options.work / "shards"), Shards.open(options.work / "held_shards")
    start = time.process_time()
    print(f"{train.tokens:,} tokens; 5-gram", _said(five_gram(train, held)), f"{time.process_time() - start:.0f} CPU-s")
    settings = {key.removeprefix("pretrain."): value for key, value in parsed_settings(options.set).items()}
    inputs = PretrainInputs(train.folder, held.folder, options.work / "tokenizer")
    start = time.process_time()
    config = PretrainConfig.model_validate({"final_tokens": 10**9} | settings)
    folder = options.work / f"model-{time.time():.0f}"
    facts = pretrain_model(inputs, config, Work(folder, folder / "work", 0, options.threads, 1, Silent()))
    cpu_s = time.process_time() - start
    print(f"model of {facts.parameters:,}, {facts.train_tokens:,} tokens, {facts.epochs} epochs:", _said(facts.held_out),
          f"{cpu_s:.0f} CPU-s, {facts.train_tokens / cpu_s:.0f} tokens per CPU-s")  # fmt: skip


def _said(scores: dict[str, float]) -> str:
    return ", ".join(f"{name} {score:.3f}" for name, score in scores.items())


if __name__ == "__main__":
    main()
