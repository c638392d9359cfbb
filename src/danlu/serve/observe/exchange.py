"""One request and its answer, as they are counted and written down: filled in on the way, told to the observers at the end."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from danlu.serve.models import Caller, End, Finish, Message, Offered, Piece, Reasoning, Span, Text, ToolDelta, Usage
from danlu.serve.wire.ids import new_hex

_NOBODY = Caller()
_PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(frozen=True)
class SpanId:
    """A span's place: https://www.w3.org/TR/trace-context/."""

    trace: str
    id: str
    parent: str

    @classmethod
    def under(cls, traceparent: str) -> "SpanId":
        """A new span in the trace of this header, or the first of a new trace."""
        above = _PARENT.fullmatch(traceparent)
        trace, parent = (above[1], above[2]) if above else (new_hex(16), "")
        return cls(trace, new_hex(8), parent)

    @property
    def traceparent(self) -> str:
        """The header for those who work under it."""
        return f"00-{self.trace}-{self.id}-01"


@dataclass
class Exchange:
    """Times are of the monotonic clock, in seconds."""

    route: str
    """The path's pattern, such as /v1/chat/completions."""
    id: str = field(default_factory=lambda: f"req-{new_hex(12)}")
    started_s: float = field(default_factory=time.monotonic)
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Of the reply: the id, and what is left of the caller's quota."""
    told: bool = False
    """Whether the observers know of it."""
    span: SpanId | None = None
    """Where it stands in a trace; None where nobody traces."""
    caller: Caller = _NOBODY
    model: str = ""
    """As configured; empty until it is known to exist."""
    stream: bool = False
    status: int = 0
    """Of HTTP; 499 where the client left."""
    error_code: str = ""
    admitted_s: float | None = None
    """When a seat was free."""
    reached_model: bool = False
    """Whether the model was asked, and did not refuse before its first piece."""
    first_piece_s: float | None = None
    last_piece_s: float | None = None
    batches: int = 0
    usage: Usage | None = None
    """None until the end: a cut answer is estimated from `written`."""
    cost: float = 0.0
    """In the gateway's currency."""
    finish_reason: str = ""
    verdicts: list[tuple[str, str]] = field(default_factory=list)
    """What guards did: each guard's name and its verdict."""
    spans: tuple[Span, ...] = ()
    """Parts of the work that the model told of."""
    answer_id: str = ""
    """As the client is told it."""
    asked: tuple[Message, ...] = ()
    shown: list[str] = field(default_factory=list)
    """The text of the first choice, without thoughts and calls."""
    written: list[str] = field(default_factory=list)
    """What the model wrote so far, for the bill of an answer that was cut off; and for a log that has texts."""
    danlu: dict[str, object] | None = None

    def __post_init__(self) -> None:
        self.headers.append((b"x-request-id", self.id.encode()))

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
                if piece.choice == 0 and isinstance(piece, Text):
                    self.shown.append(piece.text)
            elif isinstance(piece, ToolDelta):
                self.written.append(piece.arguments)
            elif isinstance(piece, Finish):
                self.finish_reason = piece.reason
            elif isinstance(piece, End):
                self.usage, self.danlu, self.cost, self.spans = piece.usage, piece.danlu, piece.cost, piece.spans
                self.verdicts += piece.verdicts

    def settle(self, prompt_tokens: int, model: Offered) -> None:
        """Estimate what it cost where nobody told: an answer that was cut off is billed for what was made of it."""
        if self.usage is None:
            self.usage = Usage(prompt_tokens if self.reached_model else 0, model.count_tokens("".join(self.written)))
            self.cost = model.cost_of(self.usage)


Observer = Callable[[Exchange], None]
"""Told of each exchange at its end, on the event loop: it must not block."""
