"""What a gateway is made of."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from danlu.serve.access.keys import Keys
from danlu.serve.access.limits import Limits
from danlu.serve.gateway.books import Books
from danlu.serve.gateway.settings import Settings
from danlu.serve.guards.reply import Guards
from danlu.serve.models import Encoder, ServedModel
from danlu.serve.observe.exchange import Observer


@dataclass(frozen=True)
class AppParts:
    """What a gateway is made of. The first model is the one that the chat page starts with."""

    models: tuple[ServedModel, ...]
    keys: Keys
    guards: Guards
    books: Books
    limits: Limits = field(default_factory=Limits)
    """Of callers whose key has none of its own."""
    settings: Settings = field(default_factory=Settings)
    owner: frozenset[str] = frozenset()
    """Who somebody is that logs in by the link printed at the start."""
    encoders: tuple[Encoder, ...] = ()
    observers: Sequence[Observer] = ()
    """Told of each exchange before the end of its answer is sent, after those of the books."""
    aclose: Callable[[], Awaitable[None]] | None = None
    """Called on the event loop when the server has stopped."""
