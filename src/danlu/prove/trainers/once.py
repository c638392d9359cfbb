"""A trainer that writes each conversation once: several checks ask for the same ones, and writing is the slow part."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danlu.prove.folder import ModelFolder
from danlu.prove.trainers.trainer import CannotRender, Rendition, Trainer
from danlu.text.rows.rows import Conversation


class _Kept(NamedTuple):
    """A rendition in five bytes a token; lists of numbers take eight times as many."""

    ids: NDArray[np.int32]
    learnt: NDArray[np.bool_] | None
    truncated: bool


def written_once(trainer: Trainer) -> Trainer:
    """The same trainer, which keeps what it has written, and the reasons for what it could not write."""
    kept: dict[tuple[int, int], _Kept | CannotRender] = {}
    known: list[object] = []  # held, so that no other object gets the identity of one of them

    def write(conversation: Conversation, folder: ModelFolder) -> Rendition:
        key = (id(conversation), id(folder))
        if key not in kept:
            known.extend((conversation, folder))
            kept[key] = _written(trainer, conversation, folder)
        found = kept[key]
        if isinstance(found, CannotRender):
            raise CannotRender(found.reason)
        return Rendition(found.ids.tolist(), None if found.learnt is None else found.learnt.tolist(), found.truncated)

    return replace(trainer, writer=write)


def _written(trainer: Trainer, conversation: Conversation, folder: ModelFolder) -> _Kept | CannotRender:
    try:
        made = trainer.render(conversation, folder)
    except CannotRender as error:
        return CannotRender(error.reason)
    learnt = None if made.learnt is None else np.asarray(made.learnt, dtype=np.bool_)
    return _Kept(np.asarray(made.ids, dtype=np.int32), learnt, made.truncated)
