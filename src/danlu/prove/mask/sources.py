"""Conversations with the tokens that carry loss, from a dump or from a trainer's configuration."""

from collections.abc import Iterator, Sequence

import numpy as np

from danlu.core.errors import Phrase
from danlu.core.progress import Progress
from danlu.prove.folder import ModelFolder
from danlu.prove.mask.rows import Learnt
from danlu.prove.rows.columns import NO_LOSS
from danlu.prove.rows.dumps import Dump
from danlu.prove.template.serving import Serving
from danlu.prove.template.trained import renditions, said_of
from danlu.prove.trainers.trainer import Trainer
from danlu.text.rows.rows import Conversation

_ALIGNED_SAMPLE = 64


def of_dump(dump: Dump) -> Iterator[Learnt]:
    """Every conversation of a dump that tells what carries loss."""
    for part in dump.sequences():
        assert part.labels_T is not None
        if len(part.ids_T):
            yield Learnt(part.row, part.ids_T, part.labels_T, part.is_cut)


def of_trainer(
    folder: ModelFolder, conversations: Sequence[Conversation], trainer: Trainer, progress: Progress
) -> tuple[list[Learnt], list[Phrase]]:
    """Every conversation that the trainer's configuration decides, and why others are unknown."""
    found, unwritten = renditions(trainer, conversations, folder, progress, "masks")
    learnt = [
        Learnt(conversation.row, trained.ids_T, trained.labels_T, trained.is_cut)
        for conversation, trained in zip(conversations, found, strict=True)
        if trained is not None and trained.labels_T is not None and len(trained.ids_T)
    ]
    return learnt, list(said_of(unwritten))


def is_mask_ahead(serving: Serving, dump: Dump) -> bool:
    """Whether a loss mask seems to stand one place before the tokens that it means.

    verl's older data sets mask targets, not tokens: the end of the prompt is learnt there and the last token of the row
    is not. A mask holds no ids, so this is seen from its edges alone, and only where all sampled rows agree.
    """
    if dump.mask == ("labels",):
        return False
    seen = 0
    for part in dump.sequences():
        if part.labels_T is None or not len(part.ids_T):
            continue
        learnt = np.flatnonzero(part.labels_T != NO_LOSS)
        if not len(learnt) or learnt[0] == 0:
            continue
        after, first = int(learnt[-1]) + 1, int(part.ids_T[learnt[0]])
        opens = first in serving.special_ids or serving.is_blank(first)
        if after >= len(part.ids_T) or int(part.ids_T[after]) not in serving.terminators or not opens:
            return False
        seen += 1
        if seen == _ALIGNED_SAMPLE:
            break
    return seen > 0
