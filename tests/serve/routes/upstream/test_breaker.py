from danlu.serve.routes.upstream.breaker import Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(failures=3, rest_s=5, longest_rest_s=15, now=clock)
    for _ in range(3):
        assert breaker.closed_for_s() == 0
        breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row_and_lets_one_trial_through() -> None:
    clock = Clock()
    breaker = broken(clock)
    assert (breaker.is_open, breaker.closed_for_s()) == (True, 5)
    clock.now = 5
    assert breaker.closed_for_s() == 0
    assert breaker.closed_for_s() > 0, "a second one while the trial runs"
    breaker.succeeded()
    assert (breaker.is_open, breaker.closed_for_s()) == (False, 0)


def test_it_rests_longer_after_each_failed_trial_up_to_a_limit() -> None:
    clock = Clock()
    breaker = broken(clock)
    rests = []
    for _ in range(3):
        clock.now += breaker.closed_for_s()
        assert breaker.closed_for_s() == 0
        breaker.failed()
        rests.append(breaker.closed_for_s())
    assert rests == [10, 15, 15]


def test_a_success_between_failures_starts_the_count_anew() -> None:
    breaker = Breaker(failures=2, now=Clock())
    for _ in range(5):
        breaker.failed()
        breaker.succeeded()
    assert not breaker.is_open


def test_a_trial_whose_client_left_does_not_keep_the_circuit_open() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now = 5
    assert breaker.closed_for_s() == 0
    breaker.given_up()
    assert breaker.closed_for_s() == 0
