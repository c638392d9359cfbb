"""Markdown to blocks (CommonMark 0.31, tables of GitHub's): headings, code fenced or indented, tables row by row, paragraphs.

The text itself is kept as written, marks included, so that quotes are verbatim in the file. Front matter becomes metadata. Of lists it is
known only how far their items are indented, which is what tells code from what goes on with an item.
"""

import re
from dataclasses import dataclass, field

from danlu.data.extract.blocks import BlockWriter, Extracted
from danlu.data.extract.front_matter import front_matter
from danlu.data.extract.plain import decoded

_ATX = re.compile(r"^ {0,3}(#{1,6})\s+(\S.*)$")
_CLOSING = re.compile(r"(?<=\s)#+$")
_SETEXT = re.compile(r"^ {0,3}(=+|-+)\s*$")
_FENCE = re.compile(r"^\s*(```+(?=[^`]*$)|~~~+)")
_TABLE = re.compile(r"^\s*\|.*\|\s*$")
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])(?: {1,4}(?=\S)| )")
_RULE = frozenset(" \t:|-")
_CODE_INDENT = 4


def extract_markdown(content: bytes) -> Extracted:
    """Read a Markdown file; raises Unreadable when its encoding cannot be told."""
    text, edits = decoded(content)
    facts = front_matter(text)
    reader = _Reader()
    for line in text[facts.end if facts else 0 :].split("\n"):
        reader.read(line)
    reader.end_block()
    if facts is None:
        return reader.writer.finish(edits=edits)
    made = reader.writer.finish(facts.title, (*edits, ("front matter into metadata", 1)), facts.meta)
    return Extracted(made.text, made.blocks, made.title, made.edits, made.meta, facts.language)


@dataclass
class _Reader:
    """Reads line by line; `kind` and `lines` are the block that is open."""

    writer: BlockWriter = field(default_factory=BlockWriter)
    kind: str = "text"
    lines: list[str] = field(default_factory=list)
    fence: str = ""
    """The mark that ends the code that is open; empty for indented code, which ends by itself."""
    code_indent: int = 0
    items: list[int] = field(default_factory=list)
    """The columns at which the texts of the list items begin that are open, outermost first."""

    def read(self, line: str) -> None:
        """The next line."""
        if self.fence:
            self._read_fenced(line)
        elif self.kind == "code" and (_indent(line) >= self.code_indent or not line.strip()):
            self.lines.append(_without_indent(line, self.code_indent))
        elif not line.strip():
            self.end_block()
        else:
            if self.kind == "code":
                self.end_block()
            self._read_begin(line)

    def end_block(self) -> None:
        """The block that is open ends; what is indented as part of a list stays so."""
        indent = _indent(self.lines[0]) if self.lines and self.items and self.kind == "text" else 0
        self.writer.add(self.kind, "\n".join(self.lines), gap="\n\n" + " " * indent)
        self.kind, self.lines, self.fence = "text", [], ""

    def _read_fenced(self, line: str) -> None:
        # A closing fence says nothing but the fence: "```python" inside an example opens no second one.
        if line.strip().startswith(self.fence) and not line.strip().strip(self.fence[0]):
            self.end_block()
        else:
            self.lines.append(_without_indent(line, min(self.code_indent, _indent(line))))

    def _read_begin(self, line: str) -> None:
        """A line outside code."""
        indent, fence, item = _indent(line), _FENCE.match(line), _ITEM.match(line.lstrip())
        if fence or item or not self.lines:
            while self.items and indent < self.items[-1]:
                self.items.pop()
        within = self.items[-1] if self.items else 0
        if indent >= within + _CODE_INDENT and not self.lines:
            self.kind, self.code_indent = "code", within + _CODE_INDENT
            self.lines.append(_without_indent(line, self.code_indent))
        elif fence and indent < within + _CODE_INDENT:
            self.end_block()
            self.kind, self.fence, self.code_indent = "code", fence[1], indent
        elif item and indent < within + _CODE_INDENT:
            self.items.append(indent + item.end())
            self.lines.append(line)
        else:
            self._read_text(line)

    def _read_text(self, line: str) -> None:
        heading = _ATX.match(line)
        underline = _SETEXT.match(line) if len(self.lines) == 1 and not self.items else None
        if underline:
            self._add_heading(1 if underline[1][0] == "=" else 2, self.lines.pop())
        elif heading:
            self.end_block()
            self._add_heading(len(heading[1]), _CLOSING.sub("", heading[2].rstrip()).rstrip())
        elif _TABLE.match(line):
            self.end_block()
            self._add_row(line.strip())
        else:
            self.lines.append(line)

    def _add_heading(self, level: int, text: str) -> None:
        self.items.clear()
        self.writer.add("heading", text, level=level)

    def _add_row(self, row: str) -> None:
        rows_meet = bool(self.writer.blocks) and self.writer.blocks[-1].kind == "table"
        if rows_meet and _RULE.issuperset(row):
            self.writer.extend(row)
        else:
            self.writer.add("table", row, gap="\n" if rows_meet else "\n\n")


def _indent(line: str) -> int:
    """Columns before the first letter; a tab leads to the next fourth."""
    lead = line[: len(line) - len(line.lstrip(" \t"))]
    return len(lead.expandtabs(_CODE_INDENT)) if "\t" in lead else len(lead)


def _without_indent(line: str, columns: int) -> str:
    stripped = line.lstrip(" \t")
    lead = line[: len(line) - len(stripped)].expandtabs(_CODE_INDENT)
    return lead[columns:] + stripped
