"""What the replies of a model will cost and have cost, and the limit that holds.

Before a reply tells its usage, tokens are estimated: one for each Han character and for every 4 other characters, rounded up, which is
above what the tokenizers of 2023 to 2026 take for Chinese and about theirs for English. Prices are for a million tokens, in whatever
currency the user thinks in.
"""

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from danlu.core.errors import WorkFailed
from danlu.text.language import HAN

_HAN = re.compile(f"[{HAN}]")
REPLY_TOKENS = 20
"""What a reply of one label in JSON takes, roughly."""
_MESSAGE_TOKENS = 8
"""Around each message: roles and markers."""


@dataclass(frozen=True)
class Price:
    """For a million tokens."""

    input: float = 0.0
    output: float = 0.0

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """The price of one request."""
        return (input_tokens * self.input + output_tokens * self.output) / 1_000_000


@dataclass
class Spending:
    """Adds up what was used; safe to share between threads. Replies from the cache cost nothing."""

    price: Price
    max_cost: float | None = None
    requests: int = 0
    from_cache: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: int = 0
    """Replies that did not tell their usage."""
    _reserved: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def cost(self) -> float:
        """So far."""
        return self.price.of(self.input_tokens, self.output_tokens)

    def reserve(self, messages: Sequence[Mapping[str, str]]) -> float:
        """Set aside what a request will cost; raises WorkFailed when that would go beyond the limit."""
        cost = self.price.of(estimate_tokens(messages), REPLY_TOKENS)
        with self._lock:
            if self.max_cost is not None and self.cost + self._reserved + cost > self.max_cost:
                raise WorkFailed(
                    "The limit of {limit} is reached: {cost:.4f} spent on {requests} requests",
                    "Replies that arrived are kept and cost nothing again: run with a higher --max-cost.",
                    limit=self.max_cost,
                    cost=self.cost,
                    requests=self.requests,
                )
            self._reserved += cost
        return cost

    def settle(self, reserved: float, messages: Sequence[Mapping[str, str]], reply: Mapping[str, Any] | None) -> None:
        """Count a request whose reply has arrived; None gives back what was set aside."""
        usage = (reply or {}).get("usage") or {}
        with self._lock:
            self._reserved -= reserved
            if reply is None:
                return
            self.requests += 1
            self.estimated += "prompt_tokens" not in usage
            self.input_tokens += int(usage.get("prompt_tokens", estimate_tokens(messages)))
            self.output_tokens += int(usage.get("completion_tokens", REPLY_TOKENS))

    def cached(self) -> None:
        """Count a reply that was there already."""
        with self._lock:
            self.from_cache += 1

    def report(self) -> dict[str, Any]:
        """The figures, as data."""
        return {
            "requests": self.requests, "from_cache": self.from_cache, "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens, "usage_estimated": self.estimated, "cost": round(self.cost, 6),
        }  # fmt: skip


def estimate_tokens(messages: Sequence[Mapping[str, str]]) -> int:
    """Tokens of a conversation, about."""
    texts = [message["content"] for message in messages]
    han = sum(len(_HAN.findall(text)) for text in texts)
    return han + -(-(sum(map(len, texts)) - han) // 4) + _MESSAGE_TOKENS * len(texts)
