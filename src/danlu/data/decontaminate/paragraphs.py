"""Paragraphs taken out of a document, with its map to the extraction and its blocks kept true."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, replace

from danlu.text.offsets import Edit, OffsetMap, Piece, apply
from danlu.text.records import Block, Document

RULE = "benchmark item"
_PARAGRAPH = re.compile(r"[^\n]+(?:\n[^\n]+)*")
_LETTER = re.compile(r"\w")
Span = tuple[int, int]


def without(document: Document, spans: Sequence[Span]) -> tuple[Document, int]:
    """The document without the paragraphs that touch any of the spans, and how many these were.

    A paragraph is a block where the document has any there, else a run of lines that are not blank.
    """
    taken = [span for span in _paragraphs(document) if any(span[0] < end and start < span[1] for start, end in spans)]
    merged = _merged(taken)
    edits = [Edit(start, _past_blank(document.text, end), "", RULE) for start, end in merged]
    text, offsets = apply(document.text, edits)
    earlier = OffsetMap(tuple(Piece(**piece) for piece in document.offsets))
    whole = offsets.after(earlier) if document.offsets else offsets
    blocks = tuple(block for block in (_moved(block, offsets) for block in document.blocks) if block)
    pieces = tuple(asdict(piece) for piece in whole.pieces)
    return replace(document, text=text, blocks=blocks, offsets=pieces), len(taken)


def says_something(text: str) -> bool:
    """Whether a text still has a letter or a digit."""
    return _LETTER.search(text) is not None


def _paragraphs(document: Document) -> list[Span]:
    blocks = [(block.start, block.end) for block in document.blocks if block.end > block.start]
    covered = _merged(blocks)
    ends = [end for _, end in covered]
    outside = []
    for match in _PARAGRAPH.finditer(document.text):
        at = bisect_right(ends, match.start())
        if at == len(covered) or covered[at][0] >= match.end():
            outside.append(match.span())
    return sorted({*blocks, *outside})


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Spans that overlap (a table and its rows, say) as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _past_blank(text: str, end: int) -> int:
    """Past the line breaks behind a paragraph, so that no gap is left."""
    while end < len(text) and text[end] == "\n":
        end += 1
    return end


def _moved(block: Block, offsets: OffsetMap) -> Block | None:
    start, end = offsets.from_source(block.start), offsets.from_source(block.end)
    return replace(block, start=start, end=end) if end > start else None
