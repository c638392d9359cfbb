import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.data.deduplicate.candidates import join_bands, pairs_of_band
from danlu.data.deduplicate.corpus import find_groups
from danlu.data.deduplicate.groups import near_groups
from data.deduplicate.corpora import edited, near_pairs, passages, work, write


def by_brute_force(texts: list[str], threshold: float) -> list[int]:
    groups = list(range(len(texts)))
    for a, b in near_pairs(texts, threshold):
        low, high = sorted((groups[a], groups[b]))
        groups = [low if group == high else group for group in groups]
    return groups


def versions() -> list[str]:
    """Chains: each version is an edit of the one before."""
    texts = []
    for number, text in enumerate(passages("en")[:15] + passages("zh")[:15]):
        for step in range(4):
            texts.append(text)
            text = edited(text, 0.02, number * 10 + step)
    return texts


def test_groups_are_those_of_comparing_all_with_all() -> None:
    texts = versions()
    for threshold in (0.5, 0.7, 0.8, 0.95):
        assert near_groups(texts, threshold) == by_brute_force(texts, threshold)


def test_a_corpus_is_grouped_as_texts_in_memory_are(tmp_path) -> None:
    texts = [*versions(), "", "", "短"]
    found = find_groups(work(tmp_path / "out"), write(tmp_path / "in", texts), 0.8).tolist()
    assert found[:-3] == near_groups(texts, 0.8)[:-3]
    assert found[-3] == found[-2]  # equal, though neither has a token


def test_arrow_strings_are_grouped_as_python_strings_are() -> None:
    texts = versions()[:30]
    assert near_groups(pa.array(["dropped", *texts], pa.string())[1:]) == near_groups(texts)
    assert near_groups([]) == [] and near_groups([""]) == [0]


WORDS = st.lists(st.sampled_from("a b c 字 词 é ﬁ".split()), max_size=8).map(" ".join)


@settings(deadline=None, max_examples=60)
@given(st.lists(WORDS, max_size=10))
def test_small_texts_group_by_the_definition(texts: list[str]) -> None:
    groups, expected = near_groups(texts, 0.8), by_brute_force(texts, 0.8)
    assert all(groups[at] <= at and groups[groups[at]] == groups[at] for at in range(len(texts)))
    assert groups == expected


def test_a_bucket_of_many_gives_pairs_in_proportion() -> None:
    keys = np.full(10_000, 7, np.uint64)
    pairs = pairs_of_band(keys)
    assert len(pairs) < 4 * len(keys)
    assert {pair >> 32 for pair in pairs.tolist()} == set(range(1, len(keys)))


def test_small_buckets_give_every_pair_once() -> None:
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 400, 1000).astype(np.uint64)
    found = {(pair & 0xFFFFFFFF, pair >> 32) for pair in pairs_of_band(keys).tolist()}
    buckets = {key: np.flatnonzero(keys == key).tolist() for key in set(keys.tolist()) - {0}}
    small = {(a, b) for places in buckets.values() if len(places) <= 5 for a in places for b in places if a < b}
    assert small <= found
    assert all(keys[a] == keys[b] != 0 for a, b in found)
    joined, meets = join_bands([pairs_of_band(keys), pairs_of_band(keys), pairs_of_band(keys * np.uint64(5))])
    assert len(joined) == len(found) and set(meets.tolist()) == {3}
