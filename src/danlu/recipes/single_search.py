"""The plan of `danlu search finetune`."""

from collections.abc import Mapping
from pathlib import Path

from danlu.core.outside import DataFile
from danlu.core.stages import Plan
from danlu.model.base_model import resolve_base
from danlu.recipes.settings import Settings
from danlu.train.base_stage import base
from danlu.train.conversations import ConversationsConfig, conversations
from danlu.train.finetune import FinetuneConfig
from danlu.train.search.stage import FinetuneSearch, SearchConfig, search_finetune


def search_finetune_plan(
    base_spec: str, data: Path, settings: Settings, ranges: Mapping[str, str], seed: int = 0
) -> Plan:
    """Search `ranges` of fine-tuning's settings; all others are those of `settings`."""
    how, training = settings.of("search", SearchConfig), settings.of("finetune", FinetuneConfig)
    settings.check_all_used()
    config = FinetuneSearch(**how.model_dump(), ranges=dict(ranges), finetune=training)
    config.check(seed)
    step = search_finetune(
        config,
        base=base(files=resolve_base(base_spec, Path.cwd())),
        chats=conversations(ConversationsConfig(side="train"), file=DataFile(data)),
    )
    return Plan(step, seed)
