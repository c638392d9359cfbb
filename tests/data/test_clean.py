from typing import Any

import pytest

from danlu.core.artifacts import Corpus
from danlu.core.errors import WorkFailed
from danlu.data.clean import CleanConfig, clean
from danlu.data.repair import RepairConfig, repair
from danlu.text.records import Block, Document, Ledger, read_documents
from danlu.text.tables import read_rows
from stages import ran

PROSE = "The administrator installs the package, and the service starts again. "


def document(name: str, text: str, *, kind: str = "text") -> Document:
    return Document(name, text, "A  title", f"docs/{name}", "text/plain", "MIT", blocks=(Block(0, len(text), kind),))


def cleaned(*documents: Document, **config: Any) -> Corpus:
    return ran(Corpus, lambda work: clean.body(work, CleanConfig(**config), documents=repaired(*documents)), work=True)


def repaired(*documents: Document, **config: Any) -> Corpus:
    corpus = ran(Corpus, lambda folder: Ledger(len(documents), list(documents)).write(folder))
    return ran(Corpus, lambda work: repair.body(work, RepairConfig(**config), documents=corpus), work=True)


def rejects(corpus: Corpus) -> dict[str, str]:
    return {row["source"]: row["rule"] for row in read_rows(corpus.path / "rejects")}


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
        ("a" * 5000, "endless word"),
        ("QUJD" * 3000 + " the rest", "endless word"),
        ("请把阀门关上，然后检查压力表的读数是否正常。".encode().decode("gb18030", "ignore") * 3, "wrong encoding"),
        ("y0u h4ve w0n a pr1ze, cl1ck h3re t0 cla1m y0ur m0ney n0w", "look-alike spelling"),
    ],
)
def test_what_nobody_could_read_is_rejected_by_rule(text: str, rule: str) -> None:
    assert rejects(cleaned(document("a", PROSE), document("b", text))) == {"docs/b": rule}


@pytest.mark.parametrize(
    "text", ["软件包管理系统会安装，" * 400, "x = 1;" * 1000, PROSE * 200, "https://example.org/" + "a" * 100]
)
def test_long_lines_of_written_language_are_kept(text: str) -> None:
    assert rejects(cleaned(document("a", text))) == {}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("请把阀门关上，然后检查压力表的读数是否正常。如果读数不对，就重新启动设备。", "zh"),
        ("カラオケ店「アルファ」は、請求書の内容を「ベータ」が確認する前に、料金を変更した。", "ja"),
        ("東京都渋谷区の会社は、新しい製品の開発を発表しました。来年の春に発売される予定です。", "ja"),
        ("압력계의 수치가 정상인지 확인한 다음 장치를 다시 시작하십시오. 값이 맞지 않으면 밸브를 닫으십시오.", "ko"),
        ("卡拉OK（カラオケ）源自日本，后来传到中国各地，成为人们聚会时常见的娱乐方式之一。", "zh"),
        (PROSE * 3, "en"),
        ("Die Verwaltung installiert das Paket, und der Dienst startet danach erneut. " * 3, "de"),
        ("3 4 5", "und"),
    ],
)
def test_repair_tells_the_language(text: str, language: str) -> None:
    [made] = read_documents(repaired(document("a", text)).documents)
    assert made.language == language


def test_a_threshold_is_a_setting() -> None:
    text = "\ufffd" * 20 + "a few words after it"
    assert rejects(cleaned(document("a", text), bounds={"garbled": 0.6})) == {}


def test_every_change_is_counted_and_leads_back() -> None:
    text = "exam-\nple  of a text that was wrapped and it goes on with\nbreaks\u200b and then goes on in 中文：软件包管理系统会安装哪些软件\n包"
    corpus = repaired(document("a", text))
    [made] = read_documents(corpus.documents)
    assert (
        made.text
        == "example of a text that was wrapped and it goes on with breaks and then goes on in 中文：软件包管理系统会安装哪些软件包"
    )
    edits = {row["rule"]: row["count"] for row in read_rows(corpus.path / "edits")}
    assert edits == {"invisible characters": 1, "joined lines": 2, "mended hyphens": 1, "spaces": 1}
    kept = [piece for piece in made.offsets if piece["kept"]]
    assert all(made.text[p["start"] : p["end"]] == text[p["source_start"] : p["source_end"]] for p in kept)
    assert made.blocks == (Block(0, len(made.text), "text"),)
    assert (made.title, made.language) == ("A title", "zh")


def test_furniture_has_no_block_in_a_cleaned_document() -> None:
    [made] = read_documents(cleaned(document("a", PROSE), document("f", "page 1 of 2", kind="furniture")).documents)
    assert made.doc_id == "a"


def test_a_corpus_that_loses_every_document_fails_with_a_hint() -> None:
    with pytest.raises(WorkFailed, match="kept none of 2 documents") as failed:
        cleaned(document("a", ""), document("b", " "))
    assert "empty 2. For example: docs/a: empty 0 (bound ≥ 1); docs/b: empty 0" in failed.value.message
    with pytest.raises(WorkFailed) as failed:
        cleaned(document("a", "联系我们。" * 3), document("b", PROSE), rules="web")
    assert "gopher_short_doc 2" in failed.value.message
    assert "clean.rules=manual" in failed.value.hint


def test_the_lines_of_a_data_set_are_its_authors_and_those_of_a_page_are_not() -> None:
    text = "a line of a free poem that is as long as those of a page\nand another one"
    rows, page = read_documents(repaired(document("a", text, kind="lines"), document("b", text)).documents)
    assert rows.text == text
    assert page.text == text.replace("\n", " ")
