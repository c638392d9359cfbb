"""align: a checkpoint that follows preferences."""

from argparse import Namespace
from pathlib import Path

from danlu.cli.given import settings_of
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.recipes.single_align import align_plan
from danlu.train.align.config import METHODS


def align(options: Namespace, say: Speech) -> None:
    """Align a base model with preferences."""
    kind = METHODS[options.method].kind
    settings = settings_of(options, {"align.method": options.method, "preferences.kind": kind})
    reward_model = Path(options.reward_model) if options.reward_model else None
    plan = align_plan(options.base, Path(options.data), options.reward, reward_model, settings, options.seed)
    make(plan, options, say)
