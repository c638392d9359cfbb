import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.data.deduplicate.stage import DeduplicateConfig, deduplicate
from danlu.data.deduplicate.units import lines, paragraphs
from danlu.text.offsets import Edit, apply
from danlu.text.records import DOCUMENTS, Block, Document, read_documents
from danlu.text.tables import read_rows, write_rows
from data.deduplicate.corpora import passages, work, write

MENU = "首页 | 新闻 | 联系我们"
NOTICE = "All rights reserved. Reproduction without written permission of the publisher is prohibited everywhere, 未经书面许可不得转载。"


def page(at: int, host: str) -> Document:
    own = passages("zh" if at % 2 else "en")[at]
    text = f"{MENU}\n{own}\n\n{NOTICE}\n\n结束 {at}"
    start = text.index(own)
    blocks = (Block(0, len(MENU), "text"), Block(start, start + len(own), "text"))
    meta = json.dumps({"url": f"https://{host}/{at}"}) if host else "{}"
    return Document(f"d{at}", text, "", f"site/{at}.html", "text/html", "MIT", blocks=blocks, meta=meta)


def run(
    folder: Path, documents: list[Document], **config: object
) -> tuple[list[Document], list[dict[str, object]], Path]:
    corpus = write(folder / "in", [])
    write_rows(corpus.documents / "00000.parquet", [document.row() for document in documents[:7]], DOCUMENTS)
    write_rows(corpus.documents / "00001.parquet", [document.row() for document in documents[7:]], DOCUMENTS)
    out = folder / "out"
    facts = deduplicate.body(work(out), DeduplicateConfig(**config), documents=corpus)
    assert facts.counts["kept"] + facts.counts["rejected"] == len(documents)
    return list(read_documents(out / "documents")), list(read_rows(out / "edits")), out


def test_lines_of_a_site_stay_in_the_first_page_only(tmp_path: Path) -> None:
    documents = [page(at, "a.example") for at in range(6)] + [page(at, "b.example") for at in range(6, 9)]
    kept, edits, _ = run(tmp_path, documents, max_line_documents=4)
    assert [MENU in document.text for document in kept] == [True] + [False] * 5 + [True] * 3
    assert {row["doc_id"] for row in edits} == {f"d{at}" for at in range(1, 6)}
    assert {row["rule"] for row in edits} == {"repeated line of a site"}


def test_files_lose_no_line_and_paragraphs_are_kept_by_default(tmp_path: Path) -> None:
    documents = [page(at, "") for at in range(12)]
    kept, edits, _ = run(tmp_path, documents, max_line_documents=1)
    assert kept == documents and edits == []


def saved(at: int, folder: str) -> Document:
    text = f"版权所有 打印本页\n\n# Parameters\n\n{passages('zh' if at % 2 else 'en')[at]}\n\nAll rights reserved"
    heading = text.index("# Parameters")
    blocks = (Block(heading, heading + 12, "heading"), Block(heading + 14, len(text), "text"))
    return Document(f"d{at}", text, "", f"{folder}/{at}.html", "text/html", "MIT", blocks=blocks)


def test_short_lines_of_a_folder_go_where_most_documents_have_them_but_headings_stay(tmp_path: Path) -> None:
    documents = [saved(at, "pages" if at < 6 else "notes") for at in range(9)]
    documents[5] = replace(documents[5], text=passages("zh")[5], blocks=())
    kept, edits, out = run(tmp_path, documents, max_line_documents=3, folder_lines="cut")
    assert ["打印本页" in document.text for document in kept] == [True] + [False] * 5 + [True] * 3
    assert ["All rights reserved" in document.text for document in kept] == [True] + [False] * 5 + [True] * 3
    assert ["# Parameters" in document.text for document in kept] == [True] * 5 + [False] + [True] * 3
    assert {(row["doc_id"], row["rule"], row["count"]) for row in edits} == {
        (f"d{at}", "repeated line of a folder", 2) for at in range(1, 5)
    }
    assert [(row["line"], row["of"], row["documents"], row["kept"]) for row in read_rows(out / "lines")] == [
        ("版权所有 打印本页", "pages", 5, "d0"),
        ("All rights reserved", "pages", 5, "d0"),
    ]


def test_a_line_in_few_documents_of_a_large_folder_stays(tmp_path: Path) -> None:
    documents = [saved(at, "pages") for at in range(4)]
    documents += [
        Document(f"d{at}", f"{passages('en')[at]} {at}", "", f"pages/{at}", "text/html", "MIT") for at in range(4, 13)
    ]
    kept, edits, _ = run(tmp_path, documents, max_line_documents=2, folder_lines="cut")
    assert edits == [] and [document.text for document in kept] == [document.text for document in documents]


