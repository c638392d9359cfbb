import pytest

from danlu.serve.gateway.limits import RateLimit
from danlu.serve.wire.errors import ApiError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_burst_then_sustained_rate_and_retry_after() -> None:
    clock = Clock()
    rates = RateLimit(per_minute=6, burst=2, now=clock)
    rates.take("a")
    rates.take("a")
    with pytest.raises(ApiError) as refused:
        rates.take("a")
    assert (refused.value.status, refused.value.headers["retry-after"]) == (429, "10")
    rates.take("b")
    clock.now = 10.0
    rates.take("a")
    with pytest.raises(ApiError):
        rates.take("a")


def test_full_buckets_are_forgotten() -> None:
    clock = Clock()
    rates = RateLimit(per_minute=60, burst=1, now=clock)
    for number in range(1024):
        rates.take(f"caller {number}")
    clock.now = 100.0
    rates.take("one more")
    assert len(rates._buckets) == 1
