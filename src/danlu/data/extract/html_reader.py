"""The text of a page, read node by node into blocks: paragraphs, headings, code, lists with their marks, tables of data.

White space is folded as a browser shows it (CSS Text 3, section 4.1); a `<br>` is a line's end. What of a page is not its text is
told in html_boilerplate.
"""

import re
from typing import Any

from resiliparse.parse.html import NodeType

from danlu.data.extract.blocks import BlockWriter
from danlu.data.extract.html_boilerplate import RUBY, UNSEEN, is_boilerplate, main_element
from danlu.data.extract.html_lists import Lists
from danlu.data.extract.html_tables import Table, grid, is_data
from danlu.data.extract.scripts import lowered, raised
from danlu.data.extract.table import add_table

_SECTIONS = frozenset(("main", "article", "section"))
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure form header hr li main ol p"
    " section summary table tbody tfoot thead ul".split()
)
_LISTS = frozenset(("ol", "ul"))
_CELLS = frozenset(("td", "th"))
_ROW_GROUPS = frozenset(("thead", "tbody", "tfoot"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
SPACES = re.compile(r"[ \t\r\n\f]+")


class PageReader:
    """Walks the tree without recursion: pages nest deeper than Python's stack."""

    def __init__(self) -> None:
        self.writer = BlockWriter()
        self.edits = {"navigation left out": 0, "ruby note left out": 0}
        self._inline: list[str] = []
        self._table: Table | None = None
        self._lists = Lists()
        self._scripts: list[tuple[int, bool]] = []
        self._sections = 0
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
        elif tag in ("sup", "sub"):
            self._scripts.append((len(self._inline), _leads_to_note(node)))
        elif self._table is not None:
            self._open_in_table(self._table, node, tag)
        elif tag == "pre":
            self._flush("text")
            self.writer.add("code", node.text)
        elif tag == "table":
            self._flush("text")
            self._table = Table() if is_data(node) else None
        elif tag in _HEADINGS or tag in _BLOCKS:
            self._flush("text")
            self._open_list(node, tag)

    def _open_list(self, node: Any, tag: str) -> None:
        if tag in _LISTS:
            self._lists.begin(node)
        elif tag == "li":
            self._lists.item(node)

    def _open_in_table(self, table: Table, node: Any, tag: str) -> None:
        if tag == "table":
            table.depth += 1
        elif tag == "pre":
            self._inline.append(f" {node.text} ")
        elif tag == "li":
            self._inline.append(" - ")
        elif table.depth:
            self._inline.append(" " if tag in _BLOCKS or tag in _CELLS else "")
        elif tag in _ROW_GROUPS:
            table.begin_group(tag)
        elif tag in ("tr", "caption", *_CELLS):
            self._inline.clear()
            if tag == "tr":
                table.begin_row()
            elif tag in _CELLS:
                table.begin_cell(node)

    def _break(self) -> None:
        """One break ends a line, two end the paragraph."""
        while self._inline and not self._inline[-1].strip(" \t\r\n\f"):
            self._inline.pop()
        if self._inline and self._inline[-1] == "\v" and self._table is None:
            self._inline.pop()
            self._flush("text")
        else:
            self._inline.append("\v")

    def _close(self, tag: str) -> None:
        self._sections -= tag in _SECTIONS
        if tag in ("sup", "sub"):
            self._end_script(tag)
        elif self._table is not None:
            self._close_in_table(self._table, tag)
        elif tag in _HEADINGS:
            self._flush("heading", _HEADINGS[tag])
        elif tag in _BLOCKS or tag in _CELLS or tag in ("table", "tr"):
            self._flush("text")
            if tag in _LISTS:
                self._lists.end()
            elif tag == "li":
                self._lists.end_item()

    def _end_script(self, tag: str) -> None:
        start, is_note = self._scripts.pop()
        text = SPACES.sub(" ", "".join(self._inline[start:]))
        del self._inline[start:]
        self._inline.append(raised(text, is_note) if tag == "sup" else lowered(text))

    def _close_in_table(self, table: Table, tag: str) -> None:
        if tag == "table" and not table.depth:
            self._end_table()
        elif tag == "table":
            table.depth -= 1
        elif tag in _CELLS and not table.depth:
            table.end_cell(self._take(" "))
        elif tag == "caption" and not table.depth:
            self.writer.add("text", self._take(" "))
        elif tag in _BLOCKS or tag in _HEADINGS or tag in _CELLS:
            self._inline.append(" ")

    def _end_table(self) -> None:
        table, self._table = self._table, None
        if table is not None:
            self._inline.clear()
            add_table(self.writer, grid(table.rows))

    def _take(self, line_end: str) -> str:
        lines = SPACES.sub(" ", "".join(self._inline)).split("\v")
        self._inline.clear()
        return line_end.join(line.strip() for line in lines).strip()

    def _flush(self, kind: str, level: int = 0) -> None:
        if not self._inline:
            return
        text = self._take(" " if level else "\n")
        if text:
            gap, mark = self._lists.take()
            if level:
                gap, mark = "\n\n", ""
            self.writer.add("lines" if "\n" in text else kind, mark + text, level=level, gap=gap)


def _leads_to_note(node: Any) -> bool:
    """Whether a superscript is a link within the page, or stands in one."""
    link = node.query_selector("a") or node.parent
    return link is not None and link.tag == "a" and "#" in (link.getattr("href") or "")
