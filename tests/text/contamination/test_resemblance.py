import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.text.contamination.resemblance import Runs, common_subsequence, covered, position, window
from danlu.text.shingles import U64

TOKENS = st.integers(1, 7).flatmap(lambda kinds: st.lists(st.integers(0, kinds), max_size=200))


def scrambled(numbers: list[int]) -> U64:
    """Numbers as tokens are: anything of 64 bits."""
    return np.array(numbers, np.uint64) * np.uint64(0x9E3779B97F4A7C15)


@given(TOKENS, TOKENS)
@settings(deadline=None)
def test_the_common_subsequence_of_long_texts_is_as_long_as_the_table_says(first: list[int], second: list[int]) -> None:
    row = [0] * (len(second) + 1)
    for one in first:
        before = row
        row = [0]
        for at, other in enumerate(second):
            row.append(before[at] + 1 if one == other else max(before[at + 1], row[at]))
    assert common_subsequence(scrambled(first), scrambled(second)) == row[-1]


@given(TOKENS, TOKENS, st.integers(1, 8), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_what_is_covered_stands_in_runs_that_both_texts_have(
    own: list[int], other: list[int], length: int, draw
) -> None:
    content = [draw.random() < 0.7 for _ in own]
    runs = {tuple(other[at : at + length]) for at in range(len(other) - length + 1)}
    mask = [False] * len(own)
    for at in range(len(own) - length + 1):
        if tuple(own[at : at + length]) in runs:
            mask[at : at + length] = [True] * length
    stretches, size = [0], 0
    for inside, counts in zip(mask, content, strict=True):
        size = size + counts if inside else 0
        stretches.append(size)
    whole = sum(inside and counts for inside, counts in zip(mask, content, strict=True))
    found = covered(Runs.of(scrambled(own), length), scrambled(other), np.array(content, bool))
    assert found == (whole, max(stretches))


@given(
    st.lists(st.integers(100, 10**9), min_size=12, max_size=60, unique=True), st.integers(0, 300), st.integers(0, 300)
)
@settings(deadline=None)
def test_the_window_holds_the_whole_of_a_text_that_stands_in_another(own: list[int], before: int, after: int) -> None:
    tokens = scrambled([*range(before), *own, *range(300, 300 + after)])
    near = window(Runs.of(scrambled(own)), tokens)
    assert position(scrambled(own), near, 0) is not None
    assert len(near) <= len(own) + 2 * max(4, len(own) // 4)


def test_texts_that_share_no_run_have_no_window() -> None:
    assert len(window(Runs.of(scrambled([1, 2, 3, 4])), scrambled([4, 3, 2, 1]))) == 0
