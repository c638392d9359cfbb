import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.data.deduplicate.exact import first_equal, text_hashes

SPACES = st.sampled_from(
    ["a", "b", "中", "。", "é", "\u2014", " ", "\n", "\t", "\x1c", "\u3000", "\u00a0", "\u2028", "\x85", "\u1680"]
)


def same_by_definition(texts: list[str]) -> list[int]:
    folded = [" ".join(text.split()) for text in texts]
    return [folded.index(text) for text in folded]


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.one_of(st.text(SPACES, max_size=6), st.text(st.characters(exclude_categories=["Cs"]))), max_size=40))
def test_texts_are_equal_when_only_white_space_differs(texts: list[str]) -> None:
    hashes = text_hashes(pa.array(texts, pa.large_string()))
    assert first_equal(hashes).tolist() == same_by_definition(texts)


def test_case_width_and_punctuation_make_a_difference() -> None:
    texts = ["Abc", "abc", "ａｂｃ", "abc.", "ab c", "abc\u200b"]
    assert first_equal(text_hashes(pa.array(texts, pa.large_string()))).tolist() == list(range(6))


def test_close_numbers_have_different_hashes() -> None:
    texts = [f"{number} {number * 3 % 1000}" for number in range(200_000)]
    hashes = text_hashes(pa.array(texts, pa.large_string()))
    assert first_equal(hashes).tolist() == list(range(200_000))
    assert len({*hashes[:, 0].tolist()}) == len({*hashes[:, 1].tolist()}) == 200_000
