"""The plans of `danlu search finetune` and `danlu search pretrain`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from danlu.core.outside import DataFile
from danlu.core.stages import Plan
from danlu.model.base_model import resolve_base
from danlu.recipes.settings import Settings
from danlu.recipes.single_pretrain import prepared
from danlu.train.base_stage import base
from danlu.train.conversations import ConversationsConfig, conversations
from danlu.train.finetune import FinetuneConfig
from danlu.train.pretrain_config import PretrainConfig
from danlu.train.search.stage import (
    FinetuneSearch,
    FinetuneSearchConfig,
    PretrainSearch,
    PretrainSearchConfig,
    search_finetune,
    search_pretrain,
)


def search_finetune_plan(
    base_spec: str, data: Path, settings: Settings, ranges: Mapping[str, str], seed: int = 0
) -> Plan:
    """Search `ranges` of fine-tuning's settings; all others are those of `settings`."""
    how, training = settings.of("search", FinetuneSearchConfig), settings.of("finetune", FinetuneConfig)
    settings.check_all_used()
    config = FinetuneSearch(**how.model_dump(), ranges=dict(ranges), finetune=training)
    config.check(seed)
    step = search_finetune(
        config,
        base=base(files=resolve_base(base_spec, Path.cwd())),
        chats=conversations(ConversationsConfig(side="train"), file=DataFile(data)),
    )
    return Plan(step, seed)


def search_pretrain_plan(
    paths: Sequence[Path],
    licence: str,
    tokenizer: Path | None,
    base_spec: str | None,
    settings: Settings,
    ranges: Mapping[str, str],
    seed: int = 0,
) -> Plan:
    """Search `ranges` of pretraining's settings on the documents, parted as `danlu pretrain` parts them."""
    how, training = settings.of("search", PretrainSearchConfig), settings.of("pretrain", PretrainConfig)
    config = PretrainSearch(**how.model_dump(), ranges=dict(ranges), pretrain=training)
    config.check(seed, is_gone_on=base_spec is not None)
    step = search_pretrain(config, **prepared(paths, licence, tokenizer, base_spec, settings))
    settings.check_all_used()
    return Plan(step, seed)
