import io
import zipfile

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import qn

from danlu.data.extract.blocks import Unreadable
from danlu.data.extract.docx import extract_docx
from documents import as_docx

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def extracted(document: object) -> list[tuple[str, str]]:
    file = io.BytesIO()
    document.save(file)  # type: ignore[attr-defined]
    found = extract_docx(file.getvalue())
    return [(block.kind, found.text[block.start : block.end]) for block in found.blocks]


def with_body(*elements: str) -> list[tuple[str, str]]:
    """What is read of a document whose body holds these elements."""
    document = docx.Document()
    body = document.element.body
    for number, element in enumerate(elements):
        body.insert(number, parse_xml(element.replace(">", f" {W}>", 1)))
    return extracted(document)


def test_headings_paragraphs_and_rows_come_in_order() -> None:
    document = docx.Document()
    document.core_properties.title = "The title"
    document.add_heading("One", 1)
    document.add_paragraph("Text")
    table = document.add_table(2, 2)
    for number, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = f"c{number}\nmore"
    document.add_heading("Two", 2)
    file = io.BytesIO()
    document.save(file)
    found = extract_docx(file.getvalue())
    assert [(b.kind, b.level, found.text[b.start : b.end]) for b in found.blocks] == [
        ("heading", 1, "One"), ("text", 0, "Text"),
        ("table", 0, "| c0 more | c1 more |\n| --- | --- |"), ("table", 0, "| c2 more | c3 more |"), ("heading", 2, "Two"),
    ]  # fmt: skip
    assert found.title == "The title"


def test_merged_cells_stand_in_every_row_and_column_that_they_span() -> None:
    document = docx.Document()
    table = document.add_table(4, 3)
    rows = [("年份", "销售额", ""), ("2024", "国内", "10"), ("", "国外", "20"), ("合计", "30", "")]
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            table.cell(number, column).text = text
    for first, last, text in (((0, 1), (0, 2), "销售额"), ((1, 0), (2, 0), "2024"), ((3, 0), (3, 2), "合计 30")):
        table.cell(*first).merge(table.cell(*last)).text = text
    assert [text for _, text in extracted(document)] == [
        "| 年份 | 销售额 | 销售额 |\n| --- | --- | --- |", "| 2024 | 国内 | 10 |", "| 2024 | 国外 | 20 |", "| 合计 30 |  |  |",
    ]  # fmt: skip


def test_nested_bullets_keep_their_indent() -> None:
    document = docx.Document()
    for text, style in (("outer", "List Bullet"), ("inner", "List Bullet")):
        document.add_paragraph(text, style)
    numbering = document.styles["List Bullet"].element.find(".//" + qn("w:numId")).get(qn("w:val"))
    level = f'<w:numPr {W}><w:ilvl w:val="1"/><w:numId w:val="{numbering}"/></w:numPr>'
    document.paragraphs[1]._p.get_or_add_pPr().append(parse_xml(level))
    rule = next(iter(document.part.numbering_part.element.iterfind(qn("w:num") + f"[@{qn('w:numId')}='{numbering}']")))
    name = rule.find(qn("w:abstractNumId")).get(qn("w:val"))
    abstract = document.part.numbering_part.element.find(qn("w:abstractNum") + f"[@{qn('w:abstractNumId')}='{name}']")
    abstract.append(parse_xml(f'<w:lvl {W} w:ilvl="1"><w:numFmt w:val="bullet"/></w:lvl>'))
    file = io.BytesIO()
    document.save(file)
    assert extract_docx(file.getvalue()).text == "- outer\n\n  - inner"


def test_a_table_inside_a_cell_is_read() -> None:
    document = docx.Document()
    cell = document.add_table(1, 1).cell(0, 0)
    cell.text = "outer"
    cell.add_table(1, 1).cell(0, 0).text = "inner"
    assert extracted(document) == [("text", "outer inner")]


