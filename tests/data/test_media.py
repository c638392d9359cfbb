import pytest

from danlu.data.media import AUDIO, DOCX, GZIP, HTML, IMAGES, JSON_LINES, MARKDOWN, PDF, TEXT, XLSX, told_by_name


@pytest.mark.parametrize(
    ("name", "kind", "ending"),
    [
        ("a.pdf", PDF, ""), ("a.pdf", TEXT, ".pdf"), ("报告.PDF", HTML, ".pdf"), ("a.xls", XLSX, ".xls"), ("a.txt", PDF, ".txt"),
        ("a.zip#inner/b.docx", DOCX, ""), ("a.zip#inner/b.docx", MARKDOWN, ".docx"), ("a.json", JSON_LINES, ""),
        ("photo.png", IMAGES[1], ""), ("song.mp4", AUDIO[0], ""), ("notes.gz", TEXT, ".gz"), ("notes.gz", GZIP, ""),
        ("README", TEXT, ""), ("a.log", TEXT, ""), ("page.aspx", HTML, ""),
    ],
)  # fmt: skip
def test_a_name_that_promises_another_kind_is_told(name: str, kind: str, ending: str) -> None:
    assert told_by_name(name, kind) == ending
