"""pretrain: from documents to a model of one's own."""

from argparse import Namespace

from danlu.cli.given import inputs_of, parsed_settings
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.core.errors import UserError
from danlu.recipes.settings import Settings
from danlu.recipes.single_pretrain import PRESETS, pretrain_plan


def pretrain(options: Namespace, say: Speech) -> None:
    """Train a model on documents."""
    if options.base and options.tokenizer:
        raise UserError(
            "--base and --tokenizer exclude each other",
            "A model is gone on with in its own vocabulary; `danlu tokenizer IN --base … --with-model` extends it.",
        )
    objective = {"pretrain.objective": options.objective} if options.objective else {}
    settings = Settings({**PRESETS[options.preset], **parsed_settings(options.set), **objective})
    plan = pretrain_plan(inputs_of(options), options.licence, options.tokenizer, options.base, settings, options.seed)
    make(plan, options, say)
