"""DOCX to blocks, over python-docx: paragraphs and tables in reading order, headings by style, notes after their paragraph.

python-docx's own `text` leaves out what stands in content controls, in insertions under review, in text boxes and in
tables inside cells; so the text is read from the elements themselves. Deleted and moved-away text is not there any more.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable
from danlu.data.extract.docx_numbers import Numbering
from danlu.data.extract.table import add_table

_HEADING = re.compile(r"^(?:heading|标题)\s*([1-6])$", re.IGNORECASE)
_CODE = re.compile(r"code|verbatim|preformatted|代码", re.IGNORECASE)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
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
    writer = BlockWriter()
    for element in _inside(document.element.body, "p", "tbl"):
        if element.tag == _W + "tbl":
            _add_table(writer, element)
        else:
            _add_paragraph(writer, element, document, numbering)
        for note in element.iter(_W + "footnoteReference", _W + "endnoteReference"):
            writer.add("text", notes.get((note.tag, note.get(_W + "id")), ""))
    properties = document.core_properties
    meta = {"author": properties.author} if properties.author and properties.author != "python-docx" else {}
    return writer.finish(properties.title or "", meta=meta)


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
        writer.add("text", label + text)


def _add_table(writer: BlockWriter, table: Any) -> None:
    """Each cell once, where it begins, however many rows and columns it spans. A table of one cell is a box of text."""
    rows = [[text for cell in _inside(row, "tc") for text in _cells(cell)] for row in _inside(table, "tr")]
    if len(rows) == 1 and len(rows[0]) == 1:
        writer.add("text", rows[0][0])
    else:
        add_table(writer, rows)


def _cells(cell: Any) -> list[str]:
    """The cell's text, and an empty cell for each further column that it spans."""
    span = cell.find(f"{_W}tcPr/{_W}gridSpan")
    columns = str(span.get(_W + "val", "1")) if span is not None else "1"
    return [" ".join(_text(cell).split()), *[""] * (min(int(columns), 64) - 1 if columns.isdecimal() else 0)]


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
