"""pretrain: from documents to a model of one's own."""

import math
from argparse import Namespace

from danlu.cli.given import inputs_of, parsed_settings
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.core.errors import UserError
from danlu.recipes.settings import Settings
from danlu.recipes.single_pretrain import PRESETS, pretrain_plan


def pretrain(options: Namespace, say: Speech) -> None:
    """Train a model on documents."""
    check_start(options)
    objective = {"pretrain.objective": options.objective} if options.objective else {}
    settings = Settings({**PRESETS[options.preset], **parsed_settings(options.set), **objective})
    paths = inputs_of(options)
    weights = _weights(options.weights, len(paths)) if options.weights is not None else []
    plan = pretrain_plan(paths, options.licence, options.tokenizer, options.base, settings, options.seed, weights)
    make(plan, options, say)


def check_start(options: Namespace) -> None:
    """Raises UserError when a model is to begin in two ways."""
    if options.base and options.tokenizer:
        raise UserError(
            "--base and --tokenizer exclude each other",
            "A model is gone on with in its own vocabulary; `danlu tokenizer IN --base … --with-model` extends it.",
        )


def _weights(text: str, corpora: int) -> list[float]:
    """The numbers after --weights; raises UserError when they are none, or not one for each corpus."""
    try:
        weights = [float(part) for part in text.split(",")]
    except ValueError:
        weights = []
    if corpora < 2 or len(weights) != corpora or not all(0 < weight < math.inf for weight in weights):
        raise UserError(
            "--weights {text}: expected a number above 0 for each of {corpora} corpora",
            "For example: danlu pretrain manuals news --weights 3,1 --out model",
            text=text,
            corpora=corpora,
        )
    return weights
