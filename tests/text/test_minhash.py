import numpy as np
import pytest

from danlu.text.minhash import Banding, band_keys, banding_for
from danlu.text.shingles import Hashes

ONES = Banding(126, 1)


def sets_of(jaccard: float, size: int, pairs: int) -> Hashes:
    """Pairs of sets with this similarity, as random numbers in random order."""
    rng = np.random.default_rng(size)
    shared = round(2 * size * jaccard / (1 + jaccard))
    values = []
    for _ in range(pairs):
        both = rng.integers(1, 2**63, 2 * size - shared).astype(np.uint64)
        values += [rng.permutation(both[:size]), rng.permutation(np.append(both[:shared], both[size:]))]
    return Hashes(np.concatenate(values), np.arange(2 * pairs + 1) * size)


@pytest.mark.parametrize("size", [1, 3, 20, 150, 1200])
@pytest.mark.parametrize("jaccard", [0.0, 0.5, 0.75, 1.0])
def test_places_agree_as_often_as_the_sets_are_similar(size: int, jaccard: float) -> None:
    pairs = 400
    shared = round(2 * size * jaccard / (1 + jaccard))
    keys = band_keys(sets_of(jaccard, size, pairs), ONES)
    equal = (keys[::2] == keys[1::2]).mean(axis=1)
    expected = shared / (2 * size - shared)
    assert equal.mean() == pytest.approx(expected, abs=5 * (expected * (1 - expected) / 126 / pairs) ** 0.5 + 1e-3)
    if size > 3:  # no wider than independent permutations
        assert equal.std() <= 1.15 * (expected * (1 - expected) / 126) ** 0.5 + 1e-9


def test_pairs_meet_as_often_as_the_bands_promise() -> None:
    banding = Banding(25, 5)
    keys = band_keys(sets_of(0.7, 200, 1000), banding)
    met = (keys[::2] == keys[1::2]).any(axis=1).mean()
    assert met == pytest.approx(banding.recall(0.7), abs=0.02)


def test_order_and_repetition_do_not_matter_and_empty_sets_have_no_key() -> None:
    values = np.arange(1, 60, dtype=np.uint64) * np.uint64(7919)
    both = Hashes(np.concatenate([values, values[::-1], values]), np.array([0, 59, 59, 118, 177]))
    keys = band_keys(both, Banding(25, 5))
    assert (keys[0] == keys[2]).all() and (keys[0] == keys[3]).all() and not keys[1].any() and keys[0].all()


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
def test_bands_are_the_widest_that_miss_about_one_in_a_hundred(threshold: float) -> None:
    banding = banding_for(threshold)
    assert banding.recall(threshold) >= 0.989 and banding.bands * banding.rows <= 126
    assert banding_for(0.7) == Banding(25, 5)
