"""The plan of `danlu finetune`."""

from pathlib import Path

from danlu.core.errors import UserError
from danlu.core.outside import DataFile
from danlu.core.stages import Config, Plan
from danlu.model.adapter_record import AdapterFiles
from danlu.model.base_model import resolve_base
from danlu.model.chats import read_chats
from danlu.recipes.settings import Settings
from danlu.recipes.tuning import finetuned
from danlu.train.base_stage import base
from danlu.train.conversations import ConversationsConfig, conversations
from danlu.train.finetune import FinetuneConfig
from danlu.train.private import check_promise
from danlu.train.private_finetune import PrivateFinetuneConfig


def finetune_plan(
    base_spec: str, data: Path, settings: Settings, seed: int = 0, adapter_dir: Path | None = None
) -> Plan:
    """Fine-tune a base model on the conversations of a file, from an adapter on when one is given."""
    step = finetuned(
        settings,
        base=base(files=resolve_base(base_spec, Path.cwd())),
        chats=conversations(ConversationsConfig(side="train"), file=DataFile(data)),
        adapter=AdapterFiles(adapter_dir) if adapter_dir else None,
    )
    settings.check_all_used()
    _check_enough(data, step.config)
    return Plan(step, seed)


def _check_enough(data: Path, asked: Config) -> None:
    """A recipe goes on without a tuned model when there is too little to learn from; who asked for one is told."""
    DataFile(data).content_hash()
    count = len(read_chats(data))
    if isinstance(asked, PrivateFinetuneConfig):
        check_promise(asked.privacy, count)
    config = asked.finetune if isinstance(asked, PrivateFinetuneConfig) else asked
    assert isinstance(config, FinetuneConfig)
    if count < config.min_conversations:
        raise UserError(
            "{path} has {count} conversations, and {least} are the least",
            "so few are learnt by heart, and nothing else from them; --set finetune.min_conversations={count} trains all the same",
            path=data,
            count=count,
            least=config.min_conversations,
        )
