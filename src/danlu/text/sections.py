"""Sections of a document and the passages that they are cut into.

A section is what stands between two headings; a passage is a run of whole blocks of one section, cut at
sentences only where a block alone is too long. A list is kept whole with the line that introduces it, where both fit; a passage that
begins within a table takes the table's caption and header along. Offsets are code points of the document's own text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

from danlu.text import segment, sentences
from danlu.text.language import HAN
from danlu.text.records import Block, Document
from danlu.text.sentences import is_header, sentence_spans

VERSION = 4
RULES = (("sections", VERSION), ("segmentation", segment.VERSION), ("sentences", sentences.VERSION))
"""What a stage that cuts passages and counts terms declares of our own text rules (Stage.rules)."""

MAX_WEIGHT = 800
"""Size of a passage in half-widths: a Han character weighs two, since it says as much as two to three letters."""
_MERGE_WEIGHT = 160
"""A rest smaller than this joins the passage before it."""

_CAPTION_WEIGHT = 240
"""A longer text before a table, or a wider header, is no caption and no header: it would drown the rows."""

_SENTENCE_ENDS = (".", "。", "!", "！", "?", "？")
_ITEM = re.compile(
    r"[-–—*•·▪◦●○■□◆►‣]\s|\d{1,3}[.)](?!\d)|[a-z][.)]\s|(?:\d{1,3}|[一二三四五六七八九十]{1,3})[、）]"
    r"|[(（](?:\d{1,3}|[a-z]|[一二三四五六七八九十]{1,3})[)）]|[①-⑳]"
)
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
    table: str = ""
    """Caption and header of the table that the passage begins within, to be indexed with it; no part of the span."""


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
        rows = _table_rows(document.text, section.blocks)
        for start, end in _packed(document.text, list(_units(document.text, section.blocks))):
            row = rows[max(bisect_right(rows, start, key=itemgetter(0)) - 1, 0)] if rows else (0, 0, "")
            yield Passage(section, start, end, row[2] if row[0] <= start < row[1] else "")


def _units(text: str, blocks: Iterable[Block]) -> Iterator[tuple[int, int]]:
    for run in _kept_together(text, blocks):
        if weight(text[run[0].start : run[-1].end]) <= MAX_WEIGHT:
            yield run[0].start, run[-1].end
            continue
        for block in run:
            if weight(text[block.start : block.end]) <= MAX_WEIGHT:
                yield block.start, block.end
            else:
                yield from sentence_spans(text, block.start, block.end)


def _kept_together(text: str, blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """Blocks alone, but for a list with the line that introduces it, and a table's header with its first row."""
    run: list[Block] = []
    for block in blocks:
        if run and not _goes_on(text, run, block):
            yield run
            run = []
        run.append(block)
    if run:
        yield run


def _goes_on(text: str, run: Sequence[Block], block: Block) -> bool:
    last = run[-1]
    if block.kind == "table":
        return len(run) == 1 and last.kind == "table" and _has_header(text, last) and not _has_header(text, block)
    return _is_item(text, block) and (_is_item(text, last) or text[last.start : last.end].endswith((":", "：")))


def _is_item(text: str, block: Block) -> bool:
    return block.kind == "text" and _ITEM.match(text, block.start, block.end) is not None


def _has_header(text: str, block: Block) -> bool:
    return is_header(text, block.start, block.end)


def _table_rows(text: str, blocks: Sequence[Block]) -> list[tuple[int, int, str]]:
    """Where each row but the first of a table begins and ends, and the caption and header that tell what its cells are."""
    rows: list[tuple[int, int, str]] = []
    caption = first = header = ""
    for before, block in pairwise((None, *blocks)):
        if block is None or block.kind != "table":
            continue
        if before is None or before.kind != "table" or _has_header(text, block):
            above = _short(text, before) if before is not None and before.kind == "text" else ""
            again = before is not None and before.kind == "table" and text[block.start : block.end] == first
            caption, first = caption if again else above, text[block.start : block.end]  # again: at the top of a page
            header = _short(text, block)
        else:
            rows.append((block.start, block.end, "\n".join(filter(None, (caption, header)))))
    return rows


def _short(text: str, block: Block) -> str:
    """A caption or a header; nothing where it is too long to be one, or is a sentence."""
    found = text[block.start : block.end]
    return "" if weight(found) > _CAPTION_WEIGHT or found.endswith(_SENTENCE_ENDS) else found


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
