import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from danlu.data.extract.blocks import Extracted, Unreadable
from danlu.data.extract.pdf import extract_pdf
from danlu.data.extract.pdf_lines import Line
from danlu.data.extract.pdf_order import regions
from danlu.data.extract.pdf_rows import rows
from danlu.data.normalise import normalise
from printed import CHINESE, CHINESE_FONT, ENGLISH, HEIGHT, OTHER, WIDTH, Draw, drawn, lines, wrapped


def said(found: Extracted, *kinds: str) -> list[str]:
    return [found.text[b.start : b.end] for b in found.blocks if not kinds or b.kind in kinds]


def flat(text: str) -> str:
    return " ".join(text.split())


def two_columns(canvas: Canvas) -> None:
    """Row by row over both columns, as some programs write them."""
    canvas.setFont("Times-Roman", 16)
    canvas.drawCentredString(WIDTH / 2, 790, "Two subjects on one page, told side by side")
    canvas.setFont("Times-Roman", 10)
    left, right = wrapped(ENGLISH * 2, 48), wrapped(OTHER * 2, 48)
    for number in range(max(len(left), len(right))):
        for x, column in ((60, left), (310, right)):
            if number < len(column):
                canvas.drawString(x, 750 - 12 * number, column[number])


def test_columns_are_read_one_after_the_other() -> None:
    found = flat(extract_pdf(drawn(two_columns)).text)
    assert found.startswith("Two subjects on one page")
    assert ENGLISH in found
    assert OTHER in found
    assert found.index(ENGLISH) < found.index(OTHER)


def test_a_line_over_both_columns_parts_them() -> None:
    def page(canvas: Canvas) -> None:
        for top, (left, right) in ((780, (ENGLISH, OTHER)), (500, (OTHER.lower(), ENGLISH.lower()))):
            lines(canvas, wrapped(left, 46), 60, top)
            lines(canvas, wrapped(right, 46), 310, top)
        lines(
            canvas,
            ["A line across the whole width of the page stands between what is above and what is below it."],
            60,
            600,
        )

    found = flat(extract_pdf(drawn(page)).text)
    order = [found.index(flat(part)) for part in (ENGLISH, OTHER, "A line across", OTHER.lower(), ENGLISH.lower())]
    assert order == sorted(order)


def test_chinese_columns_are_read_one_after_the_other() -> None:
    def page(canvas: Canvas) -> None:
        for number, (a, b) in enumerate(
            zip(wrapped(CHINESE * 2, 22), wrapped("打印机" + CHINESE * 2, 22), strict=False)
        ):
            lines(canvas, [a], 60, 780 - 14 * number, CHINESE_FONT)
            lines(canvas, [b], 320, 780 - 14 * number, CHINESE_FONT)

    found = "".join(extract_pdf(drawn(page)).text.split())
    assert CHINESE in found
    assert "打印机" + CHINESE in found


def test_aligned_cells_are_a_table() -> None:
    cells = [
        ("Package", "Size", "Licence"),
        ("apt", "4,161", "GPL-2"),
        ("dpkg", "6,570", "GPL-2"),
        ("bash", "7,176", "GPL-3"),
    ]

    def page(canvas: Canvas) -> None:
        lines(canvas, wrapped(ENGLISH, 90), 60, 780)
        for number, row in enumerate(cells):
            for x, cell in zip((80, 220, 320), row, strict=True):
                lines(canvas, [cell], x, 680 - 14 * number)
        lines(canvas, wrapped(OTHER, 90), 60, 560)

    found = extract_pdf(drawn(page))
    assert "\n".join(said(found, "table")) == (
        "| Package | Size | Licence |\n| --- | --- | --- |\n| apt | 4,161 | GPL-2 |\n| dpkg | 6,570 | GPL-2 |\n| bash | 7,176 | GPL-3 |"
    )
    assert [flat(text) for text in said(found, "text")] == [ENGLISH, OTHER]


