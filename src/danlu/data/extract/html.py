"""HTML to blocks, over resiliparse's parser (lexbor).

White space is folded as a browser shows it, so that text reads as on the page; tables of data are kept as Markdown tables. What of a page is not
its text is told in html_boilerplate. Where next to nothing is left of a page that shows much (a page of nameless boxes), trafilatura is asked too.
"""

import re
from typing import Any

from resiliparse.parse.html import HTMLTree, NodeType

from danlu.data.decode import decode
from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable
from danlu.data.extract.html_boilerplate import RUBY, UNSEEN, is_boilerplate, main_element
from danlu.data.extract.html_facts import page_facts, page_language
from danlu.data.extract.table import add_table

_SECTIONS = frozenset(("main", "article", "section"))
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure form header hr li main ol p"
    " section summary table tbody tfoot thead ul".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LAYOUT = "table, h1, h2, h3, h4, ul, ol, pre, form, article, section"
_MAX_CELL = 400
"""Characters: a table with a longer middle cell lays out a page; its cells are read one after the other."""
_DECLARED = re.compile(rb"charset\s*=\s*[\"']?([\w-]+)|encoding=[\"']([\w-]+)", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f]+")
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
    reader = _Reader()
    if tree.body is not None:
        reader.read_page(tree.body)
        if _is_thin(reader, tree.body):
            _read_again(reader, text)
    edits = encoding_edits(encoding) + tuple((rule, count) for rule, count in reader.edits.items() if count)
    writer, title = reader.writer, _SPACES.sub(" ", tree.title or "")
    made = writer.finish(title, edits, page_facts(tree))
    return Extracted(made.text, made.blocks, made.title, made.edits, made.meta, page_language(tree))


def encoding_edits(encoding: str) -> tuple[tuple[str, int], ...]:
    """The edit to report for a text that was not UTF-8."""
    return () if encoding in ("utf-8", "utf-8-sig") else ((f"decoded from {encoding}", 1),)


def _is_thin(reader: "_Reader", body: Any) -> bool:
    found = reader.writer.length
    if found >= _THIN_CHARACTERS or not reader.edits["navigation left out"]:
        return False
    shown = len(_SPACES.sub(" ", body.text or ""))
    return shown > _THIN_PAGE and found < _THIN_SHARE * shown


def _read_again(reader: "_Reader", page: str) -> None:
    """Paragraphs of trafilatura (Barbaresi, ACL 2021) in place of our own, if it finds at least twice as much."""
    import trafilatura

    found = trafilatura.extract(page, output_format="txt", include_comments=False, include_tables=True) or ""
    if len(found) >= 2 * max(reader.writer.length, 1):
        reader.writer = BlockWriter()
        for paragraph in found.split("\n"):
            reader.writer.add("text", paragraph)
        reader.edits["read by trafilatura"] = 1


class _Reader:
    """Walks the tree without recursion: pages nest deeper than Python's stack."""

    def __init__(self) -> None:
        self.writer = BlockWriter()
        self.edits = {"navigation left out": 0, "ruby note left out": 0}
        self._inline: list[str] = []
        self._rows: list[list[str]] | None = None
        self._sections = 0
        self._breaks = 0
        self._page_characters = 0

    def read_page(self, body: Any) -> None:
        """Read the main content of a page."""
        root = main_element(body)
        self._page_characters = len(body.text or "")
        if root != body:
            self._sections = 1
            self.edits["navigation left out"] += 1
        # First child and next sibling: resiliparse's list of children finds each by counting from the first.
        stack: list[tuple[Any, bool]] = [(root, False)]
        while stack:
            node, closing = stack.pop()
            if closing:
                self._close(node.tag)
                continue
            following = node.next if node is not root else None
            if following is not None:
                stack.append((following, False))
            kind = node.type
            if kind == NodeType.TEXT:
                self._inline.append(node.text)
            elif kind == NodeType.ELEMENT:
                if node is not root and is_boilerplate(node, self._sections > 0, self._page_characters):
                    self._leave_out(node)
                    continue
                self._enter(node, stack)
        self._end_table()
        self._flush("text")

    def _enter(self, node: Any, stack: list[tuple[Any, bool]]) -> None:
        tag = node.tag
        self._open(node, tag)
        if tag == "pre":
            return
        if not node.child_element_count:
            if node.text:
                self._inline.append(node.text)
            self._close(tag)
            return
        stack.append((node, True))
        stack.append((node.first_child, False))

    def _leave_out(self, node: Any) -> None:
        if node.tag in RUBY:
            self.edits["ruby note left out"] += 1
        elif node.tag not in UNSEEN and node.text.strip():
            self.edits["navigation left out"] += 1

    def _open(self, node: Any, tag: str) -> None:
        self._sections += tag in _SECTIONS
        if tag == "br":
            self._break()
        elif tag == "pre":
            if self._rows is None:
                self._flush("text")
                self.writer.add("code", node.text)
            else:
                self._inline.append(f" {node.text} ")
        elif tag == "table":
            self._end_table()
            self._flush("text")
            if _is_data(node):
                self._rows = []
        elif tag == "tr" and self._rows is not None:
            self._inline.clear() if not "".join(self._inline).strip() else None
            self._rows.append([])
        elif tag == "caption" and self._rows is not None:
            self._inline.clear()
        elif tag in _HEADINGS or (tag in _BLOCKS and self._rows is None):
            self._flush("text")

    def _break(self) -> None:
        """One break goes on with the paragraph, two end it."""
        if self._inline and self._inline[-1] == "\v" and self._rows is None:
            self._inline.pop()
            self._flush("text")
        else:
            self._inline.append("\v")

    def _close(self, tag: str) -> None:
        self._sections -= tag in _SECTIONS
        if self._rows is not None and tag != "table":
            self._close_in_table(self._rows, tag)
        elif tag == "table":
            self._end_table()
            self._flush("text")
        elif tag in _HEADINGS:
            self._flush("heading", _HEADINGS[tag])
        elif tag in _BLOCKS or tag in ("td", "th", "tr"):
            self._flush("text")

    def _close_in_table(self, rows: list[list[str]], tag: str) -> None:
        if tag in ("td", "th"):
            rows[-1].append(self._take()) if rows else self._flush("text")
        elif tag == "caption":
            self.writer.add("text", self._take())
        elif tag in _BLOCKS or tag in _HEADINGS:
            self._inline.append(" ")

    def _end_table(self) -> None:
        rows, self._rows = self._rows, None
        if rows:
            add_table(self.writer, rows)

    def _take(self) -> str:
        text = _SPACES.sub(" ", "".join(self._inline).replace("\v", " ")).strip()
        self._inline.clear()
        return text

    def _flush(self, kind: str, level: int = 0) -> None:
        if self._inline:
            self.writer.add(kind, self._take(), level=level)


def _is_data(table: Any) -> bool:
    """Whether a table holds data: several rows and columns of short cells, no structure of a page inside them."""
    if table.getattr("role") in ("presentation", "none") or table.query_selector(_LAYOUT) is not None:
        return False
    rows = table.get_elements_by_tag_name("tr")
    cells = sorted(len(cell.text) for cell in table.query_selector_all("td, th"))
    return len(rows) > 1 and len(cells) > len(rows) and cells[len(cells) // 2] <= _MAX_CELL
