"""What the cells of an XLSX sheet show beyond their values: formats, errors, and formulas that were never calculated.

calamine gives values: 0.25 for 25%, nothing for an error, nothing for a formula whose result the file does not hold (programs that write
workbooks seldom calculate them). This reads the same cells once more, in the package's own XML (ECMA-376 part 1, 18.3.1.4), and only
those that a format, an error or a formula makes differ. A formula without a result stays as its text, `=A1*B1`, and is counted: the row
keeps its shape, and nobody reads a total of zero that nobody calculated.

A sheet is read by its tags and not as a tree: a parser that makes elements, or openpyxl, which knows all of this too, takes several
times as long as calamine itself.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from danlu.data.extract.sheet_formats import BUILT_IN, general, shown

Place = tuple[int, int]
"""Row and column, from 0."""

_TAG = re.compile(rb"<(?:\w+:)?(?:c|(?P<row>row))(?=[\s/>])(?P<attributes>[^>]*)>")
_ATTRIBUTE = re.compile(rb'\s([rst])="([^"]*)"')
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?(?:/|>([^<]*))")
_FORMULA = re.compile(rb"<(?:\w+:)?f(?:\s[^>]*?)?(?:/>|>([^<]*))")
_PLACE = re.compile(rb"([A-Z]{1,3})(\d{1,7})")
_NUMBER = re.compile(r"[+-]?\d{1,20}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,2})?")
_RELATIONSHIP = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATIONSHIP = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


@dataclass
class Cells:
    """The cells of one sheet that are not read as their plain values."""

    texts: dict[Place, str] = field(default_factory=dict)
    formulas: int = 0
    """Formulas without a result."""


@dataclass(frozen=True)
class _Book:
    """What all sheets of a workbook share."""

    formats: tuple[str, ...]
    """The format of each cell style; empty for none."""
    from_1904: bool
    uncalculated: bool
    """Whether its results are to be calculated when it is opened: a result of 0 is then a placeholder."""


def cells_of(content: bytes) -> Mapping[str, Cells]:
    """The cells of each sheet by its name; none for a workbook that is no XLSX package."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            if "xl/workbook.xml" not in package.namelist():
                return {}
            workbook = _tree(package, "xl/workbook.xml")
            book = _Book(
                _formats(package),
                _says(workbook, "workbookPr", "date1904"),
                _says(workbook, "calcPr", "fullCalcOnLoad"),
            )
            return {name: _cells(package.read(part), book) for name, part in _parts(package, workbook)}
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError):
        return {}


def _tree(package: zipfile.ZipFile, part: str) -> Element:
    return ElementTree.fromstring(package.read(part))  # noqa: S314  expat ends entity bombs by itself, since 2.4.1


def _says(workbook: Element, element: str, attribute: str) -> bool:
    return any(found.get(attribute) in ("1", "true") for found in workbook.iterfind(f".//{{*}}{element}"))


def _parts(package: zipfile.ZipFile, workbook: Element) -> Iterator[tuple[str, str]]:
    """The name of each sheet and the part that holds it."""
    targets = {found.get("Id"): found.get("Target") for found in _tree(package, "xl/_rels/workbook.xml.rels")}
    for sheet in workbook.iterfind(".//{*}sheet"):
        target = targets.get(sheet.get(_RELATIONSHIP) or sheet.get(_STRICT_RELATIONSHIP))
        part = posixpath.normpath(posixpath.join("/xl", target or "")).lstrip("/")
        if part in package.namelist():
            yield sheet.get("name") or "", part


def _formats(package: zipfile.ZipFile) -> tuple[str, ...]:
    if "xl/styles.xml" not in package.namelist():
        return ()
    styles = _tree(package, "xl/styles.xml")
    own = {found.get("numFmtId"): found.get("formatCode") or "" for found in styles.iterfind(".//{*}numFmt")}
    used = [
        style.get("numFmtId") or "0"
        for styles_of_cells in styles.iterfind(".//{*}cellXfs")
        for style in styles_of_cells
    ]
    codes = [own.get(number) or BUILT_IN.get(int(number) if number.isdecimal() else 0, "") for number in used]
    return tuple("" if code.lower() in ("general", "@") else code for code in codes)


def _cells(sheet: bytes, book: _Book) -> Cells:
    found = Cells()
    if not any(book.formats) and b"f>" not in sheet and b't="e"' not in sheet:
        return found
    row, column = -1, -1
    tags = _TAG.finditer(sheet)
    tag = next(tags, None)
    while tag:
        stated, after = dict(_ATTRIBUTE.findall(tag["attributes"])), next(tags, None)
        if tag["row"]:
            number = stated.get(b"r", b"")
            row, column = int(number) - 1 if number.isdigit() else row + 1, -1
        else:
            row, column = _place(stated.get(b"r", b""), row, column)
            is_empty = tag["attributes"].endswith(b"/")
            inside = b"" if is_empty else sheet[tag.end() : after.start() if after else len(sheet)]
            text = _text(stated, inside, book, found)
            if text is not None:
                found.texts[row, column] = text
        tag = after
    return found


def _place(reference: bytes, row: int, column: int) -> Place:
    """Where a cell says that it stands, or one to the right of the last."""
    match = _PLACE.fullmatch(reference)
    return (int(match[2]) - 1, _column(match[1])) if match else (row, column + 1)


@cache
def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _text(stated: Mapping[bytes, bytes], inside: bytes, book: _Book, found: Cells) -> str | None:
    """What the cell shows; None where its value says it already."""
    kind, style = stated.get(b"t", b"n"), stated.get(b"s", b"0")
    code = book.formats[int(style)] if style.isdigit() and int(style) < len(book.formats) else ""
    formula = _FORMULA.search(inside) if b"f" in inside else None
    if not (code or formula or kind == b"e"):
        return None
    held = _VALUE.search(inside)
    value = _plain(held[1] or b"") if held else None
    if formula and _is_missing(value, kind, book):
        found.formulas += 1
        return f"={_plain(formula[1])}" if formula[1] else ""
    if kind == b"e":
        return value
    if kind != b"n" or not code or not _NUMBER.fullmatch(value or ""):
        return None
    return shown(float(value or 0), code, book.from_1904) or general(float(value or 0))


def _plain(text: bytes) -> str:
    return unescape(text.decode("utf-8", "replace"))


def _is_missing(value: str | None, kind: bytes, book: _Book) -> bool:
    """Whether a formula has no result. An empty text is one where the cell says that its result is text."""
    if not value:
        return value is None or kind != b"str"
    return book.uncalculated and kind == b"n" and value == "0"
