"""What a fine-tuning was trained on and what came of it, and its records."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danlu.loop.batches import ConversationFeed, Step
from danlu.train.conversation_rows import ConversationRows

if TYPE_CHECKING:
    from danlu.loop.adapters import MergeCheck
    from danlu.loop.loop import Trained
    from danlu.loop.optimizers import Optimization

_NO_LOSS = -100
"""The label that torch's cross-entropy leaves out."""


@dataclass(frozen=True)
class FinetuneFacts:
    """What was trained on, and what came of it. `conversations` = learnt + too_long + not_reached."""

    conversations: int
    learnt: int
    """A split conversation counts as learnt when one part of it was."""
    too_long: int
    """Left out: more than `sequence_tokens`, and no part of them fits."""
    not_reached: int
    """Left out: `max_train_tokens` was used up before them."""
    split: int
    """Learnt or not reached in parts, each between two exchanges."""
    exchanges_left_out: int
    """Of those: alone longer than `sequence_tokens`."""
    trained_parameters: int
    steps: int
    steps_left_out: int
    """Of them: their loss was not finite, or stood out so far that they would have done damage."""
    train_tokens: int
    target_tokens: int
    """Tokens under the loss, each counted as often as it was learnt."""
    first_loss: float
    """Nats per target token of the first step."""
    last_loss: float
    merge: "MergeCheck"
    """Whether the saved checkpoint is the model that was trained."""


def facts_of(
    data: ConversationRows, feed: ConversationFeed, trained: "Trained", parameters: int, merge: "MergeCheck"
) -> FinetuneFacts:
    """Counts of what was given and learnt; `parameters` are those that were trained."""
    learnt = len({data.origins[index] for index in _seen(feed.plan)})
    losses = [loss for loss in trained.losses if loss is not None]
    return FinetuneFacts(
        conversations=data.conversations,
        learnt=learnt,
        too_long=data.conversations - len(set(data.origins)),
        not_reached=len(set(data.origins)) - learnt,
        split=data.split,
        exchanges_left_out=data.exchanges_left_out,
        trained_parameters=parameters,
        steps=feed.steps,
        steps_left_out=len(trained.left_out),
        train_tokens=sum(step.tokens for step in feed.plan),
        target_tokens=sum(feed.targets(step) for step in range(feed.steps)),
        first_loss=losses[0],
        last_loss=losses[-1],
        merge=merge,
    )


def _seen(steps: Sequence[Step]) -> list[int]:
    return [index for step in steps for index in step.rows]


def write_tokens(path: Path, data: ConversationRows, feed: ConversationFeed) -> None:
    """The rows that were learnt from, as Parquet: `input_ids`, and `labels` with -100 where no loss is, as Transformers' trainers have them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [data.rows[index] for index in sorted(set(_seen(feed.plan)))]
    labels = [[id if learn else _NO_LOSS for id, learn in zip(row.ids, row.loss_mask, strict=True)] for row in rows]
    kind = pa.list_(pa.int32())
    table = pa.table({"input_ids": pa.array([row.ids for row in rows], kind), "labels": pa.array(labels, kind)})
    pq.write_table(table, path, compression="zstd")


def write_record(path: Path, facts: FinetuneFacts, trained: "Trained", how: "Optimization") -> None:
    """The facts, the settings that the optimizers had, and the loss of each step, as JSON."""
    record: dict[str, Any] = {**asdict(facts), "optimization": asdict(how)}
    record["nats_per_target_token_by_step"] = trained.losses
    path.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")
