"""What a file is, by its first bytes; the name's ending only chooses between kinds of text.

Signatures are those that the formats' own specifications give (and `file`'s magic agrees with).
"""

import io
import json
import re
import zipfile
from pathlib import PurePosixPath
from typing import BinaryIO

from danlu.data import media
from danlu.data.decode import unmarked_unicode
from danlu.data.programming import programming_language

SAMPLE_BYTES = 65536
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (
    ("EncryptedPackage", "application/x-ole-encrypted"), ("WordDocument", "application/msword"),
    ("Workbook", media.XLS), ("PowerPoint Document", "application/vnd.ms-powerpoint"),
)  # fmt: skip
_SIGNATURES = (
    (b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"), (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"), (b"II+\0", "image/tiff"), (b"MM\0+", "image/tiff"), (b"PK\x05\x06", media.ZIP),
    (b"\x1f\x8b", media.GZIP), (b"BZh", media.BZIP2), (b"\xfd7zXZ\0", media.XZ), (b"\x28\xb5\x2f\xfd", media.ZSTD),
    (b"PAR1", media.PARQUET), (b"ARROW1\0\0", media.ARROW), (b"Obj\x01", "application/vnd.apache.avro"),
    (b"ORC", "application/vnd.apache.orc"), (b"WARC/", media.WARC), (b"\x7fELF", "application/x-executable"),
    (b"Rar!", "application/vnd.rar"), (b"7z\xbc\xaf", "application/x-7z-compressed"),
    (b"SQLite format 3", "application/vnd.sqlite3"), (b"{\\rtf", "application/rtf"), (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"), (b"OggS", "audio/ogg"), (b"\x1a\x45\xdf\xa3", "video/x-matroska"),
    (b"\0\x01\0\0\0", "font"), (b"OTTO", "font"), (b"wOFF", "font"), (b"wOF2", "font"),
)  # fmt: skip
_BRANDS = {
    b"M4A": "audio/mp4", b"hei": "image/heic", b"mif": "image/heic", b"avi": "image/heic", b"qt ": "video/quicktime",
}  # fmt: skip
"""Brands of ISO base media files (ISO 14496-12)."""
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MPEG_FRAME = re.compile(rb"\A\xff[\xfb\xf3\xf2\xfa]")
_PDF_START = re.compile(rb"\A[\s\x00\xef\xbb\xbf]*%PDF-")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_HTML_START = re.compile(
    rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html\b)", re.IGNORECASE | re.DOTALL
)
_HTML_TABLE = re.compile(rb"^\s*<(?:table|head|body|meta)\b", re.IGNORECASE)
"""How web programs begin what they call a workbook: `report.xls` is a table in HTML."""
_SVG_START = re.compile(rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<!DOCTYPE svg[^>]*>\s*)*<svg\b", re.DOTALL)
_MBOX_START = re.compile(rb"\AFrom \S+.*\d{4}\r?\n[\w-]+:")
_MAIL_HEADER = re.compile(rb"^(from|to|subject|date|message-id|received|return-path|mime-version|delivered-to):", re.I)


def media_type(name: str, content: bytes) -> str:
    """The media type of a file with this name and content."""
    return media_type_of(name, io.BytesIO(content))


def media_type_of(name: str, file: BinaryIO) -> str:
    """The media type of a file that can seek; it is left at its start."""
    head = file.read(SAMPLE_BYTES)
    size = file.seek(0, io.SEEK_END)
    if head.startswith(b"PK\x03\x04"):
        kind = _zip_type(file)
    elif head.startswith(_OLE):
        kind = _ole_type(file)
    elif b"%PDF-" in head[:1024] and b"%%EOF" in _tail(file, size):
        kind = media.PDF
    else:
        kind = media_type_of_start(name, head)
    file.seek(0)
    return kind


def needs_all(head: bytes) -> bool:
    """Whether the first bytes alone do not tell what a file is."""
    return head.startswith((b"PK\x03\x04", _OLE)) or b"%PDF-" in head[:1024]