def test_a_list_with_bullets_is_no_table() -> None:
    def page(canvas: Canvas) -> None:
        for number, item in enumerate(
            ("Open the lid", "Take the paper out", "Close the lid again", "Wait for a minute")
        ):
            lines(canvas, ["•"], 60, 700 - 14 * number)
            lines(canvas, [item], 90, 700 - 14 * number)

    assert said(extract_pdf(drawn(page)), "table") == []


def test_running_titles_of_chapters_and_of_left_and_right_pages_are_furniture() -> None:
    words = ENGLISH.split()
    texts = [" ".join(words[3 * number :] + words[: 3 * number]) for number in range(16)]

    def page(number: int) -> Draw:
        def draw(canvas: Canvas) -> None:
            title = "Handbook" if number % 2 else f"Chapter {number // 8}"
            lines(canvas, [title], 60 if number % 2 else 460, 810)
            lines(canvas, wrapped(texts[number], 80), 60, 760)
            lines(canvas, [f"– {number + 1} –"], 290, 40)

        return draw

    found = extract_pdf(drawn(*(page(number) for number in range(16))))
    assert len(said(found, "furniture")) == 32
    assert [
        flat(" ".join(found.text[b.start : b.end] for b in found.blocks if b.kind == "text" and b.page == n + 1))
        for n in range(16)
    ] == texts


def test_a_running_title_of_one_page_is_furniture_where_others_run_and_a_heading_below_is_none() -> None:
    words = ENGLISH.split()
    titles = ["Chapter 6. Installing"] * 9 + ["Chapter 6. Firmware", "Chapter 7. First start", "Chapter 7. First start"]

    def page(number: int) -> Draw:
        def draw(canvas: Canvas) -> None:
            lines(canvas, [titles[number]], 60, 810)
            y = lines(canvas, ["Chapter 7. The system"], 60, 770, "Helvetica-Bold", 16) - 6 if number == 10 else 760
            lines(canvas, wrapped(" ".join(words[3 * number :] + words[: 3 * number]), 80), 60, y)

        return draw

    found = extract_pdf(drawn(*(page(number) for number in range(12))))
    assert said(found, "furniture") == titles
    assert said(found, "heading") == ["Chapter 7. The system"]


def test_headings_are_told_by_their_size_where_there_is_no_outline() -> None:
    def page(canvas: Canvas) -> None:
        y = lines(canvas, ["Handbook of the printer"], 60, 790, "Helvetica-Bold", 20) - 10
        for title in ("Paper", "Ink"):
            y = lines(canvas, [title], 60, y, "Helvetica-Bold", 14) - 6
            y = lines(canvas, wrapped(ENGLISH, 90), 60, y) - 14

    found = extract_pdf(drawn(page))
    headings = [(found.text[b.start : b.end], b.level) for b in found.blocks if b.kind == "heading"]
    assert headings == [("Handbook of the printer", 1), ("Paper", 2), ("Ink", 2)]
    assert found.title == "Handbook of the printer"


def test_a_word_cut_at_a_line_is_mended_by_cleaning_once() -> None:
    def page(canvas: Canvas) -> None:
        lines(canvas, ["The in-place update of a pack-", "age never stops the sys-", "tem that it runs on."], 60, 700)

    found = extract_pdf(drawn(page))
    assert found.text == "The in-place update of a pack-\nage never stops the sys-\ntem that it runs on."
    assert (
        normalise(found.text, found.blocks)[0]
        == "The in-place update of a package never stops the system that it runs on."
    )


def test_a_listing_keeps_its_lines_and_indents() -> None:
    def page(canvas: Canvas) -> None:
        lines(canvas, wrapped(ENGLISH, 90), 60, 780)
        for number, (indent, line) in enumerate(((0, "for name in names:"), (4, "if name:"), (8, "print(name)"))):
            lines(canvas, [line], 60 + indent * 6, 700 - 12 * number, "Courier")

    assert said(extract_pdf(drawn(page)), "code") == ["for name in names:\n    if name:\n        print(name)"]


