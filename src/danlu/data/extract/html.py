"""HTML to blocks, over resiliparse's parser (lexbor).

Where next to nothing is left of a page that shows much (a page of nameless boxes), trafilatura is asked too.
"""

import re
from typing import Any

from resiliparse.parse.html import HTMLTree

from danlu.data.decode import decode
from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable
from danlu.data.extract.html_facts import page_facts, page_language
from danlu.data.extract.html_reader import SPACES, PageReader

_DECLARED = re.compile(rb"charset\s*=\s*[\"']?([\w-]+)|encoding=[\"']([\w-]+)", re.IGNORECASE)
_THIN_PAGE = 1000
_THIN_CHARACTERS = 500
_THIN_SHARE = 0.1
"""A page that shows more than `_THIN_PAGE` characters and of which less than `_THIN_CHARACTERS` and this share is left."""


def extract_html(content: bytes) -> Extracted:
    """Read an HTML page; raises Unreadable when its encoding cannot be told."""
    declared = _DECLARED.search(content[:2048])
    found = decode(content, next((group.decode() for group in declared.groups() if group), "") if declared else "")
    if found is None:
        raise Unreadable("undecodable", "no encoding fits", "UTF-8, GB18030 or Windows-1252")
    text, encoding = found
    tree = HTMLTree.parse(text)
    reader = PageReader()
    if tree.body is not None:
        reader.read_page(tree.body)
        if _is_thin(reader, tree.body):
            _read_again(reader, text)
    edits = encoding_edits(encoding) + tuple((rule, count) for rule, count in reader.edits.items() if count)
    writer, title = reader.writer, SPACES.sub(" ", tree.title or "")
    made = writer.finish(title, edits, page_facts(tree))
    return Extracted(made.text, made.blocks, made.title, made.edits, made.meta, page_language(tree))


def encoding_edits(encoding: str) -> tuple[tuple[str, int], ...]:
    """The edit to report for a text that was not UTF-8."""
    return () if encoding in ("utf-8", "utf-8-sig") else ((f"decoded from {encoding}", 1),)


def _is_thin(reader: PageReader, body: Any) -> bool:
    found = reader.writer.length
    if found >= _THIN_CHARACTERS or not reader.edits["navigation left out"]:
        return False
    shown = len(SPACES.sub(" ", body.text or ""))
    return shown > _THIN_PAGE and found < _THIN_SHARE * shown


def _read_again(reader: PageReader, page: str) -> None:
    """Paragraphs of trafilatura (Barbaresi, ACL 2021) in place of our own, if it finds at least twice as much."""
    import trafilatura

    found = trafilatura.extract(page, output_format="txt", include_comments=False, include_tables=True) or ""
    if len(found) >= 2 * max(reader.writer.length, 1):
        reader.writer = BlockWriter()
        for paragraph in found.split("\n"):
            reader.writer.add("text", paragraph)
        reader.edits["read by trafilatura"] = 1
