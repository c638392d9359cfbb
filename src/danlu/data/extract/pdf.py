"""PDF to blocks, over pdfium (pypdfium2).

Text comes in the file's own order, line by line, with pages known. Headings are the document's outline: its titles
are looked up as lines of the pages that they point to. Lines that stand at the top or bottom of most pages are
furniture: kept in the extraction, marked, and left out by cleaning.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable

_SOFT_HYPHENS = str.maketrans({"\ufffe": "-", "\x02": "-", "\r": None})
"""pdfium writes a hyphen at a line's end as one of these; on the page a hyphen is drawn."""
_FURNITURE_PAGES = 3
_FURNITURE_SHARE = 0.5
_SPACE = re.compile(r"\s+")
_DIGITS = re.compile(r"\d{1,6}")
_NUMBER = re.compile(r"(?:chapter|appendix|section|第|附录)?[A-Z]?[\d.]*[章节]?[.:]?", re.IGNORECASE)


def extract_pdf(content: bytes) -> Extracted:
    """Read a PDF; raises Unreadable when it is encrypted, damaged, or holds no text (a scan)."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        rule = "encrypted" if "password" in str(error).lower() else "damaged"
        raise Unreadable(rule, str(error)) from None
    try:
        pages = [_page_lines(document, number) for number in range(len(document))]
        outline = _outline(document)
    finally:
        document.close()
    if not any(line for lines in pages for line in lines):
        raise Unreadable(
            "no text", f"{len(pages)} pages of images", "text on a page; scans need OCR, which is not built in yet"
        )
    return _blocks(pages, outline)


def _page_lines(document: object, number: int) -> list[str]:
    page = document[number]  # type: ignore[index]
    text_page = page.get_textpage()
    text: str = text_page.get_text_range()
    text_page.close()
    page.close()
    return [line.strip() for line in text.translate(_SOFT_HYPHENS).split("\n")]


@dataclass(frozen=True)
class _Title:
    page: int
    key: str
    level: int


def _outline(document: object) -> list[_Title]:
    """The outline's titles in order, with 0-based pages."""
    titles = []
    for mark in document.get_toc():  # type: ignore[attr-defined]
        target = mark.get_dest()
        page = target.get_index() if target else None
        key = _SPACE.sub("", mark.get_title())
        if page is not None and key:
            titles.append(_Title(page, key, min(mark.level + 1, 6)))
    return titles


def _blocks(pages: list[list[str]], outline: list[_Title]) -> Extracted:
    furniture = _furniture(pages)
    writer = BlockWriter()
    for index, lines in enumerate(pages):
        titles = [title for title in outline if title.page == index]
        for kind, level, text in _split(lines, index, titles, furniture):
            writer.add(kind, text, page=index + 1, level=level)
    return writer.finish()


def _split(lines: list[str], index: int, titles: list[_Title], furniture: set[str]) -> Iterator[tuple[str, int, str]]:
    """Blocks of one page: headings where a title of the outline is found, text between them."""
    text: list[str] = []
    at = 0
    while at < len(lines):
        title, used = _title_at(lines, at, titles)
        kind = "heading" if title else "furniture" if _keys(lines, at, index) & furniture else "text"
        if kind == "text":
            text.append(lines[at])
            at += 1
            continue
        if text:
            yield "text", 0, "\n".join(text)
            text = []
        used = max(used, 1)
        yield kind, title.level if title and kind == "heading" else 0, "\n".join(lines[at : at + used])
        if title and kind == "heading":
            titles.remove(title)
        at += used
    yield "text", 0, "\n".join(text)


def _title_at(lines: list[str], at: int, titles: list[_Title]) -> tuple[_Title | None, int]:
    """A title that starts at this line, over one to three lines, and the lines it takes."""
    joined = ""
    for used in range(1, 4):
        joined += _SPACE.sub("", lines[at + used - 1]) if at + used <= len(lines) else ""
        for title in titles:
            if joined and _same_title(joined, title.key):
                return title, used
    return None, 0


def _same_title(line: str, title: str) -> bool:
    """Equal, but for a number before the title that only one of the two has."""
    shorter, longer = sorted((line, title), key=len)
    return longer.endswith(shorter) and bool(_NUMBER.fullmatch(longer[: len(longer) - len(shorter)]))


def _keys(lines: list[str], at: int, index: int) -> set[str]:
    """What a line of page `index` has in common with furniture: the whole line, or all but a number that counts pages."""
    line = lines[at]
    place = _place(lines, at)
    if not line or not place:
        return set()
    counting = {f"{line[: n.start()]}#{int(n.group()) - index}#{line[n.end() :]}" for n in _DIGITS.finditer(line)}
    return {place + key for key in (line, *counting)}


def _place(lines: list[str], at: int) -> str:
    """`top` or `bottom` for the first and last two lines with text, and empty elsewhere."""
    full = [index for index, line in enumerate(lines) if line]
    if at in full[:2]:
        return "top "
    return "bottom " if at in full[-2:] else ""


def _furniture(pages: list[list[str]]) -> set[str]:
    """What stands at the top or at the bottom of at least half of the pages, but for a number that counts them."""
    seen: Counter[str] = Counter()
    for index, lines in enumerate(pages):
        seen.update(set().union(*(_keys(lines, at, index) for at in range(len(lines)))))
    bound = max(_FURNITURE_PAGES, _FURNITURE_SHARE * len(pages))
    return {key for key, count in seen.items() if count >= bound}