def test_footnotes_stand_after_the_text_of_both_columns() -> None:
    def page(canvas: Canvas) -> None:
        y = lines(canvas, wrapped(ENGLISH[:-1], 46), 60, 780)
        lines(canvas, ["1 A note of the first column."], 60, y - 20, size=7)
        lines(canvas, wrapped(OTHER[0].lower() + OTHER[1:], 46), 310, 780)

    found = flat(extract_pdf(drawn(page)).text)
    assert found.endswith("1 A note of the first column.")
    assert f"{ENGLISH[:-1]} {OTHER[0].lower()}" in found


def test_a_page_that_lies_on_its_side_is_read() -> None:
    def page(canvas: Canvas) -> None:
        canvas.setPageRotation(90)
        canvas.translate(WIDTH, 0)
        canvas.rotate(90)
        lines(canvas, wrapped(ENGLISH, 100), 60, 500)

    assert flat(extract_pdf(drawn(page)).text) == ENGLISH


def test_a_stamp_up_the_margin_is_furniture() -> None:
    def page(canvas: Canvas) -> None:
        lines(canvas, wrapped(ENGLISH, 90), 60, 780)
        canvas.rotate(90)
        lines(canvas, ["Downloaded by somebody on a Sunday"], 200, -20)

    found = extract_pdf(drawn(page))
    assert said(found, "furniture") == ["Downloaded by somebody on a Sunday"]
    assert flat("\n".join(said(found, "text"))) == ENGLISH


def test_facts_of_the_file_are_kept() -> None:
    def page(canvas: Canvas) -> None:
        canvas.setAuthor("A. Writer")
        canvas.setTitle("Printers at home")
        lines(canvas, ["Printers at home"], 60, 780)

    found = extract_pdf(drawn(page, page))
    assert found.title == "Printers at home"
    assert found.meta["author"] == "A. Writer"
    assert found.meta["pages"] == 2


TABLE = [
    ("Package", "Size", "Licence", "Section"),
    ("apt", "4,161", "GPL-2", "admin"),
    ("dpkg", "6,570", "GPL-2", "admin"),
    ("bash", "7,176", "GPL-3", "shells"),
]
CHINESE_TABLE = [("名称", "数量", "单位", "备注"), ("纸张", "三百", "包", "已到货"), ("墨盒", "二十", "个", "未到货"), ("鼠标", "五十", "个", "已到货")]  # fmt: skip


def set_table(canvas: Canvas, cells: Sequence[Sequence[str]], top: float, font: str = "Times-Roman") -> float:
    """A table over the whole width; no cell touches the strip between the columns."""
    for row in cells:
        for x, cell in zip((60, 190, 320, 450), row, strict=True):
            lines(canvas, [cell], x, top, font)
        top -= 14
    return top


def markdown(cells: Sequence[Sequence[str]]) -> list[str]:
    shown = [f"| {' | '.join(row)} |" for row in cells]
    return [f"{shown[0]}\n| --- | --- | --- | --- |", *shown[1:]]


@pytest.mark.parametrize("between", [True, False])
def test_a_wide_table_below_or_between_columns_stays_whole(between: bool) -> None:
    def page(canvas: Canvas) -> None:
        lines(canvas, wrapped(ENGLISH * 2, 48), 60, 780)
        y = lines(canvas, wrapped(OTHER * 2, 48), 310, 780) - 20
        lines(canvas, ["Table 1. Packages"], 60, y)
        y = set_table(canvas, TABLE, y - 18) - 20
        if between:
            lines(canvas, wrapped(ENGLISH.lower(), 48), 60, y)
            lines(canvas, wrapped(OTHER.lower(), 48), 310, y)

    found = extract_pdf(drawn(page))
    assert said(found, "table") == markdown(TABLE)
    parts = [ENGLISH, OTHER, "Table 1. Packages", "| bash |", *([ENGLISH.lower(), OTHER.lower()] if between else [])]
    order = [flat(found.text).find(part) for part in parts]
    assert -1 not in order
    assert order == sorted(order)


