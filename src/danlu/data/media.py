"""What a file is, by its first bytes; the name's ending only chooses between kinds of text.

Signatures are those that the formats' own specifications give (and `file`'s magic agrees with).
"""

import io
import json
import re
import zipfile
from pathlib import PurePosixPath
from typing import BinaryIO

from danlu.data.decode import unmarked_unicode

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
XLS = "application/vnd.ms-excel"
HTML = "text/html"
MARKDOWN = "text/markdown"
TEXT = "text/plain"
CODE = "text/x-source-code"
NOTEBOOK = "application/x-ipynb+json"
CSV = "text/csv"
TSV = "text/tab-separated-values"
JSON = "application/json"
JSON_LINES = "application/x-ndjson"
PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.file"
EMAIL = "message/rfc822"
MBOX = "application/mbox"
WARC = "application/warc"
ZIP = "application/zip"
TAR = "application/x-tar"
GZIP = "application/gzip"
BZIP2 = "application/x-bzip2"
XZ = "application/x-xz"
ZSTD = "application/zstd"
DICOM = "application/dicom"
BINARY = "application/octet-stream"

DOCUMENTS = (PDF, DOCX, PPTX, XLSX, ODS, XLS, HTML, MARKDOWN, TEXT, CODE, NOTEBOOK)
DATA_SETS = (CSV, TSV, JSON, JSON_LINES, PARQUET, ARROW)
CONTAINERS = (EMAIL, MBOX, WARC, ZIP, TAR, GZIP, BZIP2, XZ, ZSTD)
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/tiff", "image/bmp")
AUDIO = ("audio/mpeg", "audio/wav", "audio/flac", "audio/ogg", "audio/mp4", "audio/aac")
VIDEO = ("video/mp4", "video/quicktime", "video/x-matroska", "video/x-msvideo", "video/webm")

WHAT_TO_DO = {
    "application/msword": "save it as DOCX with Word or LibreOffice",
    "application/vnd.ms-powerpoint": "save it as PPTX with PowerPoint or LibreOffice",
    "application/x-ole-storage": "save it as DOCX or PDF",
    "application/rtf": "save it as DOCX with Word or LibreOffice",
    "application/vnd.oasis.opendocument.text": "save it as DOCX with LibreOffice",
    "application/vnd.oasis.opendocument.presentation": "save it as PPTX with LibreOffice",
    "application/epub+zip": "unpack it: an EPUB is a ZIP of HTML pages",
    "application/x-7z-compressed": "unpack it or pack it as ZIP or tar",
    "application/vnd.rar": "unpack it or pack it as ZIP or tar",
    "application/vnd.sqlite3": "read it with `danlu fetch sql:sqlite:///FILE`",
    "application/vnd.apache.avro": "convert it to Parquet or JSON Lines",
    "application/vnd.apache.orc": "convert it to Parquet or JSON Lines",
    "image/heic": "save it as PNG or JPEG",
    "image/svg+xml": "a drawing and no document",
    "application/x-executable": "a program and no document",
    "application/java-archive": "a program and no document",
    "font": "a font and no document",
    BINARY: "no format that danlu knows",
}
"""Kinds that are recognised and not read, each with the way out."""

PROGRAMMING_LANGUAGES = {
    ending: language
    for language, endings in {
        "Python": "py pyi pyx", "JavaScript": "js mjs cjs jsx", "TypeScript": "ts tsx mts cts", "Java": "java",
        "C": "c h", "C++": "cc cpp cxx hpp hh hxx", "C#": "cs", "Go": "go", "Rust": "rs", "Ruby": "rb", "PHP": "php",
        "Swift": "swift", "Kotlin": "kt kts", "Scala": "scala", "Shell": "sh bash zsh", "Perl": "pl pm", "R": "r",
        "Julia": "jl", "Lua": "lua", "Haskell": "hs", "OCaml": "ml mli", "Elixir": "ex exs", "Erlang": "erl",
        "Clojure": "clj cljs", "Dart": "dart", "SQL": "sql", "CSS": "css scss less", "PowerShell": "ps1", "Fortran": "f90 f95",
        "Objective-C": "m mm", "Assembly": "asm s", "Verilog": "v sv", "VHDL": "vhd vhdl", "CUDA": "cu cuh", "CMake": "cmake",
        "Dockerfile": "dockerfile", "Makefile": "mk", "Protocol Buffers": "proto", "Vue": "vue", "Groovy": "groovy gradle",
    }.items()
    for ending in endings.split()
}  # fmt: skip
"""Endings, without the dot."""
_INTERPRETERS = {
    "python": "Python", "sh": "Shell", "bash": "Shell", "zsh": "Shell", "node": "JavaScript", "perl": "Perl",
    "ruby": "Ruby", "Rscript": "R", "lua": "Lua", "php": "PHP",
}  # fmt: skip
_NAMED_LIKE = {"Makefile": "Makefile", "Dockerfile": "Dockerfile", "CMakeLists.txt": "CMake"}

