"""Plain text to blocks. The text itself is kept as written, so that quotes are verbatim in the file."""

import re

from danlu.data.decode import decode
from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable
from danlu.data.extract.html import encoding_edits
from danlu.text.records import Block

_PARAGRAPH = re.compile(r"\S[^\n]*(?:\n(?![^\S\n]*(?:\n|\Z))[^\n]*)*")


def extract_text(content: bytes) -> Extracted:
    """Read plain text: paragraphs are what blank lines part."""
    text, edits = decoded(content)
    writer = BlockWriter()
    for paragraph in re.split(r"\n[ \t]*(?:\n[ \t]*)+", text):
        writer.add("text", paragraph)
    return writer.finish(edits=edits)


def paragraphs(text: str, kind: str = "text") -> Extracted:
    """A text that is kept to the letter: its blocks are the paragraphs in it."""
    blocks = (Block(match.start(), match.end(), kind) for match in _PARAGRAPH.finditer(text))
    return Extracted(text, tuple(blocks))


def decoded(content: bytes) -> tuple[str, tuple[tuple[str, int], ...]]:
    """The text of a file, its line ends as one character, and the edits of reading it; raises Unreadable."""
    found = decode(content)
    if found is None:
        raise Unreadable("undecodable", "no encoding fits", "UTF-8, UTF-16 with a mark, GB18030 or Windows-1252")
    text, encoding = found
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding_edits(encoding)