def test_a_wide_chinese_table_below_columns_stays_whole() -> None:
    def page(canvas: Canvas) -> None:
        for x, text in ((60, CHINESE * 3), (310, "打印机" + CHINESE * 3)):
            y = lines(canvas, wrapped(text, 22), x, 780, CHINESE_FONT)
        set_table(canvas, CHINESE_TABLE, y - 30, CHINESE_FONT)

    found = extract_pdf(drawn(page))
    assert said(found, "table") == markdown(CHINESE_TABLE)
    assert "打印机" + CHINESE * 3 in "".join(found.text.split())


def test_a_table_of_wide_cells_is_not_taken_for_columns() -> None:
    cells = [(f"http://mirror{n}.example.org/debian/", f"stable-backports-{n} of twelve", f"the {n}th newer release") for n in range(10)]  # fmt: skip

    def page(canvas: Canvas) -> None:
        y = lines(canvas, wrapped(ENGLISH, 90), 60, 780) - 14
        for row in cells:
            for x, cell in zip((60, 240, 400), row, strict=True):
                lines(canvas, [cell], x, y)
            y -= 14
        lines(canvas, wrapped(OTHER, 90), 60, y - 14)

    found = extract_pdf(drawn(page))
    assert [text.split("\n")[0] for text in said(found, "table")] == [f"| {' | '.join(row)} |" for row in cells]


def test_tables_side_by_side_stay_in_their_columns() -> None:
    def page(canvas: Canvas) -> None:
        for x, number in ((60, 1), (310, 2)):
            y = lines(canvas, [f"Table {number}. Some packages"], x, 780) - 6
            for row in TABLE:
                for step, cell in enumerate(row[:3]):
                    lines(canvas, [f"{cell}{number}"], x + 70 * step, y)
                y -= 14
            lines(canvas, wrapped((ENGLISH, OTHER)[number - 1] * 2, 46), x, y - 20)

    found = extract_pdf(drawn(page))
    assert [line.count("|") for text in said(found, "table") for line in text.split("\n")] == [4] * 10
    order = [flat(found.text).find(part) for part in ("Table 1.", "| bash1 |", ENGLISH, "Table 2.", "| bash2 |", OTHER)]
    assert -1 not in order
    assert order == sorted(order)


def test_columns_in_the_lower_part_of_a_page_alone_are_told() -> None:
    def page(canvas: Canvas) -> None:
        y = lines(canvas, wrapped((ENGLISH + " ") * 7, 100), 60, 780) - 14
        lines(canvas, wrapped(f"{ENGLISH.lower()} {OTHER}", 48), 60, y)
        lines(canvas, wrapped(f"{OTHER.lower()} {ENGLISH}", 48), 310, y)

    found = flat(extract_pdf(drawn(page)).text)
    assert found.endswith(f"{ENGLISH.lower()} {OTHER} {OTHER.lower()} {ENGLISH}")


def test_bands_of_two_and_of_three_columns_are_read_one_after_the_other() -> None:
    def page(canvas: Canvas) -> None:
        lines(canvas, wrapped(ENGLISH, 46), 60, 780)
        lines(canvas, wrapped(OTHER, 46), 310, 780)
        for x, text in ((60, ENGLISH.upper()), (225, OTHER.upper()), (390, ENGLISH.lower())):
            lines(canvas, wrapped(text, 26 if text.islower() else 20), x, 600)

    found = flat(extract_pdf(drawn(page)).text)
    order = [found.find(part) for part in (ENGLISH, OTHER, ENGLISH.upper(), OTHER.upper(), ENGLISH.lower())]
    assert -1 not in order
    assert order == sorted(order)


def set_chinese(canvas: Canvas, texts: Sequence[str], pitch: float, indent: int = 2, gap: float = 0) -> None:
    """Paragraphs of 34 characters a line, set at 12 points."""
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE_FONT))
    canvas.setFont(CHINESE_FONT, 12)
    y = 780.0
    for text in texts:
        canvas.drawString(72 + 12 * indent, y, text[: 34 - indent])
        for line in wrapped(text[34 - indent :], 34):
            y -= pitch
            canvas.drawString(72, y, line)
        y -= pitch + gap


