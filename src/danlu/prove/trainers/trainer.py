"""What a trainer makes of a conversation: token ids, which of them carry loss, and whether it was cut."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from danlu.core.errors import Phrase, UserError
from danlu.prove.folder import ModelFolder
from danlu.text.rows.rows import Conversation


class Rendition(NamedTuple):
    """One conversation as a trainer feeds it to the model."""

    ids: list[int]
    learnt: list[bool] | None
    """`learnt[i]` says whether `ids[i]` carries loss; None when no configuration says."""
    truncated: bool
    """Whether the conversation was longer than the trainer's limit, so that tokens are missing from `ids`."""


class CannotRender(Exception):
    """The template, or the conversation under it, cannot be written exactly: nothing is guessed."""

    def __init__(self, reason: Phrase) -> None:
        super().__init__(str(reason))
        self.reason = reason


Writer = Callable[[Conversation, ModelFolder], Rendition]


@dataclass(frozen=True)
class Trainer:
    """A tool and the template that it trains with."""

    tool: str
    """llamafactory, axolotl, trl, swift or jinja."""
    name: str
    """The template's name as the tool spells it, or the file's name."""
    source: str
    """Where the template comes from: a table of ours, an installed package's file, the checkpoint, a file of the user's."""
    configuration: Path | None
    """The file that the template and the mask options were read from."""
    asks_for_prompt_loss: bool
    """Whether the configuration wants the loss on the prompt as well, so that it is no fault there."""
    writer: Writer

    def render(self, conversation: Conversation, folder: ModelFolder) -> Rendition:
        """The conversation as this trainer writes it with the folder's tokenizer.

        Raises CannotRender with the reason when it cannot be known exactly, UserError when the tokenizer does not load.
        """
        return self.writer(conversation, folder)


def check_name(name: str, known: Iterable[str], tool: str) -> None:
    """Raises UserError, with the nearest known name, for a template that the tool's table does not have."""
    names = sorted(known)
    if name not in names:
        near = nearest(name, names)
        raise UserError(
            "{tool} has no template {name!r} that is known here",
            "did you mean {nearest}? known: {names}" if near else "known: {names}",
            tool=tool,
            name=name,
            nearest=near,
            names=", ".join(names),
        )


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is spelt most like it; empty when none is near."""
    return next(iter(difflib.get_close_matches(name.lower(), list(known), n=1)), "")
