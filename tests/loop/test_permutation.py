"""A computed order is an order: each number once, another for each key, and mixed well."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.loop.permutation import Permutation


@given(st.integers(1, 3000), st.integers(0, 10**9))
@settings(deadline=None)
def test_every_number_stands_at_one_position(size: int, seed: int) -> None:
    order = Permutation(size, [seed, 0]).at(np.arange(size))
    assert sorted(order.tolist()) == list(range(size))


def test_any_position_alone_is_what_it_is_among_all() -> None:
    order, whole = Permutation(1000, ["a", 3]), Permutation(1000, ["a", 3]).at(np.arange(1000))
    assert [int(order.at(np.array([place]))[0]) for place in (0, 17, 999)] == whole[[0, 17, 999]].tolist()


def test_each_epoch_and_seed_has_its_own_order() -> None:
    orders = [Permutation(500, [seed, epoch]).at(np.arange(500)) for seed in range(3) for epoch in range(3)]
    assert len({order.tobytes() for order in orders}) == 9
    assert max(np.mean(a == b) for a in orders for b in orders if a is not b) < 0.02


def test_every_number_is_about_equally_often_at_every_position() -> None:
    size, draws = 50, 2000
    counts = np.zeros((size, size))
    for seed in range(draws):
        counts[np.arange(size), Permutation(size, [seed]).at(np.arange(size))] += 1
    expected = draws / size
    freedom = (size - 1) ** 2
    chi_squared = ((counts - expected) ** 2 / expected).sum()
    assert abs(chi_squared - freedom) < 5 * np.sqrt(2 * freedom)


def test_a_hundred_million_rows_need_no_memory() -> None:
    found = Permutation(10**8, [1, 0]).at(np.arange(10**8 - 5, 10**8))
    assert len(set(found.tolist())) == 5 and found.max() < 10**8


def test_the_order_stays_as_it_was() -> None:
    """A training that resumes with a later danlu reads on: who changes these numbers raises VERSION."""
    assert Permutation(10, [0, 0]).at(np.arange(10)).tolist() == PINNED


PINNED = [4, 3, 5, 2, 8, 9, 1, 6, 7, 0]
