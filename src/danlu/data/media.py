"""What a file is, by its first bytes; the name's ending only chooses between kinds of text."""

import io
import re
import zipfile
from pathlib import PurePosixPath

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HTML = "text/html"
MARKDOWN = "text/markdown"
TEXT = "text/plain"
BINARY = "application/octet-stream"
READABLE = (PDF, DOCX, HTML, MARKDOWN, TEXT)

_SAMPLE = 65536
_SIGNATURES = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"), # old or password-protected Office files
    (b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"), (b"\x1f\x8b", "application/gzip"),
    (b"\x7fELF", "application/x-executable"), (b"Rar!", "application/vnd.rar"), (b"7z\xbc\xaf", "application/x-7z-compressed"),
    (b"SQLite format 3", "application/vnd.sqlite3"), (b"{\\rtf", "application/rtf"),
)  # fmt: skip
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_PDF_START = re.compile(rb"\A[\s\x00\xef\xbb\xbf]*%PDF-")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_HTML_START = re.compile(
    rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html\b)", re.IGNORECASE | re.DOTALL
)


def media_type(name: str, content: bytes) -> str:
    """The media type of a file with this name and content."""
    sample = content[:_SAMPLE]
    if _PDF_START.match(sample) or (b"%PDF-" in sample[:1024] and b"%%EOF" in content[-1024:]):
        return PDF
    if sample.startswith(b"PK\x03\x04"):
        return _zip_type(content)
    for signature, kind in _SIGNATURES:
        if sample.startswith(signature):
            return kind
    if (
        not sample.startswith(_UTF16_MARKS)
        and _CONTROL.search(sample)
        and len(_CONTROL.findall(sample)) * 100 > len(sample)
    ):
        return BINARY
    return _text_type(name, sample)


def _zip_type(content: bytes) -> str:
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except zipfile.BadZipFile:  # cut short: its reader will say that it is damaged
        names = ["word/document.xml"] if b"word/document.xml" in content else []
    return DOCX if "word/document.xml" in names else "application/zip"


def _text_type(name: str, sample: bytes) -> str:
    ending = PurePosixPath(name).suffix.lower()
    if _HTML_START.match(sample) or ending in (".html", ".htm", ".xhtml"):
        return HTML
    return MARKDOWN if ending in (".md", ".markdown") else TEXT
