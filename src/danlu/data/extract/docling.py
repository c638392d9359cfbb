"""PDF by Docling (Auer et al., 2024; MIT): layout and table models, slower by two orders of magnitude, better on hard layouts.

An optional tier: it loads models from a hub or from DOCLING_ARTIFACTS_PATH, and its items map onto our blocks one to one.
"""

import io
from typing import Any

from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable
from danlu.data.extract.table import add_table

HINT = "Docling: pip install 'danlu[docling]'"
MODELS_HINT = "Docling's models: fetch them with `docling-tools models download` and set DOCLING_ARTIFACTS_PATH"
_KINDS = {"code": "code", "page_header": "furniture", "page_footer": "furniture"}
_HEADINGS = frozenset(("title", "section_header"))


def extract_with_docling(content: bytes) -> Extracted:
    """Read a PDF with Docling; raises Unreadable when it is not installed, has no models, or fails on the file."""
    try:
        from docling.datamodel.base_models import DocumentStream
        from docling.document_converter import DocumentConverter
    except ImportError:
        raise Unreadable("needs an extra", "extract.pdf_reader: docling", HINT) from None
    try:
        converted = DocumentConverter().convert(DocumentStream(name="document.pdf", stream=io.BytesIO(content)))
    except (OSError, RuntimeError, ValueError) as error:
        # huggingface_hub says that it cannot reach the hub as an OSError; a broken file is docling's ConversionError.
        rule = "needs models" if isinstance(error, OSError) else "damaged"
        raise Unreadable(
            rule, f"{type(error).__name__}: {error}"[:300], MODELS_HINT if rule == "needs models" else ""
        ) from None
    return blocks_of(converted.document)


def blocks_of(document: Any) -> Extracted:
    """The blocks of a DoclingDocument, in its reading order."""
    writer = BlockWriter()
    for item, _ in document.iterate_items(included_content_layers=None):
        label = str(getattr(item.label, "value", item.label))
        page = item.prov[0].page_no if item.prov else None
        if label == "table":
            add_table(writer, _cells(item), page)
        elif label in _HEADINGS:
            writer.add("heading", item.text, page=page, level=1 if label == "title" else min(item.level + 1, 6))
        elif getattr(item, "text", ""):
            writer.add(_KINDS.get(label, "text"), item.text, page=page)
    return writer.finish(meta={"pages": len(document.pages), "reader": "docling"})


def _cells(table: Any) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.data.grid]
