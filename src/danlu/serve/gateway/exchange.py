"""One request and its answer, as they are counted and written down: filled in on the way, told to the observers at the end."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from danlu.serve.models import Caller, End, Finish, Piece, Reasoning, ServedModel, Text, ToolDelta, Usage

_NOBODY = Caller()


@dataclass
class Exchange:
    """Times are of the monotonic clock, in seconds."""

    route: str
    """The path's pattern, such as /v1/chat/completions."""
    id: str = field(default_factory=lambda: f"req-{os.urandom(12).hex()}")
    started_s: float = field(default_factory=time.monotonic)
    caller: Caller = _NOBODY
    model: str = ""
    """As configured; empty until it is known to exist."""
    stream: bool = False
    status: int = 0
    """Of HTTP; 499 where the client left."""
    error_code: str = ""
    first_piece_s: float | None = None
    last_piece_s: float | None = None
    batches: int = 0
    usage: Usage | None = None
    """None until the end: a cut answer is estimated from `written_chars`."""
    cost: float = 0.0
    """In the gateway's currency."""
    finish_reason: str = ""
    written: list[str] = field(default_factory=list)
    """What the model wrote so far, for the bill of an answer that was cut off; emptied at its end."""
    danlu: dict[str, object] | None = None

    def took(self, pieces: Sequence[Piece]) -> None:
        """Count pieces that the model made."""
        now_s = time.monotonic()
        if self.first_piece_s is None:
            self.first_piece_s = now_s
        self.last_piece_s = now_s
        self.batches += 1
        for piece in pieces:
            if isinstance(piece, Text | Reasoning):
                self.written.append(piece.text)
            elif isinstance(piece, ToolDelta):
                self.written.append(piece.arguments)
            elif isinstance(piece, Finish):
                self.finish_reason = piece.reason
            elif isinstance(piece, End):
                self.usage, self.danlu, self.cost = piece.usage, piece.danlu, piece.cost

    def settle(self, prompt_tokens: int, model: ServedModel) -> None:
        """Estimate what it cost where nobody told: an answer that was cut off is billed for what was made of it."""
        if self.usage is None:
            self.usage = Usage(prompt_tokens, model.count_tokens("".join(self.written)))
            self.cost = model.cost_of(self.usage)
        self.written.clear()


Observer = Callable[[Exchange], None]
"""Told of each exchange at its end, on the event loop: it must not block."""
