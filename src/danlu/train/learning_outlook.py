"""What the trainings of heads have in common before their first step: memory by formula, and what would take less of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch

from danlu.loop.footprint import Shape, Training, known_shape
from danlu.model.loading import pays_bfloat16
from danlu.train.learning import RECOMPUTE_ABOVE_TOKENS, LearningConfig
from danlu.train.preflight import Asked, Other, halves, shorter

C = TypeVar("C", bound=LearningConfig)

_LOGITS_BYTES = 16
"""For the odds of a token: as the model gives them, in float32, their softmax, and its gradient; of bfloat16 two fewer."""
_DROPOUT_OF_ATTENTION = ("attention_probs_dropout_prob", "attention_dropout", "dropout_rate")
"""What configurations of Transformers call it: BERT's, Marian's and ModernBERT's, T5's."""


@dataclass(frozen=True)
class AtOnce:
    """What goes through a model at once, at most."""

    tokens: int
    """Padded, of the largest batch."""
    longest: int
    """Tokens of the longest row."""
    accumulates: bool
    """A step has several batches."""
    said: int = 0
    """Tokens whose odds are there together; none for a head, which says no tokens."""
    recompute_above: int = RECOMPUTE_ABOVE_TOKENS
    """The activations of a larger batch are computed twice."""


@dataclass(frozen=True)
class Dials(Generic[C]):
    """The settings that say how much goes through a model at once, and what follows from them."""

    stage: str
    config: C
    count: str
    """Of rows that go together, or of their tokens."""
    least: int
    """Of `count`."""
    lengths: Mapping[str, int]
    """Settings that bound a length, each with the longest that there is now."""
    at_once: Callable[[C], AtOnce | None]
    """None for settings that leave nothing to learn from."""


def asked_of(model: Mapping[str, Any], dials: Dials[C], *, copies: int = 0) -> Asked | None:
    """The training of a model with this configuration; None for sizes that are not known here."""
    shape, at_once = known_shape(model), dials.at_once(dials.config)
    if shape is None:
        return None
    assert at_once, "a training has rows"
    training = _training(model, shape, at_once, copies)
    return Asked(shape, training, partial(_others, model, shape, dials, copies))


def config_of(folder: Path) -> dict[str, Any]:
    """The configuration of a checkpoint with what its family leaves unsaid."""
    from transformers import AutoConfig

    said: dict[str, Any] = AutoConfig.from_pretrained(folder, local_files_only=True).to_dict()
    return said


def _training(model: Mapping[str, Any], shape: Shape, at_once: AtOnce, copies: int) -> Training:
    is_alone = at_once.longest > at_once.recompute_above  # such a row goes by itself, the others are not recomputed
    return Training(
        method="full",
        micro_batch_tokens=at_once.recompute_above if is_alone else at_once.tokens,
        sequence_tokens=at_once.longest,
        precision="bfloat16" if pays_bfloat16() else "float32",
        recomputes=not is_alone and at_once.tokens > at_once.recompute_above,
        accumulates=at_once.accumulates,
        device="cuda" if torch.cuda.is_available() else "cpu",
        copies=copies,
        says_tokens=at_once.said > 0,
        logits_bytes=_LOGITS_BYTES * at_once.said * shape.vocabulary,
        drops_attention=any(float(model.get(name) or 0) > 0 for name in _DROPOUT_OF_ATTENTION),
    )


def _others(model: Mapping[str, Any], shape: Shape, dials: Dials[C], copies: int) -> Iterator[Other]:
    """Fewer rows at once, then shorter rows; what changes nothing is not named."""
    known = dials.at_once(dials.config)
    for lengths in shorter(dials.lengths):
        for count in halves(getattr(dials.config, dials.count), dials.least):
            changed = lengths | ({dials.count: count} if count < getattr(dials.config, dials.count) else {})
            at_once = dials.at_once(dials.config.model_copy(update=changed))
            if at_once is None or at_once == known:
                continue
            known = at_once
            settings = {f"{dials.stage}.{name}": value for name, value in changed.items()}
            yield Other(settings, shape, _training(model, shape, at_once, copies))
