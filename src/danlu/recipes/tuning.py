"""Which fine-tuning the settings ask for: a private one as soon as they say anything of privacy."""

from typing import Any

from danlu.core.artifacts import Checkpoint
from danlu.core.errors import UserError
from danlu.core.stages import Step
from danlu.model.adapter_record import AdapterFiles
from danlu.recipes.settings import Settings
from danlu.train.finetune import FinetuneConfig
from danlu.train.finetune_stage import finetune
from danlu.train.private import PrivacyConfig
from danlu.train.private_finetune import PrivateFinetuneConfig
from danlu.train.private_stage import finetune_private


def finetuned(
    settings: Settings, *, base: Step[Checkpoint], chats: Step[Any], adapter: AdapterFiles | None = None
) -> Step[Checkpoint]:
    """The step that fine-tunes; raises UserError for settings that a private training cannot keep to."""
    config, privacy = settings.of("finetune", FinetuneConfig), settings.of("privacy", PrivacyConfig)
    if not settings.says("privacy"):
        return finetune(config, base=base, chats=chats, adapter=adapter)
    private = PrivateFinetuneConfig(finetune=config, privacy=privacy)
    private.check()
    if adapter is not None:
        raise UserError(
            "--adapter and private training exclude each other",
            "What the adapter learnt before would not be counted: begin anew, without --adapter.",
        )
    return finetune_private(private, base=base, chats=chats)
