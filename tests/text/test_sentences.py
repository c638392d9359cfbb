import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.text.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("第一句。第二句！“第三句。”第四句", ["第一句。", "第二句！", "“第三句。”", "第四句"]),
        ("See papersize(5). Then edit /etc/fstab.", ["See papersize(5).", "Then edit /etc/fstab."]),
        ("Version 2.6.32 is old.", ["Version 2.6.32 is old."]),
        ("1. Open it. Wait.\n12. Close it in 5. Stop.", ["1. Open it.", "Wait.", "12. Close it in 5.", "Stop."]),
        ("By J. Doe. Done.", ["By J. Doe.", "Done."]),
        (
            "Dr. Lindqvist succeeds Dr. Okafor. Present: Mr. Weber, Mrs. Tan and Prof. Adeyemi.",
            ["Dr. Lindqvist succeeds Dr. Okafor.", "Present: Mr. Weber, Mrs. Tan and Prof. Adeyemi."],
        ),
        ("Written\nby Dr.\nOkafor. Read by Ms. Tan.", ["Written\nby Dr.\nOkafor.", "Read by Ms. Tan."]),
        (
            "Use spirit, e.g. Ethanol 70, i.e. Not soap. Rinse.",
            ["Use spirit, e.g. Ethanol 70, i.e. Not soap.", "Rinse."],
        ),
        ("Day vs. Night at St. Mary. Closed.", ["Day vs. Night at St. Mary.", "Closed."]),
        ("See Fig. 3 and invoice No. 17 of Jan. 5. Pay.", ["See Fig. 3 and invoice No. 17 of Jan. 5.", "Pay."]),
        (
            "May dogs come in? No. They wait outside. Not in winter.",
            ["May dogs come in?", "No.", "They wait outside.", "Not in winter."],
        ),
        (
            "Brandt Inc. delivers at 8 a.m. on Monday. It is by Brandt Inc. Pay.",
            ["Brandt Inc. delivers at 8 a.m. on Monday.", "It is by Brandt Inc.", "Pay."],
        ),
        (
            "The kids. The xyzdr. The best. 请Dr. Wang来。好",
            ["The kids.", "The xyzdr.", "The best.", "请Dr. Wang来。", "好"],
        ),
        ("Do this:\n\n    adduser user", ["Do this:", "adduser user"]),
        ("Steps\n- one\n- two\n1. three", ["Steps", "- one", "- two", "1. three"]),
        (
            "Devices\n\n| id | note |\n| --- | --- |\n| 7 | Old. Slow! |\n| 8 | 新的。快 |\nMore.",
            ["Devices", "| id | note |\n| --- | --- |", "| 7 | Old. Slow! |", "| 8 | 新的。快 |", "More."],
        ),
        ("", []),
        (" \n\n ", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


def test_an_endless_sentence_is_cut_at_white_space() -> None:
    found = sentences("word " * 1000)
    assert all(len(part) <= 600 for part in found)
    assert " ".join(found) == ("word " * 1000).strip()


def test_an_endless_word_is_cut_all_the_same() -> None:
    assert "".join(sentences("字" * 2000)) == "字" * 2000


@given(st.text("ab。. \n!中-1", max_size=200), st.integers(0, 50), st.integers(0, 200))
def test_spans_are_ordered_and_hold_all_that_is_not_white_space(text: str, start: int, end: int) -> None:
    start, end = min(start, len(text)), min(end, len(text))
    spans = list(sentence_spans(text, start, end))
    position = start
    for span_start, span_end in spans:
        assert position <= span_start < span_end <= max(end, start)
        assert not text[position:span_start].strip()
        assert text[span_start:span_end] == text[span_start:span_end].strip()
        position = span_end
    assert not text[position:end].strip()
