"""The kinds of file that danlu tells apart, by media type (IANA's names where there is one), and the endings they go by."""

from pathlib import PurePosixPath

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

ENDINGS: dict[str, tuple[str, ...]] = {
    ".pdf": (PDF,), ".docx": (DOCX,), ".pptx": (PPTX,), ".xlsx": (XLSX,), ".ods": (ODS,), ".xls": (XLS,),
    ".doc": ("application/msword",), ".ppt": ("application/vnd.ms-powerpoint",), ".rtf": ("application/rtf",),
    ".html": (HTML,), ".htm": (HTML,), ".md": (MARKDOWN,), ".txt": (TEXT,), ".csv": (CSV,), ".tsv": (TSV,),
    ".json": (JSON, JSON_LINES), ".jsonl": (JSON_LINES,), ".parquet": (PARQUET,), ".eml": (EMAIL,), ".mbox": (MBOX,),
    ".zip": (ZIP,), ".tar": (TAR,), ".gz": (GZIP,), ".bz2": (BZIP2,), ".xz": (XZ,), ".zst": (ZSTD,), ".dcm": (DICOM,),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".bmp"), IMAGES),
    ".mp3": AUDIO, ".wav": AUDIO, ".flac": AUDIO, ".mp4": (*VIDEO, *AUDIO), ".mov": VIDEO, ".mkv": VIDEO, ".avi": VIDEO,
}  # fmt: skip
"""What a file with this ending says that it is. Endings that say nothing certain are not listed."""


def told_by_name(name: str, kind: str) -> str:
    """The ending of a name that promises another kind than the content is; empty where it says nothing, or the same."""
    ending = PurePosixPath(name).suffix.lower()
    return ending if kind not in ENDINGS.get(ending, (kind,)) else ""
