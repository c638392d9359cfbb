"""The choices of a whole reply, gathered from its pieces."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from danlu.serve.models import End, Finish, FinishReason, Piece, Reasoning, Text, TokenLogprob, ToolCall, ToolDelta


@dataclass
class Choice:
    """One choice as far as it has come."""

    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    calls: dict[int, tuple[str, str, list[str]]] = field(default_factory=dict)
    """By number: id, name, pieces of the arguments."""
    logprobs: list[TokenLogprob] = field(default_factory=list)
    reason: FinishReason = "stop"

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self.texts)

    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls so far, in order."""
        return tuple(ToolCall(id, name, "".join(parts)) for _, (id, name, parts) in sorted(self.calls.items()))

    def take(self, piece: Piece) -> None:
        """Add a piece of this choice."""
        if isinstance(piece, Text):
            self.texts.append(piece.text)
            self.logprobs += piece.logprobs
        elif isinstance(piece, Reasoning):
            self.thoughts.append(piece.text)
        elif isinstance(piece, ToolDelta):
            id, name, parts = self.calls.get(piece.number, ("", "", []))
            parts.append(piece.arguments)
            self.calls[piece.number] = (id or piece.id, name or piece.name, parts)
        elif isinstance(piece, Finish):
            self.reason = piece.reason


def gather(choices: dict[int, Choice], pieces: Iterable[Piece]) -> None:
    """Add pieces to the choices that they belong to."""
    for piece in pieces:
        if not isinstance(piece, End):
            choices.setdefault(piece.choice, Choice()).take(piece)
