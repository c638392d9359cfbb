import pytest

from danlu.core.artifacts import Corpus
from danlu.core.errors import WorkFailed
from danlu.data.clean import CleanConfig, clean
from danlu.text.records import Block, Document, Ledger, read_documents, read_rows
from stages import ran

PROSE = "The administrator installs the package, and the service starts again. "


def document(name: str, text: str, *, kind: str = "text") -> Document:
    return Document(name, text, "A  title", f"docs/{name}", "text/plain", "MIT", blocks=(Block(0, len(text), kind),))


def cleaned(*documents: Document, **config: float) -> Corpus:
    corpus = ran(Corpus, lambda folder: Ledger(len(documents), list(documents)).write(folder))
    return ran(Corpus, lambda folder: clean.body(folder, CleanConfig(**config), documents=corpus), work=True)


def rejects(corpus: Corpus) -> dict[str, str]:
    return {row["source"]: row["rule"] for row in read_rows(corpus.path / "rejects.parquet")}


def test_a_short_page_is_kept() -> None:
    assert rejects(cleaned(document("a", "See page 3."), document("b", PROSE))) == {}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("--- *** ---", "empty"),
        ("锟斤拷" * 5 + "a few words", "garbled"),
        ("\ufffd" * 20 + "a few words after it", "garbled"),
        ("\x00\x01" * 20 + "binary that was read as text", "garbled"),
        ("a" * 5000, "garbled"),
        ("QUJD" * 3000 + " the rest", "garbled"),
        ("  \n" + PROSE.replace(" ", "  "), "exact duplicate"),
    ],
)
def test_what_nobody_could_read_is_rejected_by_rule(text: str, rule: str) -> None:
    assert rejects(cleaned(document("a", PROSE), document("b", text))) == {"docs/b": rule}


@pytest.mark.parametrize(
    "text", ["软件包管理系统会安装，" * 400, "x = 1;" * 1000, PROSE * 200, "https://example.org/" + "a" * 100]
)
def test_long_lines_of_written_language_are_kept(text: str) -> None:
    assert rejects(cleaned(document("a", text))) == {}


def test_a_threshold_is_a_setting() -> None:
    text = "\ufffd" * 20 + "a few words after it"
    assert rejects(cleaned(document("a", text), max_garbled_share=0.6)) == {}


def test_the_first_of_equal_documents_in_the_order_of_sources_stays() -> None:
    corpus = cleaned(document("b", PROSE), document("a", PROSE), document("c", PROSE + "!"))
    assert [d.doc_id for d in read_documents(corpus.documents)] == ["a", "c"]
    assert "docs/a" in read_rows(corpus.path / "rejects.parquet")[0]["value"]


def test_every_change_is_counted_and_leads_back() -> None:
    text = "exam-\nple  with\nbreaks\u200b and\n软件\n包"
    corpus = cleaned(document("a", text))
    [made] = read_documents(corpus.documents)
    assert made.text == "example with breaks and 软件包"
    edits = {row["rule"]: row["count"] for row in read_rows(corpus.path / "edits.parquet")}
    assert edits == {"invisible characters": 1, "joined lines": 3, "mended hyphens": 1, "spaces": 1}
    kept = [piece for piece in made.offsets if piece["kept"]]
    assert all(made.text[p["start"] : p["end"]] == text[p["source_start"] : p["source_end"]] for p in kept)
    assert made.blocks == (Block(0, len(made.text), "text"),)
    assert (made.title, made.language) == ("A title", "zh")


def test_furniture_has_no_block_in_a_cleaned_document() -> None:
    [made] = read_documents(cleaned(document("a", PROSE), document("f", "page 1 of 2", kind="furniture")).documents)
    assert made.doc_id == "a"


def test_a_corpus_that_loses_every_document_fails_with_a_hint() -> None:
    with pytest.raises(WorkFailed, match="kept none of 2 documents") as caught:
        cleaned(document("a", ""), document("b", " "))
    assert "danlu show" in caught.value.hint
