"""Plain text and Markdown to blocks. The text itself is kept as written, so that quotes are verbatim in the file."""

import re
from collections.abc import Iterator

from danlu.data.decode import decode
from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable
from danlu.data.extract.html import encoding_edits
from danlu.text.records import Block

_ATX = re.compile(r"^ {0,3}(#{1,6})\s+(\S.*)$")
_CLOSING = re.compile(r"(?<=\s)#+$")
_SETEXT = re.compile(r"^ {0,3}(=+|-+)\s*$")
_FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
_PARAGRAPH = re.compile(r"\S[^\n]*(?:\n(?![^\S\n]*(?:\n|\Z))[^\n]*)*")
_TABLE = re.compile(r"^\s*\|.*\|\s*$")
_RULE = frozenset(" \t:|-")


def extract_text(content: bytes) -> Extracted:
    """Read plain text: paragraphs are what blank lines part."""
    text, edits = _decoded(content)
    writer = BlockWriter()
    for paragraph in re.split(r"\n[ \t]*(?:\n[ \t]*)+", text):
        writer.add("text", paragraph)
    return writer.finish(edits=edits)


def paragraphs(text: str, kind: str = "text") -> Extracted:
    """A text that is kept to the letter: its blocks are the paragraphs in it."""
    blocks = (Block(match.start(), match.end(), kind) for match in _PARAGRAPH.finditer(text))
    return Extracted(text, tuple(blocks))


def extract_markdown(content: bytes) -> Extracted:
    """Read Markdown: ATX and Setext headings, fenced code, pipe tables row by row, paragraphs."""
    text, edits = _decoded(content)
    writer = BlockWriter()
    for kind, level, block in _markdown_blocks(text.split("\n")):
        rows_meet = kind == "table" and bool(writer.blocks) and writer.blocks[-1].kind == "table"
        if rows_meet and _RULE.issuperset(block):
            writer.extend(block)
        else:
            writer.add(kind, block, level=level, gap="\n" if rows_meet else "\n\n")
    return writer.finish(edits=edits)


def _decoded(content: bytes) -> tuple[str, tuple[tuple[str, int], ...]]:
    found = decode(content)
    if found is None:
        raise Unreadable("undecodable", "no encoding fits", "UTF-8, UTF-16 with a mark, GB18030 or Windows-1252")
    text, encoding = found
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding_edits(encoding)


def _markdown_blocks(lines: list[str]) -> Iterator[tuple[str, int, str]]:
    paragraph: list[str] = []
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if fence:
            # A closing fence says nothing but the fence: "```python" inside an example opens no second one.
            if mark and mark.group(1).startswith(fence) and line.strip() == mark.group(1):
                yield "code", 0, "\n".join(paragraph)
                paragraph, fence = [], ""
            else:
                paragraph.append(line)
        elif mark:
            yield "text", 0, "\n".join(paragraph)
            paragraph, fence = [], mark.group(1)
        else:
            yield from _plain_line(line, paragraph)
    yield "code" if fence else "text", 0, "\n".join(paragraph)


def _plain_line(line: str, paragraph: list[str]) -> Iterator[tuple[str, int, str]]:
    """Blocks that a line outside code completes; `paragraph` collects the lines that stay open."""
    heading = _ATX.match(line)
    underline = _SETEXT.match(line) if len(paragraph) == 1 else None
    table = _TABLE.match(line)
    if underline:
        yield "heading", 1 if underline.group(1)[0] == "=" else 2, paragraph.pop()
    elif heading or table or not line.strip():
        if paragraph:
            yield "text", 0, "\n".join(paragraph)
            paragraph.clear()
        if heading:
            yield "heading", len(heading.group(1)), _CLOSING.sub("", heading.group(2).rstrip()).rstrip()
        elif table:
            yield "table", 0, line.strip()
    else:
        paragraph.append(line)
