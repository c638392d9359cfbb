import io
import random
import re
import zipfile
from datetime import date, datetime
from pathlib import Path

import pptx
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pptx.util import Inches

from danlu.data.extract.blocks import Unreadable
from danlu.data.extract.pptx import extract_pptx
from danlu.data.extract.sheets import _shown, _trimmed
from outcomes import outcomes_of, read_with_edits, rules_of, texts_of

CHINESE = "软件包管理系统会记录每一个已经安装的文件。"


def workbook(**sheets: list[list[object]]) -> bytes:
    """A workbook with a sheet for each list of rows."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"default_date_format": "yyyy-mm-dd", "in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return file.getvalue()


def test_each_sheet_is_a_heading_and_its_table(tmp_path: Path) -> None:
    content = workbook(
        价格=[["名称", "数量"], ["苹果", 3], ["梨", 2.5], ["日期", date(2024, 1, 2)]],
        Empty=[],
        B=[[], ["", "a", "", "b"], ["", "1", "", "x|y"]],
    )
    [document] = outcomes_of(tmp_path, "a.xlsx", content)[0]
    assert document.text == (
        "价格\n\n| 名称 | 数量 |\n| --- | --- |\n| 苹果 | 3 |\n| 梨 | 2.5 |\n| 日期 | 2024-01-02 |\n\nB\n\n| a | b |\n| --- | --- |\n| 1 | x\\|y |"
    )
    assert [block.kind for block in document.blocks] == ["heading", *["table"] * 4, "heading", *["table"] * 2]


def test_a_sheet_of_prose_is_a_document_per_row(tmp_path: Path) -> None:
    content = workbook(Posts=[["id", "正文"], [1, CHINESE * 2], [2, CHINESE * 3]], Small=[["a"], ["b"]])
    documents, _ = outcomes_of(tmp_path, "a.xlsx", content)
    assert list(texts_of(documents)) == ["a.xlsx#Posts#1", "a.xlsx#Posts#2", "a.xlsx"]
    assert documents[1].text == CHINESE * 3


def test_dates_are_iso_and_whole_numbers_have_no_point() -> None:
    assert [_shown(cell) for cell in (3.0, 2.5, True, date(2024, 1, 2), datetime(2024, 1, 2), datetime(2024, 1, 2, 3, 4))] == [
        "3", "2.5", "TRUE", "2024-01-02", "2024-01-02", "2024-01-02 03:04:00",
    ]  # fmt: skip
    assert _trimmed([["", ""], ["", "x"], ["", "y", " "]]) == [["x"], ["y"]]


def formatted(calculated: bool) -> bytes:
    """A price list as its maker sees it: currency, percent, a month, and a total."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("价格")
        percent, money, month = (
            book.add_format({"num_format": code}) for code in ("0.0%", '"¥"#,##0.00', 'yyyy"年"m"月"')
        )
        sheet.write_row(1, 1, ["名称", "单价", "折扣", "月份", "合计", "比"])
        sheet.write_row(2, 1, ["苹果"])
        sheet.write(2, 2, 1234.5, money)
        sheet.write(2, 3, 0.25, percent)
        sheet.write(2, 4, 45352, month)
        sheet.write_formula(2, 5, "=C3*D3", money, 308.625 if calculated else 0)
        sheet.write_formula(2, 6, "=C3/0", None, "#DIV/0!")
    return file.getvalue()


def test_numbers_are_written_as_the_sheet_shows_them(tmp_path: Path) -> None:
    [document] = outcomes_of(tmp_path, "a.xlsx", formatted(calculated=True))[0]
    assert document.text.split("\n")[-1] == "| 苹果 | ¥1,234.50 | 25.0% | 2024-03 | ¥308.63 | #DIV/0! |"


