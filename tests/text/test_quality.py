"""The kernels must count what the plain Python counts, on any text, and however texts are batched."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.text.quality import COLUMNS, measure
from text import plain_quality

_PARTS = ("a", "b", "the", "的", "中", "国", " ", "\n", "\n\n", " \n", ".", "...", "…", "-", "•", "#", "，", "。", "\u3000", "\r", "😀", "_", "9", "A", "\x00", "\ue000", "é", "が", "{", "Lorem ipsum", "？", "”", ")", "3.1", "!", "о", "ω", "x", "\u0301")  # fmt: skip
_COMPOSED = st.lists(st.sampled_from(_PARTS), max_size=80).map("".join)
_ANY = st.text(st.characters(codec="utf-8"), max_size=60)


@settings(max_examples=300, deadline=None)
@given(st.lists(_COMPOSED | _ANY, max_size=4))
def test_every_column_is_what_plain_python_counts(texts: list[str]) -> None:
    found = measure(pa.array(texts, pa.large_string()))
    wanted = [[*plain_quality.measure(text).values()] for text in texts]
    assert found.tolist() == wanted


def test_a_slice_and_an_empty_batch_are_counted_as_whole_arrays_are() -> None:
    texts = pa.array(["the end of that", "", "请把阀门关上。\n请把阀门关上。", "x " * 50], pa.large_string())
    assert measure(texts[1:3]).tolist() == measure(texts)[1:3].tolist()
    assert measure(texts[:0]).shape == (0, len(COLUMNS))


def test_a_text_of_many_lines_beside_a_longer_one_of_a_single_line() -> None:
    texts = ["word " * 200_000, "a\n" * 50_000, "b c\n" * 10]
    together = measure(pa.array(texts, pa.large_string()))
    assert together.tolist() == [measure(pa.array([text], pa.large_string()))[0].tolist() for text in texts]