def test_paragraphs_are_cut_where_they_stand_again_and_lead_back_to_the_source(tmp_path: Path) -> None:
    documents = [page(at, "") for at in range(9)]
    text, offsets = apply("xx" + documents[3].text, [Edit(0, 2, "", "first")])
    documents[3] = replace(documents[3], text=text, offsets=tuple(vars(piece) for piece in offsets.pieces))
    sources = [document.text for document in documents]
    sources[3] = "xx" + sources[3]
    kept, edits, _ = run(tmp_path, documents, paragraphs="cut")
    assert [NOTICE in document.text for document in kept] == [True] + [False] * 8
    assert all(row["rule"] == "repeated paragraph" for row in edits)
    for document, before, source in zip(kept, documents, sources, strict=True):
        own = passages("zh" if int(document.doc_id[1:]) % 2 else "en")[int(document.doc_id[1:])]
        at = document.text.index(own)
        assert source[slice(*document.offset_map().to_source(at, at + len(own)))] == own
        assert [document.text[block.start : block.end] for block in document.blocks] == [
            before.text[block.start : block.end] for block in before.blocks
        ]


def test_a_document_of_repeated_text_alone_is_rejected(tmp_path: Path) -> None:
    documents = [page(at, "") for at in range(4)]
    documents.append(replace(documents[0], doc_id="d9", source="site/9.html", text=NOTICE, blocks=()))
    _, _, out = run(tmp_path, documents, paragraphs="cut")
    assert [(row["doc_id"], row["rule"]) for row in read_rows(out / "rejects")] == [("d9", "only repeated text")]


PIECES = st.sampled_from(["a", "中文", "\n", "\n\n", " ", "b c", "x" * 120])


@settings(deadline=None)
@given(st.lists(st.lists(PIECES, max_size=8).map("".join), min_size=1, max_size=5), st.integers(0, 2))
def test_units_are_the_lines_and_paragraphs_of_each_text(texts: list[str], left_out: int) -> None:
    array = pa.chunked_array([pa.array([*(["\n"] * left_out), *texts], pa.large_string())[left_out:]])
    for units, expected in (
        (lines(array, ["host"] * len(texts)), [text.split("\n") for text in texts]),
        (paragraphs(array), [_paragraphs(text) for text in texts]),
    ):
        found = [
            (owner, texts[owner].encode()[start:end].decode())
            for owner, start, end in zip(units.owners.tolist(), units.starts.tolist(), units.ends.tolist(), strict=True)
        ]
        assert found == [(at, unit) for at, listed in enumerate(expected) for unit in listed if unit.strip()]
        by_hash: dict[int, str] = {}
        for (_, unit), value in zip(found, units.hashes.tolist(), strict=True):
            assert " ".join(unit.split()) == by_hash.setdefault(value, " ".join(unit.split()))


def _paragraphs(text: str) -> list[str]:
    found: list[list[str]] = [[]]
    for line in text.split("\n"):
        found = [*found[:-1], [*found[-1], line]] if line.strip() else [*found, []]
    return [joined for joined in map("\n".join, found) if len(joined.encode()) >= 100]


@pytest.mark.parametrize("url", ['{"url": null}', '{"url": "http://[bad"}', '{"title": "the \\"url\\" word"}'])
def test_a_url_that_is_none_gives_no_host(tmp_path: Path, url: str) -> None:
    documents = [replace(page(at, ""), meta=url) for at in range(9)]
    kept, edits, _ = run(tmp_path, documents, max_line_documents=1)
    assert len(kept) == 9 and edits == []


def test_what_is_left_of_a_text_does_not_end_in_the_breaks_before_what_was_cut(tmp_path: Path) -> None:
    documents = [saved(at, "pages") for at in range(6)]
    closed = [replace(one, text=f"{one.text}\n\n打印本页下方", blocks=one.blocks) for one in documents]
    for name, before in (("one", documents), ("two", closed)):
        (tmp_path / name).mkdir()
        kept, _, _ = run(tmp_path / name, before, max_line_documents=3, folder_lines="cut")
        for at, document in enumerate(kept[1:], start=1):
            assert document.text == f"# Parameters\n\n{passages('zh' if at % 2 else 'en')[at]}"
            start, end = document.offset_map().to_source(0, len(document.text))
            assert before[at].text[start:end] == document.text
