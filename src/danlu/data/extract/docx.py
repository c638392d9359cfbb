"""DOCX to blocks, over python-docx: paragraphs and tables in reading order, headings by style, notes after their paragraph.

python-docx's own `text` leaves out what stands in content controls, in insertions under review, in text boxes and in
tables inside cells; so the text is read from the elements themselves. Deleted and moved-away text is not there any more.

Headers and footers are page furniture: those that a section has of its own stand around its text once, however many pages show them.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable
from danlu.data.extract.docx_numbers import Numbering
from danlu.data.extract.table import add_table

_HEADING = re.compile(r"^(?:heading|标题)\s*([1-6])$", re.IGNORECASE)
_CODE = re.compile(r"code|verbatim|preformatted|代码", re.IGNORECASE)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_REPEATED_CHARACTERS = 200
"""A longer text in a cell that spans others is no label, and stands there once."""
_WRAPPERS = frozenset(_W + name for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo"))
_GONE = frozenset(
    {_W + "del", _W + "moveFrom", "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
)
_REFERENCES = (_W + "footnoteReference", _W + "endnoteReference")
_BREAKS = {_W + "tab": "\t", _W + "br": "\n", _W + "cr": "\n", _W + "noBreakHyphen": "-"}


def extract_docx(content: bytes) -> Extracted:
    """Read a DOCX file; raises Unreadable when it is damaged."""
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    try:
        document = docx.Document(io.BytesIO(content))
    except (PackageNotFoundError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, SyntaxError) as error:
        raise Unreadable("damaged", str(error)) from None
    numbering, notes = Numbering(document), _notes(document)
    writer, sections = BlockWriter(), iter(document.sections)
    section = next(sections, None)
    _add_furniture(writer, section, document, "header")
    for element in _inside(document.element.body, "p", "tbl"):
        if element.tag == _W + "tbl":
            _add_table(writer, element)
        else:
            _add_paragraph(writer, element, document, numbering)
        for note in element.iter(_W + "footnoteReference", _W + "endnoteReference"):
            writer.add("text", notes.get((note.tag, note.get(_W + "id")), ""))
        if element.find(f"{_W}pPr/{_W}sectPr") is not None:
            _add_furniture(writer, section, document, "footer")
            section = next(sections, None)
            _add_furniture(writer, section, document, "header")
    _add_furniture(writer, section, document, "footer")
    properties = document.core_properties
    meta = {"author": properties.author} if properties.author and properties.author != "python-docx" else {}
    return writer.finish(properties.title or "", meta=meta)


def _add_furniture(writer: BlockWriter, section: Any, document: Any, kind: str) -> None:
    """The headers or the footers of a section that are shown and are not those of the section before."""
    if section is None:
        return
    shown = [getattr(section, kind)]
    if section.different_first_page_header_footer:
        shown.insert(0, getattr(section, f"first_page_{kind}"))
    if document.settings.odd_and_even_pages_header_footer:
        shown.append(getattr(section, f"even_page_{kind}"))
    texts = (_furniture(part) for part in shown if not part.is_linked_to_previous)
    for text in dict.fromkeys(text for text in texts if text):
        writer.add("furniture", text)


def _furniture(part: Any) -> str:
    """A header or a footer on one line; empty where the package names one that it does not hold."""
    try:
        inside = part._element  # python-docx has no other way to what stands in content controls
    except (KeyError, AttributeError):
        return ""
    return " ".join(" ".join(_text(element) for element in _inside(inside, "p", "tbl")).split())


def _notes(document: Any) -> dict[tuple[str, str | None], str]:
    """Footnotes and endnotes by their reference, written as Markdown writes them."""
    from docx.oxml import parse_xml

    notes = {}
    for kind in ("footnote", "endnote"):
        parts = (rel.target_part for rel in document.part.rels.values() if rel.reltype.endswith(f"/{kind}s"))
        for part in parts:
            for note in parse_xml(part.blob).findall(_W + kind):
                text = " ".join(_text(note).split())
                if text:
                    notes[(_W + kind + "Reference", note.get(_W + "id"))] = f"[^{note.get(_W + 'id')}]: {text}"
    return notes


def _inside(container: Any, *names: str) -> Iterator[Any]:
    """The children with these names, in order; wrappers such as content controls are looked through."""
    wanted = {_W + name for name in names}
    for child in container:
        if child.tag in wanted:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _inside(child, *names)


def _add_paragraph(writer: BlockWriter, element: Any, document: Any, numbering: Numbering) -> None:
    from docx.text.paragraph import Paragraph

    style = Paragraph(element, document).style
    name = (style.name or "") if style is not None else ""
    heading = _HEADING.match(name)
    text = _text(element)
    label = numbering.label(element, style.style_id if style is not None else "") if text.strip() else ""
    if heading or name in ("Title", "标题"):
        writer.add("heading", label + text, level=int(heading.group(1)) if heading else 1)
    elif _CODE.search(name):
        writer.add("code", text)
    else:
        indent = " " * (len(label) - len(label.lstrip(" ")))
        writer.add("text", label + text, gap="\n\n" + indent)


def _add_table(writer: BlockWriter, table: Any) -> None:
    """A row for each row, as in HTML's tables: what spans several cells stands in each, since a row is found and cited alone.

    A table of one cell is a box of text.
    """
    rows: list[list[str]] = []
    for row in _inside(table, "tr"):
        rows.append(_row(list(_inside(row, "tc")), rows[-1] if rows else []))
    if len(rows) == 1 and len(rows[0]) == 1:
        writer.add("text", rows[0][0])
    else:
        add_table(writer, rows)


def _row(cells: Sequence[Any], above: Sequence[str]) -> list[str]:
    """The texts of a row; a cell that fills it is a subtitle, and stands there once."""
    row: list[str] = []
    for cell in cells:
        columns, goes_on = _spans(cell)
        text = above[len(row)] if goes_on and len(row) < len(above) else " ".join(_text(cell).split())
        repeated = text if len(cells) > 1 and len(text) <= _REPEATED_CHARACTERS else ""
        row += [text, *[repeated] * (columns - 1)]
    return row


def _spans(cell: Any) -> tuple[int, bool]:
    """How many columns a cell spans, and whether it goes on with the one above it."""
    properties = cell.find(f"{_W}tcPr")
    span, merge = (
        properties.find(f"{_W}{name}") if properties is not None else None for name in ("gridSpan", "vMerge")
    )
    columns = str(span.get(f"{_W}val", "1")) if span is not None else "1"
    goes_on = merge is not None and merge.get(f"{_W}val", "continue") == "continue"
    return max(1, min(int(columns), 64)) if columns.isdecimal() else 1, goes_on


def _text(element: Any) -> str:
    """All the text inside an element; what stands in paragraphs of its own (a text box) on lines of its own."""
    parts: list[str] = []
    stack = [element]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            parts.append(node)
        elif node.tag == _W + "t":
            parts.append(node.text or "")
        elif node.tag in _REFERENCES:
            parts.append(f"[^{node.get(_W + 'id')}]")
        elif node.tag in _BREAKS and node.getparent().tag == _W + "r":
            parts.append(_BREAKS[node.tag])
        elif node.tag not in _GONE:
            ends = ["\n"] if node.tag == _W + "p" and node is not element else []
            stack += [*ends, *reversed(node), *ends]
    return "".join(parts).strip("\n")
