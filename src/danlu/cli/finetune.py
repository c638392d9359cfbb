"""finetune: a base model that has learnt from conversations."""

from argparse import Namespace
from pathlib import Path

from danlu.cli.given import settings_of
from danlu.cli.speech import Speech
from danlu.cli.stand_alone import make
from danlu.core.errors import UserError
from danlu.recipes.single_finetune import finetune_plan


def finetune(options: Namespace, say: Speech) -> None:
    """Fine-tune a base model."""
    said = {"finetune.method": options.method, "privacy.epsilon": options.private}
    settings = settings_of(options, {name: value for name, value in said.items() if value is not None})
    if settings.says("privacy"):
        _check_private(options)
    adapter = Path(options.adapter) if options.adapter else None
    make(finetune_plan(options.base, Path(options.data), settings, options.seed, adapter), options, say)


def _check_private(options: Namespace) -> None:
    """Raises UserError for options that a private training has no answer to: silence would look like one."""
    for name in ("check", "minutes", "watch", "track", "processes"):
        if getattr(options, name) not in (None, False):
            raise UserError(
                "--{name} and private training exclude each other",
                "No loss of it is told, no step of it is tried before, and one process does it: leave the option out.",
                name=name,
            )