PARAGRAPHS = (CHINESE, CHINESE * 2, f"打印机{CHINESE}参见附录", "下一段很短。", CHINESE)


@pytest.mark.parametrize("pitch", [14.4, 18, 23.4, 31])
@pytest.mark.parametrize(("indent", "gap"), [(2, 0), (0, 12)])
def test_chinese_paragraphs_are_told_at_any_line_spacing(pitch: float, indent: int, gap: float) -> None:
    found = extract_pdf(drawn(lambda canvas: set_chinese(canvas, PARAGRAPHS, pitch, indent, gap * pitch / 18)))
    assert ["".join(text.split()) for text in said(found)] == list(PARAGRAPHS)


@pytest.mark.parametrize("scale", [0.24, 0.75, 2, 12])
def test_the_size_of_letters_is_the_one_that_is_shown(scale: float) -> None:
    def page(canvas: Canvas) -> None:
        canvas.scale(scale, scale)
        for number, (size, text) in enumerate([(18, "A large title"), *((12, line) for line in wrapped(ENGLISH, 80))]):
            lines(canvas, [text], 60 / scale, (780 - 23.4 * number) / scale, size=size / scale)

    found = extract_pdf(drawn(page))
    assert [(block.kind, flat(found.text[block.start : block.end])) for block in found.blocks] == [
        ("heading", "A large title"), ("text", ENGLISH),
    ]  # fmt: skip


def test_a_sentence_that_ends_short_of_the_margin_ends_its_chinese_paragraph() -> None:
    texts = (f"{(CHINESE * 2)[:96]}。", CHINESE, CHINESE)
    found = extract_pdf(drawn(lambda canvas: set_chinese(canvas, texts, 18, indent=0)))
    assert ["".join(text.split()) for text in said(found)] == list(texts)


LINE = st.builds(
    lambda x, y, width, size: Line("words", x, y, x + width, y + size, size),
    st.floats(0, 500), st.floats(0, 800), st.floats(1, 400), st.floats(4, 30),
)  # fmt: skip


@given(st.lists(LINE, max_size=80))
def test_every_line_is_in_exactly_one_region_and_row(page: list[Line]) -> None:
    columns = regions(page)
    assert sorted(id(line) for column in columns for line in column) == sorted(map(id, page))
    assert sorted(id(line) for column in columns for row in rows(column) for line in row) == sorted(map(id, page))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_a_damaged_file_is_read_or_refused_by_name(seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(drawn(two_columns))
    for _ in range(chance.randrange(1, 30)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    try:
        extract_pdf(bytes(content[: chance.randrange(len(content))] if chance.random() < 0.3 else content))
    except Unreadable as reason:
        assert reason.rule in {"damaged", "encrypted", "no text"}


def test_the_page_is_where_the_line_stands() -> None:
    def page(text: str) -> Draw:
        return lambda canvas: lines(canvas, wrapped(text, 80), 60, HEIGHT - 80)

    found = extract_pdf(drawn(page(ENGLISH), page(OTHER)))
    assert [(b.page, flat(found.text[b.start : b.end])) for b in found.blocks] == [(1, ENGLISH), (2, OTHER)]


def test_items_set_larger_than_the_text_are_no_heading() -> None:
    def page(canvas: Canvas) -> None:
        lines(canvas, wrapped(ENGLISH, 80), 60, 780)
        canvas.setFont("Helvetica", 13)
        for number, item in enumerate(("Passport", "Card", "Phone")):
            canvas.drawString(60, 600 - 16 * number, "•")
            canvas.drawString(80, 600 - 16 * number, item)

    found = extract_pdf(drawn(page))
    assert not said(found, "heading")
    assert all(item in found.text for item in ("Passport", "Card", "Phone"))
