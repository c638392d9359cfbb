"""finetune: a base model that has learnt from conversations."""

from argparse import Namespace
from pathlib import Path

from danlu.cli.given import settings_of
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.recipes.single_finetune import finetune_plan


def finetune(options: Namespace, say: Speech) -> None:
    """Fine-tune a base model."""
    settings = settings_of(options, {"finetune.method": options.method} if options.method else {})
    adapter = Path(options.adapter) if options.adapter else None
    make(finetune_plan(options.base, Path(options.data), settings, options.seed, adapter), options, say)
