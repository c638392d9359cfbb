"""What an answer costs, from a price table: prices are per million tokens, as providers print them."""

from dataclasses import dataclass

from danlu.serve.models import Usage

_PER = 1_000_000


@dataclass(frozen=True)
class Price:
    """Of one model. A cached token that has no price of its own costs what a read one does."""

    input: float = 0.0
    output: float = 0.0
    cached: float | None = None

    def of(self, usage: Usage) -> float:
        """The cost of an answer, in the currency of the prices."""
        cached = min(usage.cached_tokens, usage.prompt_tokens)
        price = self.input if self.cached is None else self.cached
        read = (usage.prompt_tokens - cached) * self.input + cached * price
        return (read + usage.completion_tokens * self.output) / _PER


FREE = Price()
