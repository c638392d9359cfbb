import io
import zipfile

import pytest

from danlu.data.media import BINARY, DOCX, HTML, MARKDOWN, PDF, TEXT, media_type
from documents import as_docx
from pdfs import pdf


def zipped(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, "x" * 1000)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.pdf", pdf([["x"]]), PDF),
        ("named-wrongly.txt", pdf([["x"]]), PDF),
        ("after-junk.pdf", b"HTTP header\r\n" + pdf([["x"]]), PDF),
        ("about-pdf.md", b"# Formats\n\nA PDF starts with `%PDF-1.4`.", MARKDOWN),
        ("a.docx", as_docx([("A", "b")]), DOCX),
        ("cut-short.docx", as_docx([("A", "b")])[:-300], DOCX),
        ("a.zip", zipped("readme.txt"), "application/zip"),
        ("a.xlsx", zipped("xl/workbook.xml"), "application/zip"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "application/x-ole-storage"),
        ("a.html", b"<p>no doctype", HTML),
        ("page.txt", b"<!-- c --><!DOCTYPE html><html>", HTML),
        ("page.aspx", b"\n <HTML><body>", HTML),
        ("a.md", b"# Title", MARKDOWN),
        ("a.txt", b"# no title", TEXT),
        ("README", "中文".encode("gb18030"), TEXT),
        ("a.txt", "中文".encode("utf-16"), TEXT),
        ("a.txt", b"a" * 500 + b"\x0c" + b"b" * 500, TEXT),
        ("program.txt", bytes(range(256)), BINARY),
        ("photo.txt", b"\xff\xd8\xff\xe0" + bytes(50), "image/jpeg"),
    ],
)
def test_a_file_is_what_its_bytes_say(name: str, content: bytes, kind: str) -> None:
    assert media_type(name, content) == kind
