"""Join the pieces of a document into one text whose blocks know their offsets."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from danlu.text.records import Block


class Unreadable(Exception):
    """A document that gives no text: `rule` is the reason by name, `value` what was found."""

    def __init__(self, rule: str, value: str, threshold: str = "") -> None:
        super().__init__(f"{rule}: {value}")
        self.rule, self.value, self.threshold = rule, value, threshold


@dataclass(frozen=True)
class Extracted:
    """The text of one document and its blocks."""

    text: str
    blocks: tuple[Block, ...]
    title: str = ""
    edits: tuple[tuple[str, int], ...] = ()
    """What reading it changed, by rule: an encoding that was repaired, say."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """What the format says of the document, as plain JSON values: author, date, url, pages."""
    language: str = ""
    """A language tag that the format declares; empty when it declares none."""
    media_type: str = ""
    """What was read, where that is not what was detected; empty otherwise."""


@dataclass
class BlockWriter:
    """Collects blocks in reading order."""

    parts: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    length: int = 0

    def add(self, kind: str, text: str, *, page: int | None = None, level: int = 0, gap: str = "\n\n") -> None:
        """Append a block after `gap`; blocks without text are left out."""
        text = text.strip("\n") if kind == "code" else text.strip()
        if not text:
            return
        if self.length:
            self.parts.append(gap)
            self.length += len(gap)
        self.parts.append(text)
        self.blocks.append(Block(self.length, self.length + len(text), kind, page, level))
        self.length += len(text)

    def extend(self, text: str) -> None:
        """Add a line to the last block."""
        last = self.blocks[-1]
        self.parts.append(f"\n{text}")
        self.length += len(text) + 1
        self.blocks[-1] = replace(last, end=self.length)

    def include(self, found: Extracted) -> None:
        """Append another document, its blocks as they stand there."""
        if not found.text:
            return
        gap = "\n\n" if self.length else ""
        start = self.length + len(gap)
        self.parts += [gap, found.text]
        self.blocks += [replace(block, start=block.start + start, end=block.end + start) for block in found.blocks]
        self.length = start + len(found.text)

    def finish(
        self, title: str = "", edits: tuple[tuple[str, int], ...] = (), meta: Mapping[str, Any] | None = None
    ) -> Extracted:
        """The whole text. The title is the first heading unless the format has one."""
        text = "".join(self.parts)
        first = next((text[block.start : block.end] for block in self.blocks if block.kind == "heading"), "")
        return Extracted(text, tuple(self.blocks), title.strip() or first, edits, meta or {})
