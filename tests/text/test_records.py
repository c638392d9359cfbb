from pathlib import Path

from danlu.text.records import Block, Document, Ledger, Reject, read_documents
from danlu.text.tables import read_rows

DOCUMENT = Document(
    "d1", "正文 text", "Title", "docs/b.txt", "text/plain", "MIT", "zh", (Block(0, 2, "text", 3),),
    ({"start": 0, "end": 7, "source_start": 0, "source_end": 7, "kept": True},),
)  # fmt: skip


def test_documents_are_read_as_they_were_written(tmp_path: Path) -> None:
    ledger = Ledger(1, [DOCUMENT])
    facts = ledger.write(tmp_path)
    assert list(read_documents(tmp_path / "documents")) == [DOCUMENT]
    assert facts.licences == ("MIT",)


def test_the_three_tables_account_for_everything(tmp_path: Path) -> None:
    rejects = [Reject("d2", "docs/a.txt", "empty", "0", "1"), Reject("d3", "docs/c.txt", "empty", "0", "1")]
    ledger = Ledger(3, [DOCUMENT], rejects, [{"doc_id": "d1", "rule": "spaces", "count": 2}])
    counts = ledger.write(tmp_path).counts
    assert counts == {"input": 3, "kept": 1, "rejected": 2, "rejected: empty": 2}
    assert [row["source"] for row in read_rows(tmp_path / "rejects")] == ["docs/a.txt", "docs/c.txt"]
    assert read_rows(tmp_path / "edits") == [{"doc_id": "d1", "rule": "spaces", "count": 2}]


def test_tables_of_equal_rows_have_equal_bytes_in_any_order(tmp_path: Path) -> None:
    documents = [Document(f"d{n}", "text", "", f"docs/{n}.txt", "text/plain", "MIT") for n in range(3)]
    for folder, order in (("a", documents), ("b", documents[::-1])):
        (tmp_path / folder).mkdir()
        Ledger(3, list(order)).write(tmp_path / folder)
    names = [f"{table}/00000.parquet" for table in ("documents", "rejects", "edits")]
    assert [(tmp_path / "a" / name).read_bytes() for name in names] == [
        (tmp_path / "b" / name).read_bytes() for name in names
    ]
