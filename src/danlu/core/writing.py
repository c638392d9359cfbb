"""What the rooms say to one another of answers in a model's own words: who writes, and what became of what was written."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from danlu.core.answers import Grounded


class Writer(Protocol):
    """A language model that continues a conversation. May be called from several threads."""

    def write(self, messages: list[dict[str, Any]]) -> str | None:
        """The reply; None where the conversation does not fit into what the model reads."""


@dataclass(frozen=True)
class Written:
    """A model's answer after every sentence was held against what it cites."""

    grounded: Grounded | None
    """What may be shown, with verbatim citations; None where no sentence was left."""
    sentences: int
    supported: int
    dropped: dict[str, int] = field(default_factory=dict)
    """Sentences by the reason for which they were dropped."""
