"""PPTX over python-pptx: a slide is a page, its title a heading, then text, tables and groups in reading order, then its notes."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable
from danlu.data.extract.table import add_table


def extract_pptx(content: bytes) -> Extracted:
    """Read a PPTX file; raises Unreadable when it is damaged."""
    import pptx
    from pptx.exc import PackageNotFoundError

    try:
        presentation = pptx.Presentation(io.BytesIO(content))
        writer = BlockWriter()
        for number, slide in enumerate(presentation.slides, 1):
            _add_slide(writer, slide, number)
        properties = presentation.core_properties
        author = properties.author or ""
    except (
        PackageNotFoundError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, SyntaxError, AttributeError
    ) as error:  # fmt: skip
        raise Unreadable("damaged", str(error) or type(error).__name__, "a whole presentation") from None
    return writer.finish(properties.title or "", meta={"author": author} if author else None)


def _add_slide(writer: BlockWriter, slide: Any, page: int) -> None:
    title = slide.shapes.title
    if title is not None and title.has_text_frame:
        writer.add("heading", " ".join(title.text_frame.text.split()), page=page, level=1)
    for shape in _in_order(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            _add_shape(writer, shape, page)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        writer.add("lines", _text(slide.notes_slide.notes_text_frame), page=page)


def _in_order(shapes: Any) -> Iterator[Any]:
    """The shapes from top to bottom, then left to right, groups opened where they stand."""
    from pptx.shapes.group import GroupShape

    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if isinstance(shape, GroupShape):
            yield from _in_order(shape.shapes)
        else:
            yield shape


def _add_shape(writer: BlockWriter, shape: Any, page: int) -> None:
    if shape.has_table:
        rows = [[cell.text for cell in row.cells] for row in shape.table.rows]
        add_table(writer, rows, page)
    elif shape.has_text_frame:
        writer.add("lines", _text(shape.text_frame), page=page)


def _text(frame: Any) -> str:
    return "\n".join(line for paragraph in frame.paragraphs if (line := paragraph.text.replace("\v", "\n").strip()))
