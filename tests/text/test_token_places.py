"""Tokens with their places: the same tokens as without, each from where it stands."""

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from danlu.text.shingles import hash_arrow_tokens, hash_tokens, token_spans, tokens
from danlu.text.token_places import token_places
from text.test_shingles import ALPHABET, TEXTS


@settings(deadline=None)  # the first batch makes the tables of all characters
@given(st.lists(st.one_of(st.text(), st.text(ALPHABET)), max_size=6), st.integers(0, 2))
@example(list(TEXTS), 0)
@example([], 0)
def test_tokens_are_the_same_and_each_place_holds_its_token(texts: list[str], left_out: int) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    array = pa.array([*["é"] * left_out, *texts], pa.large_string())[left_out:]
    places, expected = token_places(array), hash_arrow_tokens(array)
    assert places.hashes.values.tolist() == expected.values.tolist()
    assert places.hashes.starts.tolist() == expected.starts.tolist()
    for number, text in enumerate(texts):
        here = slice(*places.hashes.starts[number : number + 2].tolist())
        spans = list(zip(places.begins[here].tolist(), places.ends[here].tolist(), strict=True))
        assert spans == sorted(spans)
        for span in set(spans):
            inside = [
                value for value, place in zip(places.hashes.of(number).tolist(), spans, strict=True) if place == span
            ]
            assert hash_tokens([text[slice(*span)]]).values.tolist() == inside


@pytest.mark.parametrize(
    "text",
    [
        "The filter isn't FAST: 3.14 MB/s (x86_64).",
        "１９９８年，中国人民 进入了ＯＫ的新年。\n第二行",
        "a\u200bb c\u00add 中文abc字",
    ],
)
def test_where_characters_fold_alone_places_are_those_of_each_token(text: str) -> None:
    places = token_places(pa.array([text]))
    found = list(zip(places.begins.tolist(), places.ends.tolist(), strict=True))
    assert found == [(start, end) for _, start, end in token_spans(text)]


def test_a_sign_that_becomes_two_words_costs_no_more_than_the_word_it_stands_in() -> None:
    text = "房屋面积120㎡的住宅，第½层"
    places = token_places(pa.array([text]))
    found = [text[start:end] for start, end in zip(places.begins.tolist(), places.ends.tolist(), strict=True)]
    assert found == [*"房屋面积", "120㎡", *"的住宅", *["第½"] * 3, "层"] or tokens("第½") != ["第", "1", "2"]
