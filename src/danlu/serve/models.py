"""What the gateway serves: a model takes a parsed request and yields text, then one end."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "content_filter"]


@dataclass(frozen=True)
class Message:
    """One turn of a conversation, its text parts joined."""

    role: Role
    content: str


@dataclass(frozen=True)
class ChatRequest:
    """A chat completion request after every check that needs no model."""

    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    include_usage: bool = False
    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    principals: frozenset[str] = frozenset()
    """Who asks, for the documents that only some may see."""


@dataclass(frozen=True)
class Usage:
    """Tokens read and written, by the tokenizer of the base model."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Text:
    """The next piece of the answer; empty while text is held back, since only between pieces can work be cancelled."""

    text: str


@dataclass(frozen=True)
class End:
    """Why the answer ended and what it cost; `danlu` holds our own fields, for the models that have any."""

    finish_reason: FinishReason
    usage: Usage
    danlu: dict[str, Any] | None = None


Piece = Text | End
Pieces = Generator[Piece, None, None]


class ServedModel(Protocol):
    """A model behind `/v1`. Its methods block, and are called from several threads."""

    @property
    def id(self) -> str:
        """The name that requests use."""

    def reply(self, request: ChatRequest) -> Pieces:
        """Yield the answer and one End; closing the generator stops the work.

        Raises ApiError before the first piece when the request cannot be served.
        """

    def count_tokens(self, text: str) -> int:
        """Tokens in a text, for the usage of answers that the word filter made or cut."""


def refused_fields(answer_id: str | None = None) -> dict[str, Any]:
    """Our own fields of an answer that was refused."""
    return {"answer_id": answer_id, "refused": True, "citations": []}
