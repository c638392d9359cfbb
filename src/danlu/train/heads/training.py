"""One training of a head: the loop, an evaluation after each epoch, and what the model says of rows."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from danlu.core.errors import WorkFailed
from danlu.core.hashing import hash_facts
from danlu.core.stages import Work
from danlu.loop.batches import micro_batches
from danlu.loop.checkpoint import Checkpoints
from danlu.loop.label_batch import LabelBatch, LabelledRow
from danlu.loop.label_feed import LabelFeed
from danlu.loop.loop import Evaluation, Trained, train
from danlu.loop.optimizers import Optimization
from danlu.model.checkpoint_files import model_hash
from danlu.model.loading import pays_bfloat16
from danlu.train.heads.config import HeadConfig

Floats = NDArray[np.float64]

_TIE = 1e-6
"""What a nat of validation loss weighs beside the score: of two epochs with the same score the surer one is kept."""
CHECKPOINTS_KEPT = 1
_READ_BACK_TOLERANCE = 1e-5
"""Relative to the largest logit: the same weights in float32 differ by nothing, save for the order of sums."""


def train_head(
    learner: torch.nn.Module,
    rows: Sequence[LabelledRow],
    validation: Sequence[LabelledRow],
    config: HeadConfig,
    score: Callable[[], float],
    work: Work,
    key: str,
    pad_id: int,
    name: str = "model",
) -> Trained:
    """Train until the epochs are over or `score` (higher is better) has not risen for `patience` epochs.

    The weights of the best epoch stay; without rows to validate on, those of the last one. `name` tells trainings of one
    `work` apart.
    """
    feed = feed_of(rows, config, pad_id, work.seed)

    def worse(done: int) -> float:
        return _TIE * _nats(learner, validation, pad_id, config.micro_batch_tokens) - score()

    patience = config.patience or config.epochs + 1
    evaluation = Evaluation(feed.steps_per_epoch, worse, patience) if validation else None
    checkpoints = Checkpoints(work.scratch / name, checkpoint_every_steps(feed), key, keep=CHECKPOINTS_KEPT)
    return train(
        learner, feed, optimization(config), checkpoints, work.progress, seed=work.seed, evaluation=evaluation,
        observers=work.observers,
    )  # fmt: skip


def feed_of(rows: Sequence[LabelledRow], config: HeadConfig, pad_id: int, seed: int) -> LabelFeed:
    """The steps of a training."""
    return LabelFeed(
        rows,
        epochs=config.epochs,
        step_rows=config.step_rows,
        micro_batch_tokens=config.micro_batch_tokens,
        pad_id=pad_id,
        seed=seed,
    )


def optimization(config: HeadConfig) -> Optimization:
    """How the weights follow the gradients."""
    return Optimization(
        learning_rate=config.learning_rate,
        warmup_fraction=config.warmup_fraction,
        weight_decay=config.weight_decay,
        max_gradient_norm=config.max_gradient_norm,
        recompute_above_tokens=config.micro_batch_tokens,
        precision="bfloat16" if pays_bfloat16() else "float32",
        schedule="linear",
        mends_spikes=False,
    )


def checkpoint_every_steps(feed: LabelFeed) -> int:
    """A quarter of an epoch. No identity: it decides what a kill costs, and what is gone back to after steps that are not finite."""
    return max(feed.steps_per_epoch // 4, 10)


def outputs_of(model: Any, rows: Sequence[LabelledRow], pad_id: int, micro_batch_tokens: int) -> list[Floats]:
    """What the model says of each row: logits (L,) of classes, (T, L) of tags, (2, T) of the ends of a span."""
    device = next(model.parameters()).device
    lengths = [len(row.ids) for row in rows]
    found: list[Floats] = [np.zeros(0)] * len(rows)
    for batch in micro_batches(range(len(rows)), lengths, micro_batch_tokens):
        with torch.no_grad():
            said = model(**LabelBatch.of([rows[index] for index in batch], pad_id).to(device).inputs)
        logits = said.logits if "logits" in said else torch.stack([said.start_logits, said.end_logits], dim=1)
        for at, index in enumerate(batch):
            found[index] = _without_padding(logits[at].double().cpu().numpy(), lengths[index], "logits" in said)
    return found


def score_by_epoch(trained: Trained) -> list[float]:
    """Validation scores in order, higher is better."""
    return [round(-score, 4) + 0.0 for _, score in sorted(trained.scores.items())]


def _nats(learner: torch.nn.Module, rows: Sequence[LabelledRow], pad_id: int, micro_batch_tokens: int) -> float:
    """Mean loss over the targets of some rows."""
    device = next(learner.parameters()).device
    cut = micro_batches(range(len(rows)), [len(row.ids) for row in rows], micro_batch_tokens)
    batches = [LabelBatch.of([rows[index] for index in batch], pad_id) for batch in cut]
    return sum(float(learner(batch.to(device))) for batch in batches) / sum(batch.targets for batch in batches)


def _without_padding(logits: Floats, length: int, is_by_token: bool) -> Floats:
    if logits.ndim == 1:
        return logits
    return logits[:length] if is_by_token else logits[:, :length]


def check_read_back(trained: Sequence[Floats], read: Sequence[Floats], folder: Path) -> float:
    """The largest difference of what the trained model and the one on disk say. Raises WorkFailed beyond the tolerance."""
    if not trained:
        return 0.0
    difference = max(float(np.abs(a - b).max(initial=0)) for a, b in zip(trained, read, strict=True))
    largest = max(float(np.abs(a).max(initial=0)) for a in trained)
    if not difference <= _READ_BACK_TOLERANCE * max(largest, 1.0):
        raise WorkFailed(
            "{folder}: the model on disk is not the one that was trained: outputs differ by {found:.2e}",
            folder=folder,
            found=difference,
        )
    return difference


def training_key(base: Path, rows: Sequence[LabelledRow], config: HeadConfig, seed: int, variant: str = "") -> str:
    """What a saved state must agree on before it is taken up."""
    facts = [[row.ids, row.labels, row.group] for row in rows]
    return hash_facts([model_hash(base), facts, config.model_dump(mode="json"), seed, variant])
