"""How much a caller may use."""

from dataclasses import dataclass, fields

from danlu.core.errors import UserError


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one key or login; None is no limit."""

    requests_per_minute: float | None = 60.0
    burst_requests: int = 20
    """How many of them may come at once."""
    tokens_per_minute: int | None = None
    """Read and written together; a minute's worth may be used at once."""
    tokens_per_day: int | None = None
    cost_per_day: float | None = None
    """In the currency of the price table; any stretch of 24 hours."""
    cost_per_month: float | None = None
    """Any stretch of 30 days."""
    strikes_in_a_row: int | None = 3
    """So many requests that a guard refuses, one after the other, suspend the key."""
    strikes_per_day: int | None = 5
    """So many in 24 hours do too."""
    suspension_s: float = 86_400.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not value > 0:
                raise UserError("the limit {name} is {value}", "give a number above 0", name=field.name, value=value)

    def over(self, own: dict[str, float]) -> "Limits":
        """These, with what a key has of its own."""
        return Limits(**{field.name: own.get(field.name, getattr(self, field.name)) for field in fields(self)})


LIMIT_NAMES = tuple(field.name for field in fields(Limits))
