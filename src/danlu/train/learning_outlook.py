"""What the trainings of heads have in common before their first step: memory by formula, and what would take less of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from danlu.loop.footprint import Shape, Training, known_shape
from danlu.loop.probe import Workload
from danlu.model.loading import pays_bfloat16
from danlu.train.learning import RECOMPUTE_ABOVE_TOKENS
from danlu.train.preflight import Asked, Other, halves

_LEAST_SEQUENCE = 64
_LOGITS_BYTES = 16
"""For the odds of a token: as the model gives them, in float32, their softmax, and its gradient; of bfloat16 two fewer."""
_DROPOUT_OF_ATTENTION = ("attention_probs_dropout_prob", "attention_dropout", "dropout_rate")
"""What configurations of Transformers call it: BERT's, Marian's and ModernBERT's, T5's."""


@dataclass(frozen=True)
class Together:
    """The settings that say how much goes through a model at once."""

    setting: str
    """Such as classify.micro_batch_tokens."""
    length_setting: str
    """Of the longest row, such as classify.sequence_tokens."""
    least: int = 32
    """Below it `setting` makes nothing smaller."""
    rows: int | None = None
    """The value of `setting` where it counts rows; None where it counts tokens."""


def asked_of(
    config: Mapping[str, Any],
    workload: Workload,
    longest: int,
    together: Together,
    *,
    targets: int = 0,
    copies: int = 0,
    recompute_above: int = RECOMPUTE_ABOVE_TOKENS,
) -> Asked | None:
    """The training of a model with this configuration, whose longest row has `longest` tokens; None for sizes that are not known here.

    `targets` are the tokens of the longest batch that are said, whose odds are all there at once; 0 for a head, which says none.
    """
    shape = known_shape(config)
    if shape is None:
        return None
    is_alone = longest > recompute_above  # such a row goes through by itself, the others are not recomputed
    training = Training(
        method="full",
        micro_batch_tokens=recompute_above if is_alone else workload.longest,
        sequence_tokens=longest,
        precision="bfloat16" if pays_bfloat16() else "float32",
        recomputes=not is_alone and workload.longest > recompute_above,
        accumulates=workload.accumulates,
        device="cuda" if torch.cuda.is_available() else "cpu",
        copies=copies,
        says_tokens=targets > 0,
        logits_bytes=_LOGITS_BYTES * targets * shape.vocabulary,
        drops_attention=any(float(config.get(name) or 0) > 0 for name in _DROPOUT_OF_ATTENTION),
    )
    return Asked(shape, training, partial(_others, shape, training, together))


def config_of(folder: Path) -> dict[str, Any]:
    """The configuration of a checkpoint with what its family leaves unsaid."""
    from transformers import AutoConfig

    said: dict[str, Any] = AutoConfig.from_pretrained(folder, local_files_only=True).to_dict()
    return said


def _others(shape: Shape, training: Training, together: Together) -> Iterator[Other]:
    """Fewer rows at once, then shorter rows."""
    start = together.rows or training.micro_batch_tokens
    for sequence in halves(training.sequence_tokens, min(_LEAST_SEQUENCE, training.sequence_tokens)):
        for count in halves(start, min(together.least, start)):
            share = count / start * (sequence / training.sequence_tokens if together.rows else 1)
            found = {together.length_setting: (sequence, training.sequence_tokens), together.setting: (count, start)}
            other = replace(
                training,
                sequence_tokens=sequence,
                micro_batch_tokens=round(training.micro_batch_tokens * share),
                logits_bytes=round((training.logits_bytes or 0) * share),
                accumulates=training.accumulates or (count < start and not together.rows),
            )
            yield Other({name: now for name, (now, asked) in found.items() if now != asked}, shape, other)