def test_text_in_content_controls_and_insertions_is_read_and_deleted_text_is_not() -> None:
    run, gone = "<w:r><w:t>{}</w:t></w:r>", "<w:r><w:delText>gone</w:delText></w:r>"
    assert with_body(
        f"<w:sdt><w:sdtContent><w:p>{run.format('control')}</w:p></w:sdtContent></w:sdt>",
        f'<w:p><w:ins w:id="1">{run.format("inserted")}</w:ins><w:del w:id="2">{gone}</w:del></w:p>',
        f'<w:p><w:moveFrom w:id="3">{run.format("moved")}</w:moveFrom><w:smartTag>{run.format("smart")}</w:smartTag></w:p>',
        "<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>",
    ) == [("text", "control"), ("text", "inserted"), ("text", "smart"), ("text", "a\tb\nc")]


def test_numbers_of_lists_are_written_as_word_shows_them() -> None:
    document = docx.Document()
    for text, style in (("one", "List Number"), ("dot", "List Bullet"), ("two", "List Number")):
        document.add_paragraph(text, style)
    assert extracted(document) == [("text", "1. one"), ("text", "- dot"), ("text", "2. two")]


def test_articles_of_a_chinese_contract_keep_their_numbers() -> None:
    document = docx.Document()
    root = document.part.numbering_part.element
    rule = (
        f'<w:abstractNum {W} w:abstractNumId="77"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
        '<w:numFmt w:val="chineseCounting"/><w:lvlText w:val="第%1条"/></w:lvl></w:abstractNum>'
    )
    root.insert(0, parse_xml(rule))
    root.append(parse_xml(f'<w:num {W} w:numId="77"><w:abstractNumId w:val="77"/></w:num>'))
    for number in range(12):
        paragraph = document.add_paragraph(f"内容{number}")
        paragraph._p.get_or_add_pPr().append(
            parse_xml(f'<w:numPr {W}><w:ilvl w:val="0"/><w:numId w:val="77"/></w:numPr>')
        )
    texts = [text for _, text in extracted(document)]
    assert (texts[0], texts[9], texts[11]) == ("第一条 内容0", "第十条 内容9", "第十二条 内容11")


def test_a_file_that_is_cut_short_is_damaged() -> None:
    whole = as_docx([("Heading", "Text")])
    for content in (whole[:-200], whole[:100], b"PK\x03\x04"):
        with pytest.raises(Unreadable) as caught:
            extract_docx(content)
        assert caught.value.rule == "damaged"


def test_broken_xml_inside_is_damaged() -> None:
    source = zipfile.ZipFile(io.BytesIO(as_docx([("Heading", "Text")])))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in source.namelist():
            archive.writestr(name, b"<w:document" if name == "word/document.xml" else source.read(name))
    with pytest.raises(Unreadable) as caught:
        extract_docx(file.getvalue())
    assert caught.value.rule == "damaged"


def test_headers_and_footers_are_furniture_once_for_each_section_that_has_its_own() -> None:
    document = docx.Document()
    first = document.sections[0]
    first.header.paragraphs[0].text = "示例公司\t内部资料"
    first.footer.paragraphs[0].text = "Page 1"
    first.different_first_page_header_footer = True
    first.first_page_header.paragraphs[0].text = "Acme Ltd"
    first.even_page_header.paragraphs[0].text = "not shown: the setting is off"
    document.add_paragraph("One")
    document.add_section().header.is_linked_to_previous = True
    document.add_paragraph("Two")
    third = document.add_section()
    third.different_first_page_header_footer = False
    third.header.is_linked_to_previous = False
    third.header.paragraphs[0].text = "附录"
    third.footer.is_linked_to_previous = True
    document.add_paragraph("Three")
    assert [found for found in extracted(document) if found[1]] == [
        ("furniture", "Acme Ltd"), ("furniture", "示例公司 内部资料"), ("text", "One"), ("furniture", "Page 1"),
        ("text", "Two"), ("furniture", "附录"), ("text", "Three"),
    ]  # fmt: skip


def test_a_header_that_is_named_and_not_there_costs_nothing_else() -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "gone"
    document.add_paragraph("正文")
    [reference] = document.element.body.iter(qn("w:headerReference"))
    reference.set(qn("r:id"), "rId999")
    assert extracted(document) == [("text", "正文")]
