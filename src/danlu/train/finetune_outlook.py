"""A fine-tuning before its first step."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import torch

from danlu.core.errors import Phrase
from danlu.core.stages import Work
from danlu.loop.batches import ConversationFeed
from danlu.loop.footprint import Shape, Training, known_shape
from danlu.loop.predict import Schedule
from danlu.loop.probe import scan
from danlu.loop.tuning import check_adapter
from danlu.model.adapter_record import unmerged
from danlu.model.loading import check_complete
from danlu.train import finetune
from danlu.train.conversation_rows import ConversationRows
from danlu.train.finetune import FinetuneConfig
from danlu.train.outlook import Example, Outlook, read_tokenizer
from danlu.train.preflight import Asked, Other, account, halves

_LEAST_SEQUENCE, _LEAST_BATCH = 128, 32
_NEED: tuple[Literal["full", "lora", "qlora"], ...] = ("full", "lora", "qlora")
"""Methods whose memory the formula knows, the one that needs most first. The other adapters are about LoRA's."""


def finetune_outlook(
    base_dir: Path, chats_jsonl: Path, config: FinetuneConfig, work: Work, adapter_dir: Path | None
) -> Outlook:
    """What is known before a weight is loaded.

    Raises UserError for conversations that cannot be trained on, an adapter of another base, and a base that lacks weights.
    """
    if adapter_dir is not None:
        check_adapter(adapter_dir, base_dir, config.tuning())
    if not unmerged(base_dir):
        check_complete(base_dir)
    data, feed = finetune.read_steps(base_dir, chats_jsonl, config, work.seed)
    config_json = json.loads((base_dir / "config.json").read_text(encoding="utf-8"))
    shape, workload = known_shape(config_json), scan(feed)
    longest = max(len(data.rows[row].ids) for step in feed.plan for row in step.rows)
    together = min(config.micro_batch_tokens, workload.longest)
    training = replace(_training(config, longest, together, workload.accumulates), shards=work.processes.parts)
    first = feed.rows[feed.plan[0].rows[0]]
    return Outlook(
        rows=_rows(data, feed),
        remark=_reach(data, feed, config),
        of_what="conversations",
        examples=[Example(read_tokenizer(base_dir), first.ids, first.loss_mask)],
        asked=Asked(shape, training, partial(_others, config, shape, training), work.processes.count // work.machines)
        if shape
        else None,
        workload=workload,
        schedule=Schedule(checkpoints=1, checkpoint_every_steps=finetune.checkpoint_every_steps(config)),
        subject=partial(finetune.subject, base_dir, chats_jsonl, config, work, adapter_dir),
        outline=partial(finetune.read_steps, base_dir, chats_jsonl, config, work.seed),
    )


def _training(config: FinetuneConfig, longest: int, together: int, accumulates: bool) -> Training:
    return Training(
        method=config.method if config.method in ("full", "qlora") else "lora",
        micro_batch_tokens=together,
        sequence_tokens=longest,
        precision=finetune.optimization(config).precision,
        rank=config.rank if config.method in ("lora", "qlora") else 1,
        has_dropout=config.dropout > 0 and config.method in ("lora", "qlora"),
        accumulates=accumulates,
        device="cuda" if torch.cuda.is_available() else "cpu",
    )


def _others(config: FinetuneConfig, shape: Shape, training: Training) -> Iterator[Other]:
    """Fewer rows at once, then another method, then shorter rows."""
    methods = _NEED[_NEED.index(training.method) :]
    for sequence in halves(training.sequence_tokens, min(_LEAST_SEQUENCE, training.sequence_tokens)):
        for method in methods:
            for tokens in halves(training.micro_batch_tokens, min(_LEAST_BATCH, training.micro_batch_tokens)):
                other = replace(training, method=method, sequence_tokens=sequence, micro_batch_tokens=tokens)
                changed: dict[str, object] = {}
                if method != training.method:
                    changed["finetune.method"] = method
                if sequence != training.sequence_tokens:
                    changed["finetune.sequence_tokens"] = sequence
                if tokens != training.micro_batch_tokens:
                    changed["finetune.micro_batch_tokens"] = tokens
                yield Other(changed, shape, other)


def _reach(data: ConversationRows, feed: ConversationFeed, config: FinetuneConfig) -> Phrase | None:
    """Which setting ends the training before it has seen every conversation, and what seeing all takes."""
    dropped = dict(_rows(data, feed)).get("not reached", 0)
    if not dropped:
        return None
    once = sum(len(row.ids) for row in data.rows)
    return Phrase(
        "{dropped} of {count} conversations are not reached: finetune.max_train_tokens={limit} ends the training before. "
        "All of them once are {once} tokens, and {passes} times (finetune.max_epochs) {whole}: "
        "--set finetune.max_train_tokens={whole} learns from all",
        dropped=dropped,
        count=data.conversations,
        limit=config.max_train_tokens,
        once=once,
        passes=config.max_epochs,
        whole=once * config.max_epochs,
    )


def _rows(data: ConversationRows, feed: ConversationFeed) -> list[tuple[str, int]]:
    fitting = set(data.origins)
    learnt = {data.origins[row] for step in feed.plan for row in step.rows}
    too_long, not_reached = data.conversations - len(fitting), len(fitting) - len(learnt)
    return account(data.conversations, {"too long": too_long, "not reached": not_reached})