def without_values(content: bytes, *cells: str, value: bytes = b"<v></v>") -> bytes:
    """The workbook as programs write it that never calculate: formulas without a result."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.startswith("xl/worksheets/"):
                for cell in cells:
                    part = re.sub(rf'(<c r="{cell}"[^>]*><f>[^<]*</f>)<v>[^<]*</v>'.encode(), rb"\1" + value, part)
            new.writestr(name, part)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        formatted(calculated=False),
        *(without_values(formatted(calculated=True), "F3", value=value) for value in (b"", b"<v></v>", b"<v/>")),
    ],
)
def test_a_formula_that_was_never_calculated_stays_a_formula_and_is_counted(tmp_path: Path, content: bytes) -> None:
    [(document, edits)] = read_with_edits(tmp_path, "a.xlsx", content)
    assert document.text.split("\n")[-1] == "| 苹果 | ¥1,234.50 | 25.0% | 2024-03 | =C3*D3 | #DIV/0! |"
    assert edits == (("formula without a value", 1),)


def test_a_column_of_formulas_alone_is_kept(tmp_path: Path) -> None:
    rows: list[list[object]] = [["a", "b"], [1, 2], [3, 4]]
    content = without_values(workbook(A=[[*row, f"=A{n}+B{n}"] for n, row in enumerate(rows, 1)]), "C1", "C2", "C3")
    [(document, edits)] = read_with_edits(tmp_path, "a.xlsx", content)
    assert document.text.split("\n")[-1] == "| 3 | 4 | =A3+B3 |"
    assert edits == (("formula without a value", 3),)


def test_formulas_of_a_sheet_of_prose_are_counted_once(tmp_path: Path) -> None:
    rows: list[list[object]] = [["正文", "n"], *([CHINESE * 2, f"={n}+1"] for n in range(3))]
    found = read_with_edits(tmp_path, "a.xlsx", without_values(workbook(A=rows), "B2", "B3", "B4"))
    assert [edits for _, edits in found] == [(("formula without a value", 3),), (), ()]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_a_workbook_of_damaged_parts_gives_documents_or_a_reason(tmp_path: Path, seed: int) -> None:
    """Damage inside the packed parts, which a damaged ZIP never reaches."""
    chance, file = random.Random(seed), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(formatted(calculated=False))) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            part = bytearray(old.read(name))
            for _ in range(chance.randrange(4)):
                at = chance.randrange(len(part))
                part[at : at + chance.randrange(6)] = chance.randbytes(chance.randrange(4))
            new.writestr(name, bytes(part))
    documents, rejects = outcomes_of(tmp_path, "a.xlsx", file.getvalue())
    assert documents or rejects
    assert {reject.rule for reject in rejects} <= {"damaged", "no documents", "encrypted"}


def test_a_workbook_that_is_damaged_or_a_bomb_is_refused(tmp_path: Path) -> None:
    content = workbook(A=[["a"], ["b"]])
    assert rules_of(outcomes_of(tmp_path, "a.xlsx", content[:-30])[1]) == {"a.xlsx": "damaged"}
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/bomb.xml", b"0" * (70 << 20))
    assert rules_of(outcomes_of(tmp_path, "b.xlsx", file.getvalue())[1]) == {"b.xlsx": "unpacks to too much"}


def presentation() -> bytes:
    made = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[5])
    slide.shapes.title.text = "幻灯片 One"
    slide.shapes.add_textbox(0, Inches(4), Inches(2), Inches(1)).text_frame.text = "below"
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(0, Inches(2), Inches(2), Inches(1)).text_frame.text = f"in a group {CHINESE}"
    table = slide.shapes.add_table(2, 2, 0, Inches(5), Inches(2), Inches(1)).table
    for row in range(2):
        for column in range(2):
            table.cell(row, column).text = f"c{row}{column}"
    slide.notes_slide.notes_text_frame.text = "what the speaker says"
    made.slides.add_slide(made.slide_layouts[5]).shapes.title.text = "Two"
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def test_slides_are_pages_with_title_groups_tables_and_notes() -> None:
    found = extract_pptx(presentation())
    assert [(b.kind, b.page, found.text[b.start : b.end]) for b in found.blocks] == [
        ("heading", 1, "幻灯片 One"), ("lines", 1, f"in a group {CHINESE}"), ("lines", 1, "below"),
        ("table", 1, "| c00 | c01 |\n| --- | --- |"), ("table", 1, "| c10 | c11 |"), ("lines", 1, "what the speaker says"),
        ("heading", 2, "Two"),
    ]  # fmt: skip


def test_a_presentation_that_is_cut_short_is_damaged() -> None:
    for content in (presentation()[:-300], presentation()[:50]):
        with pytest.raises(Unreadable) as caught:
            extract_pptx(content)
        assert caught.value.rule == "damaged"


@pytest.mark.parametrize("hide", ["hide", "very_hidden"])
def test_a_hidden_sheet_is_read_and_counted(tmp_path: Path, hide: str) -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.add_worksheet("报价").write_row(0, 0, ["苹果", 3])
        secret = book.add_worksheet("底价")
        secret.write_row(0, 0, ["苹果", 2])
        getattr(secret, hide)()
    [(document, edits)] = read_with_edits(tmp_path, "a.xlsx", file.getvalue())
    assert "底价" in document.text and "| 苹果 | 2 |" in document.text
    assert edits == (("hidden sheet", 1),)
