"""What a request may use, and what it came to: reserved before the work, settled and written down once at its end."""

import logging
from collections.abc import Sequence

from danlu.core.errors import DanluError
from danlu.serve.access.limits import Limits
from danlu.serve.access.quotas import Grant, Need
from danlu.serve.gateway.books import Books
from danlu.serve.guards.reply import REFUSED, WORDS_GUARD
from danlu.serve.models import Offered
from danlu.serve.observe.exchange import Exchange, Observer
from danlu.serve.wire.errors import unavailable

_log = logging.getLogger(__name__)
STATE_GONE = unavailable("state_unavailable", "Use cannot be written down at the moment; the server's log says why.")


class Ledger:
    """`limits` are of callers whose key has none of its own; `observers` are told of each exchange before the end of its answer is sent."""

    def __init__(self, books: Books, limits: Limits, observers: Sequence[Observer]) -> None:
        self._books = books
        self._limits = limits
        self._observers = observers

    async def reserve(self, exchange: Exchange, need: Need) -> Grant:
        """Raises ApiError 429 where the caller has not that much left, 503 where nobody can tell."""
        caller = exchange.caller
        limits = self._limits.over(dict(caller.limits)) if caller.limits else self._limits
        try:
            grant = await self._books.quotas.reserve(caller.name, limits, need)
        except DanluError as error:
            _log.error("no quota can be checked: %s", error)
            raise STATE_GONE from None
        exchange.headers += grant.headers
        return grant

    def settle(self, exchange: Exchange, grant: Grant, read: int, model: Offered) -> None:
        """Count what a request came to, once; `read` are the tokens of what was asked."""
        if not exchange.told:
            exchange.settle(read, model)
            assert exchange.usage is not None, "settled"
            struck = (WORDS_GUARD, REFUSED) in exchange.verdicts
            self._books.quotas.settle(grant, exchange.model, exchange.usage, exchange.cost, struck=struck)

    def tell(self, exchange: Exchange) -> None:
        """Have an exchange written down, once."""
        if not exchange.told:
            exchange.told = True
            for observe in self._observers:
                observe(exchange)

    async def written(self) -> None:
        """Where records are durable: come back when those so far are on the disk. Raises ApiError 503 where they cannot be written."""
        if self._books.database.durable:
            try:
                await self._books.written()
            except DanluError:
                raise STATE_GONE from None
