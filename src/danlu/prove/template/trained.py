"""What a trainer makes of every conversation, and why it is unknown for some."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from danlu.core.errors import Phrase
from danlu.core.progress import Progress
from danlu.prove.folder import ModelFolder
from danlu.prove.rows.columns import NO_LOSS
from danlu.prove.template.serving import Ids
from danlu.prove.trainers.trainer import CannotRender, Trainer
from danlu.text.rows.rows import Conversation

EVERY = 200
"""Rows between two reports of progress."""
_SHOWN_REASONS = 3


class Trained(NamedTuple):
    """What stands for one conversation in training. Shapes: T tokens."""

    ids_T: Ids
    labels_T: Ids | None
    """The token to learn at each place, or NO_LOSS; None when nothing tells."""
    is_cut: bool
    place: int | None
    """The row of the dump."""


class Unwritten(NamedTuple):
    """Rows whose rendition is unknown, for one reason."""

    reason: Phrase
    rows: int


def renditions(
    trainer: Trainer, conversations: Sequence[Conversation], folder: ModelFolder, progress: Progress, note: str
) -> tuple[list[Trained | None], tuple[Unwritten, ...]]:
    """Each conversation as the trainer writes it, None where that is unknown; and the reasons, the most frequent first."""
    found: list[Trained | None] = []
    counts: Counter[str] = Counter()
    reasons: dict[str, Phrase] = {}
    for number, conversation in enumerate(conversations):
        if number % EVERY == 0:
            progress.advance(number, len(conversations), note)
        try:
            found.append(_as_trained(trainer, conversation, folder))
        except CannotRender as error:
            found.append(None)
            counts[str(error.reason)] += 1
            reasons.setdefault(str(error.reason), error.reason)
    return found, tuple(Unwritten(reasons[words], count) for words, count in counts.most_common())


def said_of(unwritten: Sequence[Unwritten]) -> Iterator[Phrase]:
    """The most frequent reasons, as lines."""
    for reason, count in unwritten[:_SHOWN_REASONS]:
        yield Phrase("{count} rows not compared: {reason}", count=count, reason=reason)


def _as_trained(trainer: Trainer, conversation: Conversation, folder: ModelFolder) -> Trained:
    rendition = trainer.render(conversation, folder)
    ids = np.asarray(rendition.ids, dtype=np.int64)
    labels = None if rendition.learnt is None else np.where(np.asarray(rendition.learnt, dtype=bool), ids, NO_LOSS)
    return Trained(ids, labels, rendition.truncated, None)
