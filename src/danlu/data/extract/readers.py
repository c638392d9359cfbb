"""Which reader reads which kind of file: those that give one document, and those of files that hold many."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec

from danlu.data import media
from danlu.data.extract.archive import read_tar, read_zip
from danlu.data.extract.audio import extract_audio
from danlu.data.extract.blocks import Extracted, Unreadable
from danlu.data.extract.code import extract_code, extract_notebook
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.csv import read_csv
from danlu.data.extract.dicom import extract_dicom
from danlu.data.extract.docling import extract_with_docling
from danlu.data.extract.docx import extract_docx
from danlu.data.extract.email import read_email, read_mbox
from danlu.data.extract.html import extract_html
from danlu.data.extract.image import extract_image
from danlu.data.extract.items import Found, Item
from danlu.data.extract.json_rows import read_json, read_json_lines
from danlu.data.extract.markdown import extract_markdown
from danlu.data.extract.parquet_rows import read_arrow, read_parquet
from danlu.data.extract.pdf import extract_pdf
from danlu.data.extract.plain import extract_text
from danlu.data.extract.pptx import extract_pptx
from danlu.data.extract.sheets import read_sheets
from danlu.data.extract.unpack import COMPRESSED
from danlu.data.extract.video import extract_video
from danlu.data.extract.warc import read_warc

Reader = Callable[[bytes, str, ExtractConfig], Extracted]
"""Content, name and choices to one document."""
ContainerReader = Callable[[Item, ExtractConfig], Iterator[Found]]


def _of_content(read: Callable[[bytes], Extracted]) -> Reader:
    return lambda content, name, config: read(content)


def _named(read: Callable[[bytes, str], Extracted]) -> Reader:
    return lambda content, name, config: read(content, name)


def _pdf(content: bytes, name: str, config: ExtractConfig) -> Extracted:
    return extract_with_docling(content) if config.pdf_reader == "docling" else extract_pdf(content)


def _audio(content: bytes, name: str, config: ExtractConfig) -> Extracted:
    return extract_audio(content, config.speech_model)


def _video(content: bytes, name: str, config: ExtractConfig) -> Extracted:
    return extract_video(content, config.speech_model)


READERS: dict[str, Reader] = {
    media.PDF: _pdf,
    media.DOCX: _of_content(extract_docx),
    media.PPTX: _of_content(extract_pptx),
    media.HTML: _of_content(extract_html),
    media.MARKDOWN: _of_content(extract_markdown),
    media.TEXT: _of_content(extract_text),
    media.CODE: _named(extract_code),
    media.NOTEBOOK: _named(extract_notebook),
    media.DICOM: _of_content(extract_dicom),
    **dict.fromkeys(media.IMAGES, _of_content(extract_image)),
    **dict.fromkeys(media.AUDIO, _audio),
    **dict.fromkeys(media.VIDEO, _video),
}

CONTAINERS: dict[str, ContainerReader] = {
    media.XLSX: read_sheets,
    media.XLS: read_sheets,
    media.ODS: read_sheets,
    media.CSV: read_csv,
    media.TSV: read_csv,
    media.JSON: read_json,
    media.JSON_LINES: read_json_lines,
    media.PARQUET: read_parquet,
    media.ARROW: read_arrow,
    media.EMAIL: read_email,
    media.MBOX: read_mbox,
    media.WARC: read_warc,
    media.ZIP: read_zip,
    media.TAR: read_tar,
}


_OPTIONAL = ("rapidocr", "faster-whisper", "av", "pydicom", "docling")


def optional_libraries() -> tuple[str, ...]:
    """The packages of extras that are installed: what they read was refused without them."""
    return tuple(name for name in _OPTIONAL if find_spec(name.replace("-", "_")))


READ = "text, HTML, PDF, Office, e-mail, code, data sets or archives"


def is_read(kind: str) -> bool:
    """Whether files of this kind are read."""
    return kind in READERS or kind in CONTAINERS or kind in COMPRESSED


def unread(kind: str) -> Unreadable:
    """Why a file of this kind is not read, and the way out."""
    if kind == media.BINARY:
        return Unreadable("binary", kind, READ)
    if kind == "application/x-ole-encrypted":
        return Unreadable("encrypted", "a password-protected Office file", "a file without a password")
    way_out = media.WHAT_TO_DO.get(kind)
    return Unreadable("unsupported type", f"{kind}; {way_out}" if way_out else kind, READ)
