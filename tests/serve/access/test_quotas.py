import asyncio
import multiprocessing
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.core.errors import DanluError
from danlu.serve.access import quotas
from danlu.serve.access.limits import Limits
from danlu.serve.access.measures import Bucket, Window
from danlu.serve.access.quotas import Grant, Need, Quotas
from danlu.serve.models import Usage
from danlu.serve.state import clock
from danlu.serve.state.database import Database
from danlu.serve.wire.errors import ApiError

OPEN = Limits(requests_per_minute=None)
NOTHING = Need()


class Fixed:
    """A clock that stands where it is put."""

    now_s = 1_000_000.0

    def read(self, connection: sqlite3.Connection) -> float:
        return self.now_s


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "serve.db", clock.SCHEMA + quotas.SCHEMA)
    yield database
    database.close()


@pytest.fixture
def fixed() -> Fixed:
    return Fixed()


@pytest.fixture
def counted(database: Database, fixed: Fixed, monkeypatch: pytest.MonkeyPatch) -> Quotas:
    counted = Quotas(database)
    monkeypatch.setattr(counted, "_clock", fixed)
    return counted


def reserve(counted: Quotas, limits: Limits, need: Need = NOTHING, caller: str = "key:a") -> Grant:
    return asyncio.run(counted.reserve(caller, limits, need))


def refused(counted: Quotas, limits: Limits, need: Need = NOTHING, caller: str = "key:a") -> ApiError:
    with pytest.raises(ApiError) as caught:
        reserve(counted, limits, need, caller)
    return caught.value


def test_requests_refill_steadily_and_the_wait_is_told(counted: Quotas, fixed: Fixed) -> None:
    limits = Limits(requests_per_minute=6, burst_requests=2)
    reserve(counted, limits), reserve(counted, limits)
    error = refused(counted, limits)
    assert (error.status, error.code, error.headers["retry-after"]) == (429, "rate_limit_exceeded", "10")
    assert reserve(counted, limits, caller="key:b").caller == "key:b"
    fixed.now_s += 10.01
    reserve(counted, limits)
    assert refused(counted, limits).status == 429


def test_what_was_not_used_is_given_back(counted: Quotas, fixed: Fixed) -> None:
    limits = Limits(requests_per_minute=None, tokens_per_minute=1_000, tokens_per_day=1_500)
    grant = reserve(counted, limits, Need(900))
    assert refused(counted, limits, Need(200)).code == "rate_limit_exceeded"
    counted.settle(grant, "m", Usage(60, 40), 0.0)
    grant = reserve(counted, limits, Need(900))
    counted.settle(grant, "m", Usage(800, 100), 0.0)
    fixed.now_s += 60
    assert refused(counted, limits, Need(501)).code == "insufficient_quota"
    fixed.now_s += 24 * 3_600
    assert refused(counted, limits, Need(501)).code == "insufficient_quota", "the slot is still partly inside"
    fixed.now_s += 3_600
    reserve(counted, limits, Need(501))


def test_more_than_was_reserved_is_paid_off_first(counted: Quotas, fixed: Fixed) -> None:
    limits = Limits(requests_per_minute=None, tokens_per_minute=600)
    counted.settle(reserve(counted, limits, Need(100)), "m", Usage(100, 1_100), 0.0)
    error = refused(counted, limits, Need(10))
    assert error.headers["retry-after"] == "61"
    fixed.now_s += 61.1
    reserve(counted, limits, Need(10))


def test_costs_are_counted_by_day_and_by_month(counted: Quotas, fixed: Fixed) -> None:
    limits = Limits(requests_per_minute=None, cost_per_day=1.0, cost_per_month=2.5)
    for _ in range(2):
        counted.settle(reserve(counted, limits, Need(cost=1.0)), "m", Usage(1, 1), 1.0)
        assert "cost_per_day" in refused(counted, limits, Need(cost=0.1)).message
        fixed.now_s += 25 * 3_600
    error = refused(counted, limits, Need(cost=0.6))
    assert "cost_per_month" in error.message
    fixed.now_s += float(error.headers["retry-after"])
    reserve(counted, limits, Need(cost=0.6))


def test_a_request_that_can_never_fit_is_told_so(counted: Quotas) -> None:
    error = refused(counted, Limits(tokens_per_minute=100), Need(101))
    assert (error.status, error.code) == (429, "request_too_large_for_quota")
    assert "retry-after" not in error.headers
    assert refused(counted, Limits(cost_per_day=1), Need(cost=2)).code == "request_too_large_for_quota"


def test_headers_tell_what_is_left(counted: Quotas) -> None:
    limits = Limits(requests_per_minute=60, burst_requests=10, tokens_per_minute=600)
    told = dict(reserve(counted, limits, Need(60)).headers)
    assert told[b"x-ratelimit-limit-requests"] == b"60"
    assert told[b"x-ratelimit-remaining-requests"] == b"9"
    assert told[b"x-ratelimit-reset-requests"] == b"1.0s"
    assert told[b"x-ratelimit-remaining-tokens"] == b"540"
    assert told[b"x-ratelimit-reset-tokens"] == b"6.0s"
    assert reserve(counted, OPEN).headers == ()


