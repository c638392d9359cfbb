"""The stage around fine-tuning: skips, with the reason, when there is too little to learn from."""

import json
import math
from typing import TYPE_CHECKING

from danlu.core.artifacts import Chats, Checkpoint
from danlu.core.stages import Facts, Stage, Work
from danlu.model.adapter_record import AdapterFiles
from danlu.model.loading import read_model_facts
from danlu.train.finetune import FinetuneConfig, finetune_model
from danlu.train.finetune_record import FinetuneFacts

if TYPE_CHECKING:
    from danlu.train.outlook import Outlook

_WORSE_THAN_GUESSING = 1.1
"""Times ln of the vocabulary: what guessing gives is one. Only ids that mean something else to the model score worse."""


def _finetune(
    work: Work, config: FinetuneConfig, *, base: Checkpoint, chats: Chats, adapter: AdapterFiles | None = None
) -> Facts:
    licences = tuple(sorted({*base.manifest.licences, *chats.manifest.licences}))
    if skipped := too_few(work, chats, config.min_conversations, licences):
        return skipped
    facts = finetune_model(base.path, chats.train, config, work, adapter.folder if adapter else None)
    first, last = f"{facts.first_loss:.3f}", f"{facts.last_loss:.3f}"
    return Facts(
        _counts(facts),
        licences,
        note=f"loss {first} to {last} nats per token; at first worse than a guess: does the tokenizer belong to this model?"
        if facts.first_loss > _WORSE_THAN_GUESSING * math.log(read_model_facts(base.path).vocabulary_size)
        else f"loss {first} to {last} nats per token",
    )


def outlook(
    work: Work, config: FinetuneConfig, *, base: Checkpoint, chats: Chats, adapter: AdapterFiles | None = None
) -> "Outlook | None":
    """What is known before the stage's body begins, which is given the same; None where it will skip."""
    from danlu.train.finetune_outlook import finetune_outlook

    if _pairs(chats) < config.min_conversations:
        return None
    return finetune_outlook(base.path, chats.train, config, work, adapter.folder if adapter else None)


def too_few(work: Work, chats: Chats, least: int, licences: tuple[str, ...]) -> Facts | None:
    """What is told, and written, where there are fewer conversations than `least`; None where there are enough."""
    pairs = _pairs(chats)
    if pairs >= least:
        return None
    reason = f"not trained: {pairs} training conversations, and {least} are the least"
    (work.folder / "skipped.json").write_text(json.dumps({"reason": reason}) + "\n", encoding="utf-8")
    return Facts({"conversations": pairs}, licences, note=reason)


def _pairs(chats: Chats) -> int:
    return sum(1 for line in chats.train.read_text(encoding="utf-8").splitlines() if line.strip())


def _counts(facts: FinetuneFacts) -> dict[str, int]:
    """What a user must see: nothing that was left out may be missing here."""
    counts = {
        "conversations": facts.conversations, "learnt": facts.learnt, "too long": facts.too_long,
        "not reached": facts.not_reached,
    }  # fmt: skip
    if facts.split:
        counts |= {"split conversations": facts.split, "exchanges left out": facts.exchanges_left_out}
    if facts.steps_left_out:
        counts |= {"steps left out": facts.steps_left_out}
    return counts | {
        "trained parameters": facts.trained_parameters, "steps": facts.steps, "train tokens": facts.train_tokens
    }  # fmt: skip


finetune = Stage(
    "finetune",
    version=6,
    makes=Checkpoint,
    body=_finetune,
    config=FinetuneConfig,
    numeric=True,
    resumable=True,
    trains=True,
    shares=True,
    libraries=("peft", "pyarrow", "safetensors", "tokenizers", "torch", "transformers"),
)
