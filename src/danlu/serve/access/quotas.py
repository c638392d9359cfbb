"""What callers have used, and whether they may use more: reserved before the work, settled after it.

A request reserves what it may come to at most: its prompt, and the longest answer. So a hundred that come at once cannot pass where one is left.
Afterwards what it did not use is given back. Where the process dies in between, the reservation stays used until the window has passed.

`QuotaStore` is what the gateway needs; this one is for processes on one machine, in one row of SQLite for each caller.
"""

import math
import sqlite3
import struct
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

from danlu.serve.access.limits import Limits
from danlu.serve.access.measures import Bucket, Window
from danlu.serve.models import Usage
from danlu.serve.state.clock import SharedClock
from danlu.serve.state.database import Database, write_once
from danlu.serve.wire.errors import ApiError, busy

SCHEMA = """
CREATE TABLE IF NOT EXISTS quotas(caller TEXT PRIMARY KEY, state BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS used(
  day TEXT, caller TEXT, model TEXT, requests INTEGER, prompt_tokens INTEGER, completion_tokens INTEGER, cost REAL,
  PRIMARY KEY (day, caller, model)) STRICT, WITHOUT ROWID;
"""
_DAY_SLOT_S, _DAY_SLOTS = 3_600.0, 25
_MONTH_SLOT_S, _MONTH_SLOTS = 86_400.0, 31
# One slot more than the window has: the oldest is only partly inside.
_PACKED = struct.Struct(f"<4dqdq{_DAY_SLOTS}dq{_DAY_SLOTS}dq{_MONTH_SLOTS}dq{_DAY_SLOTS}d")


_FULL = Bucket(float("inf"), 0.0)


class Need(NamedTuple):
    """The most that a request may use."""

    tokens: int = 0
    cost: float = 0.0


class Grant(NamedTuple):
    """What was reserved, when, and the headers that tell the caller what he has left."""

    caller: str
    limits: Limits
    need: Need
    at_s: float
    headers: tuple[tuple[bytes, bytes], ...]


class QuotaStore(Protocol):
    """Counts for all workers of a gateway."""

    async def reserve(self, caller: str, limits: Limits, need: Need) -> Grant:
        """Raises ApiError 429 when the caller has not that much left, DanluError when nobody can tell."""

    def settle(self, grant: Grant, model: str, usage: Usage, cost: float, *, struck: bool = False) -> None:
        """What it came to; `struck` where a guard refused what was asked."""


@dataclass
class _State:
    """Of one caller."""

    requests: Bucket = _FULL
    tokens: Bucket = _FULL
    day_tokens: Window = field(default_factory=lambda: Window.empty(_DAY_SLOTS))
    day_cost: Window = field(default_factory=lambda: Window.empty(_DAY_SLOTS))
    month_cost: Window = field(default_factory=lambda: Window.empty(_MONTH_SLOTS))
    strikes: Window = field(default_factory=lambda: Window.empty(_DAY_SLOTS))
    in_a_row: int = 0
    """Refusals by guards since the last request that was none."""
    suspended_until_s: float = 0.0


