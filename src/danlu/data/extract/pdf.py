"""PDF to blocks, over pdfium (pypdfium2).

Lines with their places are measured (pdf_lines), page furniture is told by repetition (pdf_furniture), columns are
put in reading order (pdf_order), headings are the outline's titles or what is set larger (pdf_headings). A page
that is a picture, or whose letters have no meaning in the file, is read by OCR where that is installed; pages that fail are
counted and the rest is kept.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from danlu.data.extract import ocr
from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable
from danlu.data.extract.pdf_headings import read_outline
from danlu.data.extract.pdf_lines import Line, page_lines
from danlu.data.extract.pdf_pages import lay_out
from danlu.data.extract.unread_pages import WITHOUT_TEXT

_SCAN_LETTERS = 16
"""A page with fewer letters than this (a page number, a stamp) under a picture is a scan."""
_SCAN_SHARE = 0.5
"""The share of a page that pictures cover on a scan: the logo of a title page covers less, and OCR costs as much as 500 pages."""
_GARBLED_SHARE = 0.3
_GARBLED = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0b\x0c\x0e-\x1f]")
_DOTS_PER_INCH = 200
"""Print of 6 points is then 17 pixels high; twice the resolution costs three times the time and reads no better."""
_POINTS_PER_INCH = 72
_DATE = re.compile(r"D?:?(\d{4})(\d{2})?(\d{2})?")
_SPACE = re.compile(r"\s+")


def extract_pdf(content: bytes) -> Extracted:
    """Read a PDF; raises Unreadable when it is encrypted, damaged, or no page of it gives text."""
    with _opened(content) as document:
        pages = _Pages(document)
        outline = read_outline(document)
        facts = document.get_metadata_dict(skip_empty=True)
    if not any(pages.lines):
        raise _no_text(pages)
    writer = lay_out(pages.lines, outline)
    return writer.finish(_title(facts, writer), tuple(sorted(pages.edits.items())), _meta(facts, pages))


@contextmanager
def _opened(content: bytes) -> Iterator[Any]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        rule = "encrypted" if "password" in str(error).lower() else "damaged"
        raise Unreadable(rule, str(error)) from None
    try:
        yield document
    finally:
        document.close()


@dataclass
class _Pages:
    """The lines of every page, and what happened to the pages."""

    document: Any
    lines: list[list[Line]] = field(default_factory=list)
    edits: Counter[str] = field(default_factory=Counter)
    confidences: list[tuple[float, int]] = field(default_factory=list)
    pictures: int = 0
    """Pages that only OCR could read, and that it did not."""

    def __post_init__(self) -> None:
        import pypdfium2

        for number in range(len(self.document)):
            try:
                self.lines.append(self._page(number))
            except pypdfium2.PdfiumError:
                self.edits["damaged page left out"] += 1
                self.lines.append([])

    def _page(self, number: int) -> list[Line]:
        page = self.document[number]
        try:
            lines = page_lines(page)
            if not _is_picture(page, lines):
                if not lines:
                    self.edits[WITHOUT_TEXT] += 1
                return lines
            if not ocr.is_installed():
                self.pictures += 1
                self.edits["picture of a page left out"] += 1
                return lines
            return self._recognised(page) or lines
        finally:
            page.close()

    def _recognised(self, page: Any) -> list[Line]:
        longest_inches = max(*page.get_size(), 1.0) / _POINTS_PER_INCH
        dots_per_inch = min(_DOTS_PER_INCH, ocr.MAX_SIDE_PIXELS / longest_inches)
        bitmap = page.render(scale=dots_per_inch / _POINTS_PER_INCH, rev_byteorder=True)
        try:
            found = ocr.recognise(bitmap.to_numpy()[:, :, :3])
        finally:
            bitmap.close()
        if found.dropped:
            self.edits["line of OCR left out"] += found.dropped
        if not found.lines:
            self.pictures += 1
            return []
        self.edits["page read by OCR"] += 1
        self.confidences.append((found.confidence, found.letters))
        return [ocr.scaled(line, _POINTS_PER_INCH / dots_per_inch) for line in found.lines]


def _is_picture(page: Any, lines: list[Line]) -> bool:
    """Whether a page shows text that its letters do not give: a scan, or letters without meaning."""
    text = "".join(line.text for line in lines)
    if len(text) >= _SCAN_LETTERS:
        return len(_GARBLED.findall(text)) >= _GARBLED_SHARE * len(text)
    return _picture_share(page) >= _SCAN_SHARE


def _picture_share(page: Any) -> float:
    import pypdfium2.raw as pdfium

    width, height = page.get_size()
    covered = 0.0
    for picture in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = picture.get_bounds()
        covered += max(right - left, 0.0) * max(top - bottom, 0.0)
    return float(covered / max(width * height, 1.0))


def _no_text(pages: _Pages) -> Unreadable:
    count = len(pages.lines)
    if pages.pictures and not ocr.is_installed():
        return Unreadable("needs an extra", f"{pages.pictures} of {count} pages are pictures", ocr.HINT)
    return Unreadable("no text", f"{count} pages without text", "text on a page")


def _title(facts: dict[str, str], writer: BlockWriter) -> str:
    """The title that the file gives itself, where its first page shows it too: many are a template's or a file's name."""
    said = _SPACE.sub(" ", facts.get("Title", "")).strip()
    shown = _SPACE.sub("", "".join(writer.parts[:40])).casefold()
    return said if len(said) > 3 and _SPACE.sub("", said).casefold() in shown else ""


def _meta(facts: dict[str, str], pages: _Pages) -> dict[str, Any]:
    meta: dict[str, Any] = {"pages": len(pages.lines)}
    if facts.get("Author"):
        meta["author"] = _SPACE.sub(" ", facts["Author"]).strip()
    date = _DATE.match(facts.get("CreationDate", ""))
    if date:
        meta["date"] = "-".join(part for part in date.groups() if part)
    letters = sum(length for _, length in pages.confidences)
    if letters:
        meta["ocr_confidence"] = round(sum(score * length for score, length in pages.confidences) / letters, 3)
    return meta
