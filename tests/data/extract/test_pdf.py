import pytest

from danlu.data.extract.blocks import Unreadable
from danlu.data.extract.pdf import extract_pdf
from documents import FIXTURES, HANDBOOK
from pdfs import manual, pdf


def paragraph(word: str) -> str:
    return " ".join(f"Sentence {number} says {word * (number % 7 + 1)}." for number in range(120))


def test_titles_of_the_outline_are_headings_on_their_pages() -> None:
    found = extract_pdf(manual([("1. First steps", "Open the lid.\nClose it."), ("2. Second steps", "Wait.")]))
    assert [(b.kind, b.page, b.level, found.text[b.start : b.end]) for b in found.blocks] == [
        ("heading", 1, 1, "1. First steps"), ("text", 1, 0, "Open the lid.\nClose it."),
        ("heading", 2, 1, "2. Second steps"), ("text", 2, 0, "Wait."),
    ]  # fmt: skip
    assert found.title == "1. First steps"


def test_a_title_without_its_number_or_over_two_lines_is_found() -> None:
    found = extract_pdf(
        pdf([["3.1 A title that is", "longer than a line", "Text."]], [("A title that is longer than a line", 0)])
    )
    assert [(b.kind, found.text[b.start : b.end]) for b in found.blocks] == [
        ("heading", "3.1 A title that is\nlonger than a line"), ("text", "Text."),
    ]  # fmt: skip


def test_what_stands_at_the_top_of_most_pages_is_furniture() -> None:
    found = extract_pdf(
        manual([("One", paragraph("a")), ("Two", paragraph("b")), ("Three", paragraph("c"))], furniture="Manual,")
    )
    furniture = [found.text[b.start : b.end] for b in found.blocks if b.kind == "furniture"]
    pages = max(block.page or 0 for block in found.blocks)
    assert furniture == [f"Manual, page {number}" for number in range(1, pages + 1)]


def test_two_pages_alone_have_no_furniture() -> None:
    found = extract_pdf(manual([("One", "Text."), ("Two", "Text.")], furniture="Manual,"))
    assert "furniture" not in {block.kind for block in found.blocks}


def test_every_line_of_every_page_is_in_the_text() -> None:
    found = extract_pdf(manual([("One", paragraph("a")), ("Two", paragraph("b"))]))
    for number in range(120):
        assert found.text.replace("\n", " ").count(f"Sentence {number} says") == 2


def test_a_real_chinese_manual_has_its_headings_and_pages() -> None:
    found = extract_pdf(next(HANDBOOK.rglob("*.pdf")).read_bytes())
    headings = [found.text[b.start : b.end].replace("\n", " ") for b in found.blocks if b.kind == "heading"]
    assert len(headings) > 40
    assert any("使用 Debian 安装程序" in heading for heading in headings)
    assert [b.page for b in found.blocks] == sorted(b.page or 0 for b in found.blocks)
    assert found.blocks[-1].page == 20


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ((FIXTURES / "encrypted.pdf").read_bytes(), "encrypted"),
        (b"%PDF-1.4\nnothing that follows", "damaged"),
        (manual([("One", "Text.")])[:200], "damaged"),
        (pdf([[], []]), "no text"),
    ],
)
def test_what_gives_no_text_says_why(content: bytes, rule: str) -> None:
    with pytest.raises(Unreadable) as caught:
        extract_pdf(content)
    assert caught.value.rule == rule
    assert caught.value.value
