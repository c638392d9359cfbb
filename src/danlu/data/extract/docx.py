"""DOCX to blocks, over python-docx: paragraphs and table rows in reading order, headings by style."""

import io
import re
import zipfile
from typing import Any

from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable

_HEADING = re.compile(r"^(?:heading|标题)\s*([1-6])$", re.IGNORECASE)
_CODE = re.compile(r"code|verbatim|preformatted|代码", re.IGNORECASE)


def extract_docx(content: bytes) -> Extracted:
    """Read a DOCX file; raises Unreadable when it is damaged."""
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    try:
        document = docx.Document(io.BytesIO(content))
    except (PackageNotFoundError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise Unreadable("damaged", str(error)) from None
    writer = BlockWriter()
    for item in document.iter_inner_content():
        if _is_table(item):
            _add_table(writer, item)
        else:
            _add_paragraph(writer, item)
    return writer.finish(document.core_properties.title or "")


def _is_table(item: Any) -> bool:
    from docx.table import Table

    return isinstance(item, Table)


def _add_paragraph(writer: BlockWriter, paragraph: Any) -> None:
    style = (paragraph.style.name or "") if paragraph.style is not None else ""
    heading = _HEADING.match(style)
    if heading or style in ("Title", "标题"):
        writer.add("heading", paragraph.text, level=int(heading.group(1)) if heading else 1)
    else:
        writer.add("code" if _CODE.search(style) else "text", paragraph.text)


def _add_table(writer: BlockWriter, table: Any) -> None:
    """One block per row. A merged cell is given once, though Word lists it for each column that it spans."""
    for row in table.rows:
        cells, last = [], None
        for cell in row.cells:
            if cell._tc is not last:
                cells.append(" ".join(cell.text.split()))
            last = cell._tc
        writer.add("table", "\t".join(cells), gap="\n")
