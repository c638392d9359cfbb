"""Source code and notebooks. Code is kept to the letter; its language goes by the ending or the first line."""

import json
from typing import Any

from danlu.data.decode import decode
from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable
from danlu.data.extract.html import encoding_edits
from danlu.data.extract.markdown import extract_markdown
from danlu.data.programming import programming_language
from danlu.text.records import Block


def extract_code(content: bytes, name: str) -> Extracted:
    """A file of source code, verbatim, as one block."""
    found = decode(content)
    if found is None:
        raise Unreadable("undecodable", "no encoding fits", "UTF-8, UTF-16, GB18030 or Windows-1252")
    text, encoding = found
    meta = {"programming_language": programming_language(name, content[:200])}
    blocks = (Block(0, len(text), "code"),) if text else ()
    return Extracted(text, blocks, name.rpartition("/")[2], encoding_edits(encoding), meta)


def extract_notebook(content: bytes, name: str) -> Extracted:
    """A Jupyter notebook (nbformat 4): cells of text as Markdown, cells of code as code; outputs are left out and counted."""
    try:
        notebook = json.loads(content)
        cells = notebook["cells"]
        kernel = notebook.get("metadata", {}).get("language_info", {}).get("name", "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable("damaged", f"{type(error).__name__}: {error}", "a notebook of format 4") from None
    writer = BlockWriter()
    outputs = 0
    for cell in cells if isinstance(cells, list) else ():
        outputs += _add_cell(writer, cell) if isinstance(cell, dict) else 0
    edits = (("cell outputs left out", outputs),) if outputs else ()
    return writer.finish(edits=edits, meta={"programming_language": kernel} if kernel else None)


def _add_cell(writer: BlockWriter, cell: dict[str, Any]) -> int:
    """Append a cell and return how many outputs it has."""
    source = cell.get("source", "")
    text = "".join(map(str, source)) if isinstance(source, list) else str(source)
    if cell.get("cell_type") == "markdown":
        writer.include(extract_markdown(text.encode("utf-8", "replace")))
    else:
        writer.add("code" if cell.get("cell_type") == "code" else "text", text)
    outputs = cell.get("outputs")
    return len(outputs) if isinstance(outputs, list) else 0
