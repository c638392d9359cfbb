import io
import zipfile

import pytest

from danlu.data.detect import media_type
from danlu.data.media import (
    BINARY,
    CODE,
    CSV,
    DICOM,
    DOCX,
    EMAIL,
    GZIP,
    HTML,
    JSON,
    JSON_LINES,
    MARKDOWN,
    MBOX,
    ODS,
    PARQUET,
    PDF,
    PPTX,
    TAR,
    TEXT,
    WARC,
    XLS,
    XLSX,
)
from documents import as_docx
from pdfs import pdf


def zipped(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, "x" * 1000)
    return file.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def opendocument(kind: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
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
        ("a.xlsx", zipped("xl/workbook.xml"), XLSX),
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
        ("a.txt", "中文，这是我们的说明文字，大家看一看。".encode("utf-16-le"), TEXT),
        ("a.pptx", zipped("ppt/presentation.xml"), PPTX),
        ("a.ods", opendocument("spreadsheet"), ODS),
        ("a.odt", opendocument("text"), "application/vnd.oasis.opendocument.text"),
        ("a.doc", OLE + "WordDocument".encode("utf-16-le"), "application/msword"),
        ("a.xls", OLE + "Workbook".encode("utf-16-le"), XLS),
        ("a.docx", OLE + "EncryptedPackage".encode("utf-16-le"), "application/x-ole-encrypted"),
        ("a", b"{\\rtf1 x}", "application/rtf"),
        ("a.gz", b"\x1f\x8b\x08", GZIP),
        ("a.tar", bytes(257) + b"ustar\x0000", TAR),
        ("a", b"PAR1....", PARQUET),
        ("a", b"WARC/1.0\r\n", WARC),
        ("a.csv", b"a,b\n1,2\n", CSV),
        ("a.json", b'{"a": 1}', JSON),
        ("a.json", b'{"a": 1}\n{"a": 2}\n{"a": 3}\n', JSON_LINES),
        ("a.txt", b'{"a": 1}\n{"a": 2}\n', TEXT),
        ("a.eml", b"anything", EMAIL),
        ("inbox", b"From a@b Mon Jan  1 00:00:00 2024\nSubject: x\n\ntext", MBOX),
        ("mail", b"Return-Path: <a@b>\nFrom: a@b\nTo: c@d\nSubject: x\n\ntext", EMAIL),
        ("a.py", b"x = 1", CODE),
        ("Makefile", b"all:", CODE),
        ("run", b"#!/usr/bin/env python3\n", CODE),
        ("a.svg", b"<svg xmlns='x'>", "image/svg+xml"),
        ("scan", bytes(128) + b"DICM", DICOM),
        ("a", b"RIFF....WAVEfmt ", "audio/wav"),
        ("a", b"....ftypisom", "video/mp4"),
        ("report.xls", b"<table><tr><td>1</td></tr></table>", HTML),
        ("about-tables.md", b"<table><tr><td>1</td></tr></table>", MARKDOWN),
        ("saved.pdf", "网页内容，并不是 PDF。".encode(), TEXT),
        ("photo.txt", b"\xff\xd8\xff\xe0" + bytes(50), "image/jpeg"),
    ],
)
def test_a_file_is_what_its_bytes_say(name: str, content: bytes, kind: str) -> None:
    assert media_type(name, content) == kind
