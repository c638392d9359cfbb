"""What was cut, with both places."""

import json
from pathlib import Path

import pytest

from danlu.core.artifacts import Corpus, Manifest
from danlu.core.errors import UserError
from danlu.data.deduplicate.shown import commonest_lines, longest_passages
from danlu.data.deduplicate.stage import DeduplicateConfig, deduplicate
from danlu.text.records import DOCUMENTS, read_documents
from danlu.text.shingles import tokens
from danlu.text.tables import read_rows, write_rows
from data.deduplicate.corpora import passages, work, write

MENU = "首页 | News | 联系我们"


def made(folder: Path, **config: object) -> Corpus:
    """Pages of one site: every second quotes the one before it, twice as long each time."""
    own = passages("en")[:3] + passages("zh")[:3]
    texts = [f"{MENU}\n\n{text}\n\n{own[at - 1][: 100 * at].upper() if at % 2 else ''}" for at, text in enumerate(own)]
    corpus = write(folder / "in", texts)
    rows = [
        row | {"meta": json.dumps({"url": f"https://a.example/{at}"})}
        for at, row in enumerate(read_rows(corpus.documents))
    ]
    write_rows(corpus.documents / "00000.parquet", rows, DOCUMENTS)
    deduplicate.body(work(folder / "out"), DeduplicateConfig(**config), documents=corpus)
    return Corpus(folder / "out", Manifest("0" * 16, "Corpus", "test", 1, {}, 0, {}, {}, ""))


def test_passages_are_shown_where_they_were_cut_and_where_they_stay(tmp_path: Path) -> None:
    corpus = made(tmp_path, passage_tokens=10, max_line_documents=2)
    found = longest_passages(corpus, 10)
    assert [shown.tokens for shown in found] == sorted((shown.tokens for shown in found), reverse=True)
    assert {(shown.cut.source, shown.kept.source) for shown in found} == {
        (f"docs/{at}.txt", f"docs/{at - 1}.txt") for at in (1, 3, 5)
    }
    texts = {document.doc_id: document.text for document in read_documents(corpus.documents)}
    for shown in found:
        assert tokens(shown.cut.text) == tokens(shown.kept.text) and shown.tokens == len(tokens(shown.cut.text))
        assert texts[shown.kept.doc_id][shown.kept.start : shown.kept.end] == shown.kept.text
        assert shown.cut.text not in texts[shown.cut.doc_id]
    assert longest_passages(corpus, 1) == found[:1]
    assert commonest_lines(corpus, 5) == [{"line": MENU, "of": "a.example", "documents": 6, "kept": "d0"}]


def test_a_corpus_in_which_nothing_could_be_cut_says_what_to_set(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    (folder / "documents").mkdir(parents=True)
    with pytest.raises(UserError) as caught:
        longest_passages(Corpus(folder, Manifest("0" * 16, "Corpus", "test", 1, {}, 0, {}, {}, "")), 3)
    assert "deduplicate.passage_tokens=50" in caught.value.hint
