import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.text.edits import slips, slips_of_starts

WORDS = st.text("abc", max_size=6)


@pytest.mark.parametrize(
    ("one", "other", "number"),
    [("", "", 0), ("word", "word", 0), ("wrod", "word", 1), ("wrd", "word", 1), ("woord", "word", 1), ("ward", "word", 1)],
)  # fmt: skip
def test_one_slip_is_a_letter_left_out_put_in_changed_or_swapped(one: str, other: str, number: int) -> None:
    assert slips(one, other, 2) == number


@given(WORDS, WORDS, st.integers(0, 3))
def test_a_limit_changes_nothing_below_it(one: str, other: str, most: int) -> None:
    assert slips(one, other, most) == min(slips(one, other, 9), most + 1)
    assert slips(one, other, most) == slips(other, one, most)


@given(WORDS, WORDS, st.integers(0, 3))
def test_every_beginning_of_a_word_is_compared_at_once(one: str, other: str, most: int) -> None:
    alone = [slips(one[:length], other, most) for length in range(len(one) + 1)]
    assert slips_of_starts(one, other, most) == alone