SAMPLE_BYTES = 65536
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (
    ("EncryptedPackage", "application/x-ole-encrypted"), ("WordDocument", "application/msword"), ("Workbook", XLS),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
)  # fmt: skip
_SIGNATURES = (
    (b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"), (b"MM\0*", "image/tiff"), (b"II+\0", "image/tiff"), (b"MM\0+", "image/tiff"),
    (b"PK\x05\x06", ZIP), (b"\x1f\x8b", GZIP), (b"BZh", BZIP2), (b"\xfd7zXZ\0", XZ), (b"\x28\xb5\x2f\xfd", ZSTD),
    (b"PAR1", PARQUET), (b"ARROW1\0\0", ARROW), (b"Obj\x01", "application/vnd.apache.avro"), (b"ORC", "application/vnd.apache.orc"),
    (b"WARC/", WARC), (b"\x7fELF", "application/x-executable"), (b"Rar!", "application/vnd.rar"),
    (b"7z\xbc\xaf", "application/x-7z-compressed"), (b"SQLite format 3", "application/vnd.sqlite3"), (b"{\\rtf", "application/rtf"),
    (b"ID3", "audio/mpeg"), (b"fLaC", "audio/flac"), (b"OggS", "audio/ogg"), (b"\x1a\x45\xdf\xa3", "video/x-matroska"),
    (b"\0\x01\0\0\0", "font"), (b"OTTO", "font"), (b"wOFF", "font"), (b"wOF2", "font"),
)  # fmt: skip
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MPEG_FRAME = re.compile(rb"\A\xff[\xfb\xf3\xf2\xfa]")
_PDF_START = re.compile(rb"\A[\s\x00\xef\xbb\xbf]*%PDF-")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_HTML_START = re.compile(
    rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html\b)", re.IGNORECASE | re.DOTALL
)
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
        kind = PDF
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
        return PDF
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    found = _of_families(head)
    if found:
        return found
    return _text_type(name, head) if _is_text(head) else BINARY


def programming_language(name: str, head: bytes = b"") -> str:
    """The programming language by the ending, else by the interpreter that the first line names; empty for none."""
    path = PurePosixPath(name)
    shebang = re.match(rb"#!\s*(\S+)(?:[ \t]+(\S+))?", head)
    named = [group.decode("ascii", "replace") for group in (shebang.groups() if shebang else ()) if group]
    words = [PurePosixPath(path_named).name.rstrip("0123456789.") for path_named in named]
    by_line = next((_INTERPRETERS[word] for word in reversed(words) if word in _INTERPRETERS), "")
    return _NAMED_LIKE.get(path.name) or PROGRAMMING_LANGUAGES.get(path.suffix.lower().lstrip(".")) or by_line


def _of_families(head: bytes) -> str:
    """Formats whose signature stands behind other bytes."""
    if head[257:262] == b"ustar":
        return TAR
    if head[128:132] == b"DICM":
        return DICOM
    if head[:4] == b"RIFF":
        kinds = {b"WAVE": "audio/wav", b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}
        return kinds.get(head[8:12], BINARY)
    if head[4:8] == b"ftyp":
        brand = head[8:11]
        kinds = {
            b"M4A": "audio/mp4",
            b"hei": "image/heic",
            b"mif": "image/heic",
            b"avi": "image/heic",
            b"qt ": "video/quicktime",
        }
        return kinds.get(brand, "video/mp4")
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
    return found or ZIP


_OFFICE = (
    ("word/document.xml", DOCX), ("ppt/presentation.xml", PPTX), ("xl/workbook.xml", XLSX), ("xl/workbook.bin", XLSX),
)  # fmt: skip


def _ole_type(file: BinaryIO) -> str:
    """What an OLE compound file holds: the names of its streams are UTF-16 somewhere in it."""
    file.seek(0)
    content = file.read(64 << 20)
    return next(
        (kind for name, kind in _OLE_STREAMS if name.encode("utf-16-le") in content), "application/x-ole-storage"
    )


_TEXT_ENDINGS = {
    ".html": HTML, ".htm": HTML, ".xhtml": HTML, ".md": MARKDOWN, ".markdown": MARKDOWN, ".csv": CSV, ".tsv": TSV, ".tab": TSV,
    ".jsonl": JSON_LINES, ".ndjson": JSON_LINES, ".eml": EMAIL, ".mbox": MBOX, ".mbx": MBOX, ".svg": "image/svg+xml",
}  # fmt: skip


def _text_type(name: str, sample: bytes) -> str:
    path = PurePosixPath(name)
    ending = path.suffix.lower()
    if _SVG_START.match(sample):
        return "image/svg+xml"
    if _HTML_START.match(sample):
        return HTML
    if ending in _TEXT_ENDINGS:
        return _TEXT_ENDINGS[ending]
    if ending in (".json", ".ipynb"):
        return _json_type(ending, sample)
    if _MBOX_START.match(sample):
        return MBOX
    if (
        ending in ("", ".msg", ".mail")
        and len([1 for line in sample.splitlines()[:20] if _MAIL_HEADER.match(line)]) >= 3
    ):
        return EMAIL
    return CODE if programming_language(name, sample[:200]) else TEXT


def _json_type(ending: str, sample: bytes) -> str:
    if ending == ".ipynb":
        return NOTEBOOK
    lines = sample.split(b"\n", 2)
    return JSON_LINES if len(lines) > 2 and all(map(_is_object, lines[:2])) else JSON


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
