"""DOCX to blocks, over python-docx: paragraphs and table rows in reading order, headings by style.

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

_HEADING = re.compile(r"^(?:heading|标题)\s*([1-6])$", re.IGNORECASE)
_CODE = re.compile(r"code|verbatim|preformatted|代码", re.IGNORECASE)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_WRAPPERS = frozenset(_W + name for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo"))
_GONE = frozenset(
    {_W + "del", _W + "moveFrom", "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
)
_BREAKS = {_W + "tab": "\t", _W + "br": "\n", _W + "cr": "\n", _W + "noBreakHyphen": "-"}


def extract_docx(content: bytes) -> Extracted:
    """Read a DOCX file; raises Unreadable when it is damaged."""
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    try:
        document = docx.Document(io.BytesIO(content))
    except (PackageNotFoundError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, SyntaxError) as error:
        raise Unreadable("damaged", str(error)) from None
    writer = BlockWriter()
    for element in _inside(document.element.body, "p", "tbl"):
        if element.tag == _W + "tbl":
            _add_table(writer, element)
        else:
            _add_paragraph(writer, element, document)
    return writer.finish(document.core_properties.title or "")


def _inside(container: Any, *names: str) -> Iterator[Any]:
    """The children with these names, in order; wrappers such as content controls are looked through."""
    wanted = {_W + name for name in names}
    for child in container:
        if child.tag in wanted:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _inside(child, *names)


def _add_paragraph(writer: BlockWriter, element: Any, document: Any) -> None:
    from docx.text.paragraph import Paragraph

    style = Paragraph(element, document).style
    name = (style.name or "") if style is not None else ""
    heading = _HEADING.match(name)
    if heading or name in ("Title", "标题"):
        writer.add("heading", _text(element), level=int(heading.group(1)) if heading else 1)
    else:
        writer.add("code" if _CODE.search(name) else "text", _text(element))


def _add_table(writer: BlockWriter, table: Any) -> None:
    """One block per row, each cell once, however many rows and columns it spans."""
    for row in _inside(table, "tr"):
        cells = (" ".join(_text(cell).split()) for cell in _inside(row, "tc"))
        writer.add("table", "\t".join(cells), gap="\n")


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
        elif node.tag in _BREAKS and node.getparent().tag == _W + "r":
            parts.append(_BREAKS[node.tag])
        elif node.tag not in _GONE:
            ends = ["\n"] if node.tag == _W + "p" and node is not element else []
            stack += [*ends, *reversed(node), *ends]
    return "".join(parts).strip("\n")