class Quotas:
    """A QuotaStore in a database whose schema has SCHEMA and the clock's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clock = SharedClock()

    async def reserve(self, caller: str, limits: Limits, need: Need) -> Grant:
        """See QuotaStore."""
        granted = await self._database.run(lambda connection: self._reserve(connection, caller, limits, need))
        if isinstance(granted, ApiError):
            raise granted
        return granted

    def settle(self, grant: Grant, model: str, usage: Usage, cost: float, *, struck: bool = False) -> None:
        """See QuotaStore."""
        self._database.post(lambda connection: _settle(connection, grant, model, usage, cost, struck))

    def _reserve(self, connection: sqlite3.Connection, caller: str, limits: Limits, need: Need) -> Grant | ApiError:
        now_s = self._clock.read(connection)
        state = _now(_read(connection, caller), limits, now_s)
        if refusal := _refusal(state, limits, need, now_s):
            return refusal
        state.requests = state.requests._replace(left=state.requests.left - 1)
        _use(state, now_s, need.tokens, need.cost)
        _write(connection, caller, state)
        return Grant(caller, limits, need, now_s, _headers(state, limits))


def _now(state: _State, limits: Limits, now_s: float) -> _State:
    """The state with all that time has given back."""
    if limits.requests_per_minute is not None:
        state.requests = state.requests.refilled(limits.burst_requests, limits.requests_per_minute / 60, now_s)
    if limits.tokens_per_minute is not None:
        state.tokens = state.tokens.refilled(limits.tokens_per_minute, limits.tokens_per_minute / 60, now_s)
    state.day_tokens = state.day_tokens.moved(int(now_s // _DAY_SLOT_S))
    state.day_cost = state.day_cost.moved(int(now_s // _DAY_SLOT_S))
    state.month_cost = state.month_cost.moved(int(now_s // _MONTH_SLOT_S))
    return state


def _refusal(state: _State, limits: Limits, need: Need, now_s: float) -> ApiError | None:
    """The limit that this need is above, if any."""
    if state.suspended_until_s > now_s:
        left_s = math.ceil(state.suspended_until_s - now_s)
        message = f"This key is suspended for {left_s} s more: too much of what it asked had to be refused."
        return ApiError(
            403, message, code="key_suspended", kind="permission_error", headers={"retry-after": str(left_s)}
        )
    if limits.requests_per_minute is not None and state.requests.left < 1:
        wait_s = state.requests.wait_s(1, limits.requests_per_minute / 60)
        return busy("rate_limit_exceeded", "Too many requests with this key.", wait_s)
    if limits.tokens_per_minute is not None and state.tokens.left < need.tokens:
        if need.tokens > limits.tokens_per_minute:
            return _never("tokens_per_minute", f"{need.tokens} tokens", f"{limits.tokens_per_minute} tokens a minute")
        wait_s = state.tokens.wait_s(need.tokens, limits.tokens_per_minute / 60)
        return busy("rate_limit_exceeded", "Too many tokens with this key in this minute.", wait_s)
    windows = (
        (state.day_tokens, need.tokens, limits.tokens_per_day, "tokens_per_day", _DAY_SLOT_S),
        (state.day_cost, need.cost, limits.cost_per_day, "cost_per_day", _DAY_SLOT_S),
        (state.month_cost, need.cost, limits.cost_per_month, "cost_per_month", _MONTH_SLOT_S),
    )
    for window, amount, limit, name, slot_s in windows:
        if limit is not None and sum(window.used) + amount > limit * (1 + 1e-9):
            return _used_up(window, amount, limit, name, slot_s)
    return None


def _used_up(window: Window, amount: float, limit: float, name: str, slot_s: float) -> ApiError:
    if amount > limit:
        return _never(name, f"up to {amount:g}", f"{limit:g}")
    wait_s = window.slots_until(amount, limit) * slot_s
    message = f"This key has used up its {name} of {limit:g}: what is left is less than this request may come to."
    return busy("insufficient_quota", message, wait_s)


def _never(name: str, asked: str, limit: str) -> ApiError:
    message = f"This request may come to {asked}, and {name} allows this key {limit}. Lower max_tokens, or send less."
    return ApiError(429, message, code="request_too_large_for_quota", kind="rate_limit_error")


def _use(state: _State, at_s: float, tokens: float, cost: float) -> None:
    """Count so much more, at the time at which it was reserved."""
    state.tokens = state.tokens._replace(left=state.tokens.left - tokens)
    state.day_tokens = state.day_tokens.added(int(at_s // _DAY_SLOT_S), tokens)
    state.day_cost = state.day_cost.added(int(at_s // _DAY_SLOT_S), cost)
    state.month_cost = state.month_cost.added(int(at_s // _MONTH_SLOT_S), cost)


def restore(path: Path, caller: str) -> None:
    """Let a suspended caller ask again. Raises UserError or WorkFailed where the file cannot be used."""

    def lifted(connection: sqlite3.Connection) -> None:
        state = _read(connection, caller)
        _write(connection, caller, replace(state, in_a_row=0, strikes=Window.empty(_DAY_SLOTS), suspended_until_s=0.0))

    write_once(path, SCHEMA, lifted)


def _settle(connection: sqlite3.Connection, grant: Grant, model: str, usage: Usage, cost: float, struck: bool) -> None:
    state = _read(connection, grant.caller)
    _strike(state, grant, struck)
    _use(state, grant.at_s, usage.prompt_tokens + usage.completion_tokens - grant.need.tokens, cost - grant.need.cost)
    _write(connection, grant.caller, state)
    if model:
        connection.execute(
            "INSERT INTO used VALUES (?,?,?,1,?,?,?) ON CONFLICT DO UPDATE SET requests = requests + 1, "
            "prompt_tokens = prompt_tokens + excluded.prompt_tokens, "
            "completion_tokens = completion_tokens + excluded.completion_tokens, cost = cost + excluded.cost",
            (datetime.now(UTC).date().isoformat(), grant.caller, model,
             usage.prompt_tokens, usage.completion_tokens, cost),
        )  # fmt: skip


def _strike(state: _State, grant: Grant, struck: bool) -> None:
    """Count what a guard refused; too much of it suspends the caller."""
    if not struck:
        state.in_a_row = 0
        return
    slot = int(grant.at_s // _DAY_SLOT_S)
    state.in_a_row += 1
    state.strikes = state.strikes.moved(slot).added(slot, 1)
    limits = grant.limits
    if (limits.strikes_in_a_row is not None and state.in_a_row >= limits.strikes_in_a_row) or (
        limits.strikes_per_day is not None and sum(state.strikes.used) >= limits.strikes_per_day
    ):
        state.suspended_until_s = grant.at_s + limits.suspension_s
        state.in_a_row = 0


def _headers(state: _State, limits: Limits) -> tuple[tuple[bytes, bytes], ...]:
    """What OpenAI's clients read: https://platform.openai.com/docs/guides/rate-limits."""
    told: list[tuple[bytes, bytes]] = []
    for name, bucket, capacity, per_minute in (
        (b"requests", state.requests, limits.burst_requests, limits.requests_per_minute),
        (b"tokens", state.tokens, limits.tokens_per_minute, limits.tokens_per_minute),
    ):
        if per_minute is not None and capacity is not None:
            told += [
                (b"x-ratelimit-limit-" + name, b"%d" % per_minute),
                (b"x-ratelimit-remaining-" + name, b"%d" % max(0, bucket.left)),
                (b"x-ratelimit-reset-" + name, b"%.1fs" % ((capacity - bucket.left) / per_minute * 60)),
            ]
    return tuple(told)


def _read(connection: sqlite3.Connection, caller: str) -> _State:
    row = connection.execute("SELECT state FROM quotas WHERE caller = ?", (caller,)).fetchone()
    if row is None:
        return _State()
    values = iter(_PACKED.unpack(row[0]))

    def window(slots: int) -> Window:
        return Window(next(values), tuple(islice(values, slots)))

    buckets = Bucket(next(values), next(values)), Bucket(next(values), next(values))
    in_a_row, suspended_until_s = next(values), next(values)
    return _State(
        *buckets, window(_DAY_SLOTS), window(_DAY_SLOTS), month_cost=window(_MONTH_SLOTS), strikes=window(_DAY_SLOTS),
        in_a_row=in_a_row, suspended_until_s=suspended_until_s,
    )  # fmt: skip


def _write(connection: sqlite3.Connection, caller: str, state: _State) -> None:
    windows = (state.day_tokens, state.day_cost, state.month_cost, state.strikes)
    values = [value for window in windows for value in (window.slot, *window.used)]
    packed = _PACKED.pack(*state.requests, *state.tokens, state.in_a_row, state.suspended_until_s, *values)
    connection.execute("INSERT OR REPLACE INTO quotas VALUES (?, ?)", (caller, packed))