def test_use_is_added_up_by_day_and_model(counted: Quotas, database: Database, tmp_path: Path) -> None:
    for _ in range(3):
        counted.settle(reserve(counted, OPEN), "m", Usage(10, 5), 0.5)
    database.close()
    rows = sqlite3.connect(tmp_path / "serve.db").execute("SELECT caller, model, requests, prompt_tokens, completion_tokens, cost FROM used").fetchall()  # fmt: skip
    assert rows == [("key:a", "m", 3, 30, 15, 1.5)]


def _try_for_the_last(path: Path, passed: "multiprocessing.Queue[int]") -> None:
    async def all_at_once() -> int:
        counted = Quotas(database)
        limits = Limits(requests_per_minute=None, cost_per_day=1.0)
        tries = [counted.reserve("key:a", limits, Need(cost=1.0)) for _ in range(50)]
        return sum(isinstance(said, Grant) for said in await asyncio.gather(*tries, return_exceptions=True))

    database = Database(path, clock.SCHEMA + quotas.SCHEMA)
    passed.put(asyncio.run(all_at_once()))
    database.close()


def test_of_a_hundred_in_two_processes_exactly_one_gets_the_last_unit(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    passed: multiprocessing.Queue[int] = context.Queue()
    workers = [context.Process(target=_try_for_the_last, args=(tmp_path / "serve.db", passed)) for _ in range(2)]
    for worker in workers:
        worker.start()
    assert sum(passed.get(timeout=60) for _ in workers) == 1
    for worker in workers:
        worker.join(30)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 50)), max_size=40))
def test_no_stretch_of_a_minute_gets_more_than_burst_and_rate(steps: list[tuple[float, float]]) -> None:
    bucket, now, taken = Bucket(float("inf"), 0.0), 0.0, []
    for wait, amount in steps:
        now += wait
        bucket = bucket.refilled(60, 1.0, now)
        if bucket.left >= amount:
            bucket = bucket._replace(left=bucket.left - amount)
            taken.append((now, amount))
    for start, _ in taken:
        assert sum(amount for at, amount in taken if start <= at < start + 60) <= 120 + 1e-6


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 5)), max_size=60))
def test_no_stretch_of_a_window_gets_more_than_its_limit(steps: list[tuple[int, float]]) -> None:
    window, slot, taken = Window.empty(5), 100, []
    for wait, amount in steps:
        slot += wait
        window = window.moved(slot)
        if sum(window.used) + amount <= 10:
            window = window.added(slot, amount)
            taken.append((slot, amount))
    for start, _ in taken:
        assert sum(amount for at, amount in taken if start <= at < start + 5) <= 10 + 1e-6


def test_a_locked_database_is_told_and_nothing_posted_is_lost(tmp_path: Path, database: Database) -> None:
    counted = Quotas(database)
    grant = reserve(counted, OPEN)
    other = sqlite3.connect(tmp_path / "serve.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    counted.settle(grant, "m", Usage(7, 3), 0.25)
    with pytest.raises(DanluError, match=r"serve\.db"):
        reserve(counted, OPEN)
    assert database.kept == 1
    other.execute("ROLLBACK")
    reserve(counted, OPEN)
    assert database.kept == 0
    assert other.execute("SELECT prompt_tokens, cost FROM used").fetchall() == [(7, 0.25)]


def test_work_that_fails_spoils_nothing_beside_it(database: Database) -> None:
    async def both() -> list[object]:
        good = database.run(lambda c: c.execute("INSERT INTO used VALUES ('d','a','m',1,1,1,1.0)").rowcount)
        bad = database.run(lambda c: 1 // 0)
        return await asyncio.gather(good, bad, return_exceptions=True)

    written, error = asyncio.run(both())
    assert written == 1
    assert isinstance(error, ZeroDivisionError)


def test_the_clock_goes_on_over_a_restart_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = sqlite3.connect(tmp_path / "clock.db", isolation_level=None)
    connection.executescript(clock.SCHEMA)
    first = clock.SharedClock().read(connection)
    again = clock.SharedClock().read(connection)
    assert 0 <= again - first < 5
    boot = tmp_path / "boot_id"
    boot.write_text("another boot")
    monkeypatch.setattr(clock, "_BOOT_ID", boot)
    connection.execute("UPDATE clock SET wall_s = wall_s - 100")
    after = clock.SharedClock().read(connection)
    assert 100 <= after - first < 110
    boot.write_text("and another")
    connection.execute("UPDATE clock SET wall_s = wall_s + 1e6")
    assert 0 <= clock.SharedClock().read(connection) - after < 5, "a time of day that went back takes nothing away"


def test_three_refusals_in_a_row_or_five_a_day_suspend(counted: Quotas, fixed: Fixed, tmp_path: Path) -> None:
    def ask(caller: str, struck: bool) -> None:
        counted.settle(reserve(counted, OPEN, caller=caller), "m", Usage(0, 0), 0.0, struck=struck)

    for struck in (True, True, False, True, True):
        ask("key:a", struck)
    ask("key:a", True)
    error = refused(counted, OPEN)
    assert (error.status, error.code, error.headers["retry-after"]) == (403, "key_suspended", "86400")
    reserve(counted, OPEN, caller="key:b")
    quotas.restore(tmp_path / "serve.db", "key:a")
    for struck in (True, False, True, False, True, False, True, False, True):
        ask("key:a", struck)
    assert refused(counted, OPEN).code == "key_suspended"
    fixed.now_s += 86_401
    reserve(counted, OPEN)
