import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.text.records import Block, Document
from danlu.text.sections import MAX_WEIGHT, heading_text, passages, sections, weight

SENTENCE = st.sampled_from(["Short one. ", "这是一个句子。", "word " * 60, "长" * 500, "a/b-c " * 5])


def document(blocks: list[tuple[str, int, str]]) -> Document:
    """A document of (kind, level, text) blocks, on a new page every third block."""
    text, spans = "", []
    for number, (kind, level, body) in enumerate(blocks):
        text += "\n\n" if text else ""
        spans.append(Block(len(text), len(text) + len(body), kind, number // 3 + 1, level))
        text += body
    return Document("d", text, "Title", "d.txt", "text/plain", "MIT", blocks=tuple(spans))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    blocks = []
    for _ in range(draw(st.integers(0, 8))):
        if draw(st.booleans()):
            blocks.append(("heading", draw(st.integers(1, 4)), "1.2. Some heading"))
        else:
            body = "".join(draw(st.lists(SENTENCE, min_size=1, max_size=6))).strip()
            blocks.append((draw(st.sampled_from(["text", "code", "table"])), 0, body))
    return document(blocks)


@given(documents())
def test_every_block_of_text_is_in_exactly_one_section_in_order(given_document: Document) -> None:
    found = [block for section in sections(given_document) for block in section.blocks]
    assert found == [block for block in given_document.blocks if block.kind != "heading"]


@given(documents())
def test_every_letter_of_text_is_in_exactly_one_passage_in_order(given_document: Document) -> None:
    text = given_document.text
    covered: list[int] = []
    for passage in passages(given_document):
        assert passage.end > passage.start
        covered.extend(range(passage.start, passage.end))
    assert covered == sorted(set(covered))
    wanted = {at for b in given_document.blocks if b.kind != "heading" for at in range(b.start, b.end)}
    assert {at for at in wanted if not text[at].isspace()} <= set(covered)
    headings = {at for b in given_document.blocks if b.kind == "heading" for at in range(b.start, b.end)}
    assert not headings & set(covered)


@given(documents())
def test_passages_are_bounded(given_document: Document) -> None:
    for passage in passages(given_document):
        assert weight(given_document.text[passage.start : passage.end]) <= 2 * MAX_WEIGHT


def test_headings_lead_from_the_outermost_to_the_own() -> None:
    found = list(
        sections(
            document(
                [
                    ("text", 0, "before"),
                    ("heading", 1, "Chapter 2. Tools"),
                    ("heading", 2, "2.1. apt"),
                    ("text", 0, "about apt"),
                    ("heading", 2, "2.2. dpkg"),
                    ("text", 0, "about dpkg"),
                    ("heading", 1, "3 End"),
                    ("text", 0, "bye"),
                ]
            )
        )
    )
    assert [section.headings for section in found] == [(), ("Tools", "apt"), ("Tools", "dpkg"), ("End",)]
    assert len({section.id for section in found}) == 4


def test_numbers_of_headings_are_left_out_and_names_are_not() -> None:
    cases = {
        "Chapter 11. Customizing": "Customizing",
        "11.2. How can I": "How can I",
        "第 3 章 选择发行版": "选择发行版",
        "3.1、安装": "安装",
        "附录 A 术语": "术语",
        "3.5": "3.5",
        "2024": "2024",
        "  Two\n lines ": "Two lines",
        "X11 programs": "X11 programs",
        "64-bit systems": "64-bit systems",
        "3D printing": "3D printing",
        "802.11 networks": "802.11 networks",
        "2024 年报": "2024 年报",
        "A.1. Terms": "Terms",
    }
    assert {raw: heading_text(raw) for raw in cases} == cases


def test_a_short_rest_joins_the_passage_before_it() -> None:
    found = list(passages(document([("text", 0, "x" * 700), ("text", 0, "y" * 200), ("text", 0, "z" * 20)])))
    assert len(found) == 2


def test_a_han_character_weighs_two() -> None:
    assert weight("安装 apt 软件包。") == 2 * 5 + 6


def spans_of(given_document: Document) -> list[str]:
    return [given_document.text[passage.start : passage.end] for passage in passages(given_document)]


def test_a_list_stays_whole_with_the_line_that_introduces_it() -> None:
    items = [("text", 0, f"- {letter * 100}") for letter in "abcd"]
    found = spans_of(document([("text", 0, "x" * 600), ("text", 0, "Choose one of:"), *items, ("text", 0, "After.")]))
    assert [text[:10].strip() for text in found] == ["xxxxxxxxxx", "Choose one"]
    assert all(letter * 100 in found[1] for letter in "abcd")


def test_a_list_too_long_for_a_passage_is_cut_between_items() -> None:
    found = spans_of(document([("text", 0, f"- {letter * 300}") for letter in "abcdef"]))
    assert len(found) > 1
    assert all(text.startswith("- ") for text in found)


def table(rows: int, width: int = 60) -> list[tuple[str, int, str]]:
    header = ("table", 0, "| name | what |\n| --- | --- |")
    return [header, *(("table", 0, f"| row{number} | {'x' * width} |") for number in range(rows))]


def test_a_passage_that_begins_within_a_table_takes_its_caption_and_header_along() -> None:
    given_document = document([("text", 0, "Table 1. Parts"), *table(30)])
    found = list(passages(given_document))
    assert len(found) > 2
    assert [passage.table for passage in found] == [
        "",
        *["Table 1. Parts\n| name | what |\n| --- | --- |"] * (len(found) - 1),
    ]
    assert all("Table 1" not in text for text in spans_of(given_document)[1:])


def test_a_sentence_before_a_table_is_no_caption_and_a_second_table_has_its_own_header() -> None:
    other = ("table", 0, "| other | head |\n| --- | --- |")
    blocks = [("text", 0, "It ends like a sentence."), *table(12), other, *table(12)[1:]]
    named = [passage.table for passage in passages(document(blocks)) if passage.table]
    assert set(named) == {"| name | what |\n| --- | --- |", "| other | head |\n| --- | --- |"}


def test_the_header_of_a_table_stands_with_its_first_row() -> None:
    found = spans_of(document([("text", 0, "x" * 720), *table(3, 100)]))
    assert "row0" in next(text for text in found if "| name |" in text)


def test_a_table_that_goes_on_under_its_header_on_a_new_page_keeps_its_caption() -> None:
    header = table(0)[0]
    blocks = [("text", 0, "Table 1. Parts"), *table(12), header, *table(12)[1:]]
    named = [passage.table for passage in passages(document(blocks)) if passage.table]
    assert set(named) == {"Table 1. Parts\n| name | what |\n| --- | --- |"}


@pytest.mark.parametrize("between", ["These are the rooms of the other house.", "x" * 400])
def test_a_table_after_other_text_does_not_take_the_caption_of_an_equal_header_before_it(between: str) -> None:
    blocks = [("text", 0, "Table 1. House A"), *table(12), ("text", 0, between), *table(12, 50)]
    given_document = document(blocks)
    second = given_document.text.index(between)
    named = {passage.table for passage in passages(given_document) if passage.table and passage.start > second}
    assert named == {"| name | what |\n| --- | --- |"}


def test_a_table_right_below_another_does_not_take_its_caption_where_both_headers_are_too_wide() -> None:
    first, second = (("table", 0, f"| {name * 300} |\n| --- |") for name in "ab")
    rows = [("table", 0, f"| {letter * 100} |") for letter in "cdefghijklmn"]
    given_document = document([("text", 0, "Table 1. Parts"), first, *rows, second, *rows])
    at = given_document.text.index("b" * 300)
    assert not any(passage.table for passage in passages(given_document) if passage.start > at)


def test_alignment_marks_are_part_of_a_header() -> None:
    header = ("table", 0, "| name | what |\n| :-- | --: |")
    found = spans_of(document([("text", 0, "x" * 720), header, *table(3, 100)[1:]]))
    assert "row0" in next(text for text in found if "| name |" in text)


def test_every_piece_of_a_row_too_long_for_a_passage_has_the_header() -> None:
    long_row = ("table", 0, f"| row | {'A long cell goes on. ' * 100}|")
    found = list(passages(document([*table(1), long_row])))
    assert len(found) > 2
    assert all(passage.table == "| name | what |\n| --- | --- |" for passage in found[1:])


@pytest.mark.parametrize(
    "marks", [("1、", "2、"), ("（一）", "（二）"), ("①", "②"), ("a) ", "b) "), ("1.", "2."), ("● ", "● ")]
)
def test_lists_are_known_by_their_marks(marks: tuple[str, str]) -> None:
    items = [("text", 0, mark + "长" * 60) for mark in marks]
    found = spans_of(document([("text", 0, "长" * 300), ("text", 0, "如下："), *items]))
    assert found[1].startswith("如下：")
    assert marks[1] in found[1]


def test_a_figure_begins_no_list() -> None:
    figures = [("text", 0, "1.5 bar is the least. " + "x" * 380), ("text", 0, "7.5 bar is the most. " + "y" * 380)]
    assert len(spans_of(document([("text", 0, "z" * 700), ("text", 0, "Pressure:"), *figures]))) > 2
