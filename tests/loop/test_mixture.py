"""Shares hold to within one sequence at every moment, and any sequence is there at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.core.errors import UserError
from danlu.loop.mixture import Mixture

WEIGHTS = st.lists(st.floats(0.01, 100).map(lambda weight: round(weight, 2)), min_size=1, max_size=8)
SEQUENCES = 20_000


@given(WEIGHTS)
@settings(deadline=None)
def test_each_corpus_has_its_share_at_every_moment(weights: list[float]) -> None:
    corpora, _ = Mixture.of(weights, SEQUENCES).sequences(0, SEQUENCES)
    moments = np.arange(1, SEQUENCES + 1)
    for corpus, weight in enumerate(weights):
        owed = weight / sum(weights) * moments
        assert np.abs(np.cumsum(corpora == corpus) - owed).max() < 1 + 1e-4


@given(WEIGHTS, st.integers(0, 3 * SEQUENCES), st.integers(1, 500))
@settings(deadline=None)
def test_any_stretch_alone_is_what_it_is_among_all(weights: list[float], first: int, count: int) -> None:
    mixture = Mixture.of(weights, 3 * SEQUENCES + 500)
    corpora, numbers = mixture.sequences(0, first + count)
    alone, alone_numbers = mixture.sequences(first, count)
    assert (alone == corpora[first:]).all() and (alone_numbers == numbers[first:]).all()


@given(WEIGHTS)
@settings(deadline=None)
def test_the_sequences_of_a_corpus_are_numbered_without_a_gap(weights: list[float]) -> None:
    mixture = Mixture.of(weights, 9000)
    corpora, numbers = mixture.sequences(0, 9000)
    for corpus, count in enumerate(mixture.counts(9000).tolist()):
        assert numbers[corpora == corpus].tolist() == list(range(count))


def test_plain_weights_are_kept_exactly() -> None:
    assert Mixture.of([0.7, 0.2, 0.1], 100).shares_C.tolist() == [7, 2, 1]
    assert Mixture.of([7, 2, 1], 1000).counts(1000).tolist() == [700, 200, 100]


def test_a_tiny_weight_still_has_its_turn() -> None:
    assert Mixture.of([1e-12, 1.0], 10).shares_C.min() == 1


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused(weight: float) -> None:
    with pytest.raises(UserError, match="has the weight"):
        Mixture.of([1.0, weight], 10)


def test_the_order_stays_as_it_was() -> None:
    """A training that resumes with a later danlu reads on: who changes these numbers raises VERSION."""
    corpora, _ = Mixture.of([3, 2, 1], 12).sequences(0, 12)
    assert corpora.tolist() == PINNED


PINNED = [0, 1, 0, 2, 1, 0, 0, 1, 0, 2, 1, 0]