def media_type_of_start(name: str, head: bytes) -> str:
    """The media type as far as the first bytes tell it."""
    if _PDF_START.match(head):
        return media.PDF
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    found = _of_families(head)
    if found:
        return found
    return _text_type(name, head) if _is_text(head) else media.BINARY


def _of_families(head: bytes) -> str:
    """Formats whose signature stands behind other bytes."""
    if head[257:262] == b"ustar":
        return media.TAR
    if head[128:132] == b"DICM":
        return media.DICOM
    if head[:4] == b"RIFF":
        kinds = {b"WAVE": "audio/wav", b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}
        return kinds.get(head[8:12], media.BINARY)
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:11], "video/mp4")
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "image/bmp"
    return "audio/mpeg" if _MPEG_FRAME.match(head) and not _is_text(head) else ""


def _is_text(sample: bytes) -> bool:
    if sample.startswith(_UTF16_MARKS):
        return True
    strange = len(_CONTROL.findall(sample)) if _CONTROL.search(sample) else 0
    return strange * 100 <= len(sample) or unmarked_unicode(sample) is not None


def _tail(file: BinaryIO, size: int) -> bytes:
    file.seek(max(size - 1024, 0))
    return file.read()


def _zip_type(file: BinaryIO) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            declared = archive.read("mimetype")[:100].decode("ascii", "replace") if "mimetype" in names else ""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError, KeyError):
        file.seek(0)  # cut short: its reader will say that it is damaged
        content = file.read(1 << 20)
        names, declared = {part for part, _ in _OFFICE if part.encode() in content}, ""
    found = next((kind for part, kind in _OFFICE if part in names), "")
    if not found and declared.startswith(("application/vnd.oasis.", "application/epub")):
        found = declared.strip()
    return found or media.ZIP


_OFFICE = (
    ("word/document.xml", media.DOCX), ("ppt/presentation.xml", media.PPTX), ("xl/workbook.xml", media.XLSX),
    ("xl/workbook.bin", media.XLSX),
)  # fmt: skip


def _ole_type(file: BinaryIO) -> str:
    """What an OLE compound file holds: the names of its streams are UTF-16 somewhere in it."""
    file.seek(0)
    content = file.read(64 << 20)
    return next(
        (kind for name, kind in _OLE_STREAMS if name.encode("utf-16-le") in content), "application/x-ole-storage"
    )


_TEXT_ENDINGS = {
    ".html": media.HTML, ".htm": media.HTML, ".xhtml": media.HTML, ".md": media.MARKDOWN, ".markdown": media.MARKDOWN,
    ".csv": media.CSV, ".tsv": media.TSV, ".tab": media.TSV, ".jsonl": media.JSON_LINES, ".ndjson": media.JSON_LINES,
    ".eml": media.EMAIL, ".mbox": media.MBOX, ".mbx": media.MBOX, ".svg": "image/svg+xml",
}  # fmt: skip


def _text_type(name: str, sample: bytes) -> str:
    path = PurePosixPath(name)
    ending = path.suffix.lower()
    if _SVG_START.match(sample):
        return "image/svg+xml"
    if _HTML_START.match(sample):
        return media.HTML
    if ending in _TEXT_ENDINGS:
        return _TEXT_ENDINGS[ending]
    if ending in (".json", ".ipynb"):
        return _json_type(ending, sample)
    if media.told_by_name(name, media.TEXT) and _HTML_TABLE.match(sample):
        return media.HTML
    if _MBOX_START.match(sample):
        return media.MBOX
    if (
        ending in ("", ".msg", ".mail")
        and len([1 for line in sample.splitlines()[:20] if _MAIL_HEADER.match(line)]) >= 3
    ):
        return media.EMAIL
    return media.CODE if programming_language(name, sample[:200]) else media.TEXT


def _json_type(ending: str, sample: bytes) -> str:
    if ending == ".ipynb":
        return media.NOTEBOOK
    lines = sample.split(b"\n", 2)
    return media.JSON_LINES if len(lines) > 2 and all(map(_is_object, lines[:2])) else media.JSON


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
