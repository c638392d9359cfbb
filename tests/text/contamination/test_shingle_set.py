import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.text.contamination.shingle_set import ShingleSet
from danlu.text.shingles import Hashes, hash_shingles, hash_tokens

WORDS = st.lists(st.sampled_from("ein 鸡 舍 farm hens 3".split()), max_size=30)


def tokens_of(texts: list[list[str]]) -> Hashes:
    return hash_tokens([" ".join(words) for words in texts])


@given(WORDS, st.lists(WORDS, max_size=6), st.integers(1, 6))
@settings(deadline=None)
def test_every_run_of_a_set_is_found_where_it_stands_and_nothing_else(
    own: list[str], texts: list[list[str]], length: int
) -> None:
    tokens = tokens_of(texts)
    sought = ShingleSet.of(np.unique(hash_shingles(tokens_of([own]), length).values), length)
    found = sought.places_in(tokens)
    runs = {tuple(own[at : at + length]) for at in range(len(own) - length + 1)}
    wanted = [
        (int(tokens.starts[number]) + at, number)
        for number, text in enumerate(texts)
        for at in range(len(text) - length + 1)
        if tuple(text[at : at + length]) in runs
    ]
    assert list(zip(found.at_M.tolist(), found.text_M.tolist(), strict=True)) == wanted
    which, owners = sought.texts_with(tokens)
    pairs = list(zip(which.tolist(), owners.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert set(pairs) == set(zip(found.which_M.tolist(), found.text_M.tolist(), strict=True))
    assert owners.tolist() == sorted(owners.tolist())


def test_a_large_set_holds_each_of_its_shingles_and_no_other() -> None:
    draw = np.random.default_rng(0)
    values = np.unique(draw.integers(0, 2**64, 200_000, dtype=np.uint64))
    sought = ShingleSet.of(values[::2], 1)
    found = sought.places_in(Hashes(values, np.array([0, len(values)])))
    assert found.at_M.tolist() == list(range(0, len(values), 2))
    assert found.which_M.tolist() == list(range(len(values[::2])))
