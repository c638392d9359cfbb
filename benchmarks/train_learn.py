"""What is learnt of a text in equal CPU-seconds: danlu, nanoGPT's recipe, Hugging Face's Trainer; and a Kneser-Ney 5-gram of the same tokens.

    python benchmarks/train_learn.py WORK DOCUMENTS... [--sides 5-gram,danlu,nanogpt,trainer] [--peer PYTHON]
        [--cpu-seconds 1200] [--threads 1] [--pieces 4096] [--held-share .02] [--set pretrain.layers=2 ...]

All learn the same training documents in the same vocabulary, and are scored by one function on the same rows of held-out
documents, in bits per byte by language; a row has what stands before it in its document as context, as the 5-gram has.
The models of both peers have danlu's numbers of layers and widths. How many steps fit into the budget is found by a trial of each side first, which the budget does not count. Sides may be
run in processes beside each other, on a core each. WORK keeps what is made before a training, and the scores.
PYTHON is that of an environment with torch and transformers (see train_speed.py).
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from danlu.cli.given import parsed_settings
from danlu.core.library_settings import settle
from danlu.core.progress import Silent
from danlu.core.stages import Work
from danlu.loop.held_out import HeldOutFeed
from danlu.loop.shards import Shards
from danlu.recipes.single_pretrain import PRESETS
from danlu.train.pretrain import pretrain_model
from danlu.train.pretrain_config import PretrainConfig
from danlu.train.pretrain_setup import PretrainInputs
from kneser_ney import KneserNey
from learn_scores import affordable, nats_of_rows

DANLU = Path(sys.executable).with_name("danlu")
PEER = Path(__file__).with_name("train_learn_peer.py")
SEQUENCE_TOKENS = 256
CONTEXT_TOKENS = 192
"""Of each held-out row, but the first of a document: 64 are scored."""
TRIAL_TOKENS = (40_960, 204_800)


def prepare(work: Path, documents: list[str], pieces: int, held_share: float) -> None:
    """The stages before a training, each by its command, unless they are there."""
    steps = {
        "cleaned": ["clean", *documents],
        "corpus": ["deduplicate", str(work / "cleaned")],
        "parted": ["split", str(work / "corpus"), "--set", f"split.validation_share={held_share}", "--set", "split.test_share=0",
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


class Held:
    """The held-out rows, and what scores of them come to."""

    def __init__(self, shards: Shards) -> None:
        self.shards = shards
        self._feed = HeldOutFeed(
            shards, sequence_tokens=SEQUENCE_TOKENS, step_tokens=4096, context_tokens=CONTEXT_TOKENS
        )
        self._rows = [(step, row) for step in range(self._feed.steps) for row in self._feed.rows(step)]

    def save(self, path: Path) -> None:
        """For scoring in another environment: ids and labels, -100 where nothing is scored, not moved by one."""
        ids_RT, labels_RT = (np.full((len(self._rows), SEQUENCE_TOKENS), fill) for fill in (0, -100))
        for at, (_, row) in enumerate(self._rows):
            ids_RT[at, : len(row.ids)] = row.ids
            labels_RT[at, : len(row.ids)] = np.where(row.loss_mask, row.ids, -100)
        np.savez(path, ids=ids_RT, labels=labels_RT)

    def of_rows(self, nats_R: list[float]) -> dict[str, float]:
        """Bits per byte by language."""
        nats_S = np.zeros(self._feed.steps)
        np.add.at(nats_S, [step for step, _ in self._rows], nats_R)
        return self._said(nats_S.tolist())

    def of_documents(self, nats_N: list[float]) -> dict[str, float]:
        """The same, from scores of whole documents."""
        return self._said([sum(nats_N[one] for one in self._documents(step)) for step in range(self._feed.steps)])

    def _documents(self, step: int) -> set[int]:
        return {row.document for row in self._feed.rows(step)}

    def _said(self, nats_S: list[float]) -> dict[str, float]:
        return {name: round(score.bits_per_byte, 4) for name, score in self._feed.bits_per_byte(nats_S).items()}


def five_gram(train: Shards, held: Held) -> dict[str, Any]:
    """Counts, and their scores."""
    start = time.process_time()
    model = KneserNey(documents_of(train), train.encoding.vocabulary_size, train.encoding.end_id)
    nats_N = [float(model.nats([ids]).sum()) if len(ids) > 1 else 0.0 for ids in documents_of(held.shards)]
    return {"scores": held.of_documents(nats_N), "cpu_s": time.process_time() - start, "tokens": train.tokens}


def danlu_side(job: dict[str, Any], held: Held) -> dict[str, Any]:
    """A trial, then a training of as many tokens as the budget has room for."""
    from danlu.model.loading import load_model

    settings = {"max_epochs": 1000.0, "evaluation_tokens": 1, "final_tokens": 1} | job["settings"]
    trial = lambda tokens: _trained(job, settings | {"max_train_tokens": tokens}, f"trial-{tokens}")  # noqa: E731
    tokens = affordable(trial, *TRIAL_TOKENS, job["cpu_s"])
    facts = _trained(job, settings | {"max_train_tokens": tokens}, "model")
    nats_R = nats_of_rows(load_model(Path(facts.pop("folder")), threads=job["threads"]), job["held"])
    return facts | {"scores": held.of_rows(nats_R)}


def _trained(job: dict[str, Any], settings: dict[str, Any], name: str) -> dict[str, Any]:
    work = Path(job["work"])
    inputs = PretrainInputs(work / "shards", work / "held_shards", work / "tokenizer")
    start, folder = time.process_time(), work / f"{name}-{time.time():.0f}"
    config = PretrainConfig.model_validate(settings)
    facts = pretrain_model(inputs, config, Work(folder, folder / "work", 0, job["threads"], 1, Silent()))
    return {"cpu_s": time.process_time() - start, "tokens": facts.train_tokens, "epochs": facts.epochs,
            "parameters": facts.parameters, "folder": str(folder)}  # fmt: skip


def peer_side(kind: str, job: dict[str, Any], held: Held, python: Path) -> dict[str, Any]:
    """One of the peers, in its own environment."""
    path = Path(job["work"]) / f"{kind}.job"
    path.write_text(json.dumps(job), encoding="utf-8")
    done = subprocess.run([str(python), str(PEER), kind, str(path)], stdout=subprocess.PIPE, check=True, text=True)
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts | {"scores": held.of_rows(facts.pop("nats"))}


def main() -> None:
    """Each side after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("documents", nargs="+")
    parser.add_argument("--sides", default="5-gram,danlu,nanogpt,trainer")
    parser.add_argument("--peer", type=Path, default=Path("peers/bin/python"))
    parser.add_argument("--cpu-seconds", type=float, default=1200.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--pieces", type=int, default=4096)
    parser.add_argument("--held-share", type=float, default=0.02)
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    settle(os.environ)
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    prepare(options.work, options.documents, options.pieces, options.held_share)
    train, held = Shards.open(options.work / "shards"), Held(Shards.open(options.work / "held_shards"))
    given = {**PRESETS["tiny"], **parsed_settings(options.set)}
    settings = {name.removeprefix("pretrain."): value for name, value in given.items() if name.startswith("pretrain.")}
    held.save(options.work / "held.npz")
    # nanoGPT's train.bin: documents one after the other, each with its end.
    np.concatenate(documents_of(train)).astype(np.uint32).tofile(options.work / "train.bin")
    job = {
        "work": str(options.work), "held": str(options.work / "held.npz"), "threads": options.threads, "cpu_s": options.cpu_seconds,
        "settings": settings, "layers": settings["layers"], "width": 64 * settings["layers"], "heads": settings["layers"],
        "vocabulary": train.encoding.vocabulary_size, "sequence_tokens": SEQUENCE_TOKENS, "step_rows": 16,
    }  # fmt: skip
    for side in options.sides.split(","):
        if side == "5-gram":
            facts = five_gram(train, held)
        elif side == "danlu":
            facts = danlu_side(job, held)
        else:
            facts = peer_side(side, job, held, options.peer)
        print(side, json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()
