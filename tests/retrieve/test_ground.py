import pytest

from danlu.retrieve.grounding.ground import REFUSALS, answer
from danlu.retrieve.index import opened
from danlu.retrieve.legs.search import Searcher
from danlu.text.tables import read_rows
from indexes import Indexed, indexed
from pdfs import pdf

QUESTIONS = [
    "How can I ensure that all programs use the same paper size?", "adduser", "How does a Debian system boot?",
    "如何确保所有程序使用相同的纸张大小？", "怎样在启动时加载控制台字体？", "如何把本地编译的软件包加入软件包列表？",
]  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_is_made_of_verbatim_quotes(searcher: Searcher, handbook_index: Indexed, question: str) -> None:
    texts = {row["source"]: row["text"] for row in read_rows(handbook_index.extraction.documents)}
    given = answer(searcher, question)
    assert given.citations
    assert not given.refused
    for number, citation in enumerate(given.citations, 1):
        assert texts[citation.source][citation.start : citation.end] == citation.quote
        assert citation.quote.strip() == citation.quote != ""
        assert f"[{number}]" in given.text
    assert given.text.count("\n\n[") == 0


@pytest.mark.parametrize(
    "question", [question for question in QUESTIONS if len(question) > 25 or not question.isascii()]
)
def test_an_answer_quotes_documents_in_the_language_of_the_question(searcher: Searcher, question: str) -> None:
    given = answer(searcher, question)
    assert given.language == ("en" if question.isascii() else "zh")
    assert given.citations[0].source == f"docs/{given.language}.md"


def test_the_same_question_has_the_same_answer(searcher: Searcher) -> None:
    for question in QUESTIONS:
        assert answer(searcher, question) == answer(searcher, question)


@pytest.mark.parametrize(
    ("question", "language"), [("Who won the football World Cup in 1998?", "en"), ("红烧肉要炖多久？", "zh")]
)
def test_a_refusal_is_a_text_without_citations(searcher: Searcher, question: str, language: str) -> None:
    given = answer(searcher, question)
    assert (given.refused, given.citations, given.text) == (True, (), REFUSALS[language])


def test_a_list_is_quoted_with_the_line_that_introduces_it() -> None:
    text = b"# Restarting the turbine\n\nTo restart the turbine after a fault, do this:\n\n- close the valve\n- press reset\n"
    with opened(indexed({"a.md": text}).index.database) as searcher:
        [citation] = answer(searcher, "How do I restart the turbine after a fault?").citations
    assert "press reset" in citation.quote


def test_a_page_is_that_of_the_quote_and_not_of_the_passage_around_it() -> None:
    pages = [
        ["Turbine care", "Open the housing slowly.", "Wear gloves."],
        ["The grease nozzle sits behind the left flange."],
    ]
    with opened(indexed({"a.pdf": pdf(pages, [("Turbine care", 0)])}).index.database) as searcher:
        found = answer(searcher, "Where does the grease nozzle sit behind the flange?")
    [citation] = [c for c in found.citations if "nozzle" in c.quote and "gloves" not in c.quote] or found.citations
    assert citation.page == (1 if "gloves" in citation.quote or "housing" in citation.quote else 2)


def test_a_quote_behind_a_null_character_is_verbatim() -> None:
    text = "# Pumps\n\nOld \x00 text of the manual stands here.\n\nThe pump is vented at the upper screw before it starts.\n"
    made = indexed({"a.md": text.encode()})
    [row] = read_rows(made.extraction.documents)
    with opened(made.index.database) as searcher:
        for citation in answer(searcher, "Where is the pump vented before it starts?").citations:
            assert row["text"][citation.start : citation.end] == citation.quote != ""


def test_a_row_of_a_table_is_quoted_whole_with_the_header_before_it() -> None:
    rows = [
        f"CH-{number},laptop,Model {number},room {number},2024-01-{number % 28 + 1:02}" for number in range(100, 160)
    ]
    rows[47] = "CH-4135,laptop,MacBook Air M3,room C210,2026-05-05"
    header = "asset,type,model,place,warranty ends"
    with opened(indexed({"devices.csv": "\n".join([header, *rows]).encode()}).index.database) as searcher:
        given = answer(searcher, "When does the warranty of the MacBook Air M3 end?")
    assert [citation.quote for citation in given.citations] == [
        "| asset | type | model | place | warranty ends |\n| --- | --- | --- | --- | --- |",
        "| CH-4135 | laptop | MacBook Air M3 | room C210 | 2026-05-05 |",
    ]
    assert given.text == "\n\n".join(
        f"{citation.quote} [{number}]" for number, citation in enumerate(given.citations, 1)
    )


def test_rows_without_a_header_never_get_that_of_another_section() -> None:
    text = "# Prices\n\n| Item | Price |\n| --- | --- |\n| bolt | 7 |\n\n# Network\n\n| eth0 | address 10.0.0.7 |\n| eth1 | address 10.0.0.8 |\n"
    with opened(indexed({"a.md": text.encode()}).index.database) as searcher:
        given = answer(searcher, "What is the address of eth1?")
    assert any("eth1" in citation.quote for citation in given.citations or given.closest)
    assert not any("Price" in citation.quote for citation in given.citations or given.closest)
