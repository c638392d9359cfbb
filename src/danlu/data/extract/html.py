"""HTML to blocks, over resiliparse's parser (lexbor).

White space is folded as a browser shows it, so that text reads as on the page; cells of a table row are joined by
a tab. Navigation is left out by what it is: `nav` and `footer` elements, the page's own `header` (an article's holds its
title), the classes that manual generators give to their navigation bars and tables of contents, and an `aside`, sidebar or
menu that is mostly links (others are boxes of text: DocBook's `sidebar`, the notes of many manuals).
"""

import re
from typing import Any

from resiliparse.parse.html import HTMLTree, NodeType

from danlu.data.decode import decode
from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable

_SKIPPED = frozenset("script style noscript template nav footer head svg iframe select".split())
_UNSEEN = frozenset("script style noscript template head svg iframe".split())
_SECTIONS = frozenset(("main", "article", "section"))
_NAVIGATION = frozenset("navheader navfooter toc sphinxsidebar related breadcrumb breadcrumbs headerlink".split())
_BOXES = frozenset(("sidebar", "menu"))
_BLOCKS = frozenset(
    "address article blockquote body caption center dd details div dl dt fieldset figcaption figure hr li main ol p section summary"
    " table tbody tfoot thead ul".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_DECLARED = re.compile(rb"charset\s*=\s*[\"']?([\w-]+)|encoding=[\"']([\w-]+)", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f]+")


def extract_html(content: bytes) -> Extracted:
    """Read an HTML page; raises Unreadable when its encoding cannot be told."""
    declared = _DECLARED.search(content[:2048])
    found = decode(content, next((group.decode() for group in declared.groups() if group), "") if declared else "")
    if found is None:
        raise Unreadable("undecodable", "no encoding fits", "UTF-8, GB18030 or Windows-1252")
    text, encoding = found
    tree = HTMLTree.parse(text)
    reader = _Reader()
    if tree.body is not None:
        reader.read(tree.body)
    left_out = (("navigation left out", reader.left_out),) if reader.left_out else ()
    return reader.writer.finish(_SPACES.sub(" ", tree.title or ""), encoding_edits(encoding) + left_out)


def encoding_edits(encoding: str) -> tuple[tuple[str, int], ...]:
    """The edit to report for a text that was not UTF-8."""
    return () if encoding in ("utf-8", "utf-8-sig") else ((f"decoded from {encoding}", 1),)


class _Reader:
    """Walks the tree without recursion: pages nest deeper than Python's stack."""

    def __init__(self) -> None:
        self.writer = BlockWriter()
        self._inline: list[str] = []
        self._row: list[str] | None = None
        self._sections = 0
        self.left_out = 0

    def read(self, root: Any) -> None:
        stack: list[tuple[Any, bool]] = [(root, False)]
        while stack:
            node, closing = stack.pop()
            if closing:
                self._close(node.tag)
            elif node.type == NodeType.TEXT:
                self._inline.append(node.text)
            elif node.type == NodeType.ELEMENT and node != root and self._is_navigation(node):
                self.left_out += node.tag not in _UNSEEN and bool(node.text.strip())
            elif node.type == NodeType.ELEMENT:
                self._open(node)
                if node.tag != "pre":
                    stack.append((node, True))
                    stack.extend((child, False) for child in reversed(node.child_nodes))
        self._flush("text")

    def _open(self, node: Any) -> None:
        tag = node.tag
        self._sections += tag in _SECTIONS
        if tag == "pre":
            self._flush("text")
            self.writer.add("code", node.text)
        elif tag == "br":
            self._inline.append(" ")
        elif tag == "tr":
            self._end_row()
            self._flush("text")
            self._row = []
        elif tag in _HEADINGS or (tag in _BLOCKS and self._row is None):
            self._flush("text")

    def _close(self, tag: str) -> None:
        self._sections -= tag in _SECTIONS
        if tag in ("td", "th"):
            if self._row is None:
                self._flush("text")
            else:
                self._row.append(self._take())
        elif tag == "tr":
            self._end_row()
        elif tag in _HEADINGS:
            self._flush("heading", _HEADINGS[tag])
        elif tag in _BLOCKS:
            if self._row is None:
                self._flush("text")
            else:
                self._inline.append(" ")

    def _end_row(self) -> None:
        """Write the row that is open. A table inside a cell ends the outer row: what stood before it is not lost."""
        row, self._row = self._row, None
        if row:
            self.writer.add("table", "\t".join(row), gap="\n")

    def _take(self) -> str:
        text = _SPACES.sub(" ", "".join(self._inline)).strip()
        self._inline.clear()
        return text

    def _flush(self, kind: str, level: int = 0) -> None:
        self.writer.add(kind, self._take(), level=level)

    def _is_navigation(self, node: Any) -> bool:
        if node.tag in _SKIPPED or (node.tag == "header" and not self._sections):
            return True
        classes = {name.lower() for name in node.class_list}
        if node.tag == "aside" or classes & _BOXES:
            return _is_mostly_links(node)
        return bool(classes & _NAVIGATION)


def _is_mostly_links(node: Any) -> bool:
    linked = sum(len(link.text) for link in node.get_elements_by_tag_name("a"))
    return linked * 2 > len(node.text)
