"""Sections of a document and the passages that they are cut into.

A section is what stands between two headings; a passage is a run of whole blocks of one section, cut at
sentences only where a block alone is too long. Offsets are code points of the document's own text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from danlu.text import segment
from danlu.text.language import HAN
from danlu.text.records import Block, Document
from danlu.text.sentences import sentence_spans

VERSION = 1
RULES = (("sections", VERSION), ("segmentation", segment.VERSION))
"""What a stage that cuts passages and counts terms declares of our own text rules (Stage.rules)."""

MAX_WEIGHT = 800
"""Size of a passage in half-widths: a Han character weighs two, since it says as much as two to three letters."""
_MERGE_WEIGHT = 160
"""A rest smaller than this joins the passage before it."""

_HAN_RUN = re.compile(f"[{HAN}]+")
_NUMBER = re.compile(
    r"^(?:(?:chapter|section|appendix|part)\s+[\dA-Z.]+[.:]?|第\s*[\d一二三四五六七八九十百]+\s*[章节部分篇]|附录\s*[A-Z\d]*"
    rf"|(?:[A-Z]\.)?\d{{1,2}}(?:\.\d{{1,2}})*[.、:]?(?=\s|[{HAN}]))\s*",
    re.IGNORECASE,
)
"""A section number has parts of at most two digits: `2024 report`, `802.11 networks`, `3D printing` and `X11` are names."""
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Section:
    """The text below one heading. `headings` leads from the outermost heading to this one's own."""

    doc_id: str
    headings: tuple[str, ...]
    blocks: tuple[Block, ...]
    start: int

    @property
    def id(self) -> str:
        """Stable within one version of the document."""
        return f"{self.doc_id}:{self.start}"

    @property
    def heading(self) -> str:
        """Its own heading without number; empty for text before the first heading."""
        return self.headings[-1] if self.headings else ""


@dataclass(frozen=True)
class Passage:
    """A span of a document that is found and cited as one."""

    section: Section
    start: int
    end: int


def weight(text: str) -> int:
    """The size of a text in half-widths."""
    return len(text) + sum(map(len, _HAN_RUN.findall(text)))


def heading_text(raw: str) -> str:
    """A heading without its number, white space folded."""
    folded = _SPACE.sub(" ", raw).strip()
    return _NUMBER.sub("", folded) or folded


def sections(document: Document) -> Iterator[Section]:
    """The sections of a document that have text of their own, in order."""
    path: list[tuple[int, str]] = []
    blocks: list[Block] = []
    start = 0
    for block in document.blocks:
        if block.kind != "heading":
            blocks.append(block)
            continue
        if blocks:
            yield Section(document.doc_id, tuple(text for _, text in path), tuple(blocks), start)
        blocks, start = [], block.start
        path = [(level, text) for level, text in path if level < block.level]
        path.append((block.level, heading_text(document.text[block.start : block.end])))
    if blocks:
        yield Section(document.doc_id, tuple(text for _, text in path), tuple(blocks), start)


def passages(document: Document) -> Iterator[Passage]:
    """The passages of a document, in order; every block of text is in exactly one."""
    for section in sections(document):
        spans = _packed(document.text, list(_units(document.text, section.blocks)))
        for start, end in spans:
            yield Passage(section, start, end)


def _units(text: str, blocks: Iterable[Block]) -> Iterator[tuple[int, int]]:
    for block in blocks:
        if weight(text[block.start : block.end]) <= MAX_WEIGHT:
            yield block.start, block.end
        else:
            yield from sentence_spans(text, block.start, block.end)


def _packed(text: str, units: list[tuple[int, int]]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    size = 0
    for start, end in units:
        more = weight(text[start:end])
        if spans and size + more <= MAX_WEIGHT:
            spans[-1] = (spans[-1][0], end)
            size += more
        else:
            spans.append((start, end))
            size = more
    if len(spans) > 1 and weight(text[slice(*spans[-1])]) < _MERGE_WEIGHT:
        last = spans.pop()
        spans[-1] = (spans[-1][0], last[1])
    return spans
