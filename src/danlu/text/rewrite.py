"""A document whose text was edited: its blocks moved along, its offsets still leading back to what was extracted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from danlu.text.offsets import Edit, OffsetMap, apply
from danlu.text.records import Block, Document


def edited(document: Document, edits: Sequence[Edit]) -> Document:
    """The document after edits that are sorted and do not overlap."""
    if not edits:
        return document
    text, moved = apply(document.text, edits)
    return rewritten(document, text, moved)


def rewritten(document: Document, text: str, moved: OffsetMap) -> Document:
    """The document with another text; `moved` leads from that to the document's present one. Blocks left empty go."""
    blocks = tuple(block for block in (_moved(block, moved) for block in document.blocks) if block)
    offsets = moved.after(document.offset_map()) if document.offsets else moved
    return replace(document, text=text, blocks=blocks, offsets=tuple(vars(piece) for piece in offsets.pieces))


def counted(doc_id: str, edits: Iterable[Edit]) -> list[tuple[str, str, int]]:
    """Rows of the edits table: how often each rule changed this document."""
    counts = Counter(edit.rule for edit in edits)
    return [(doc_id, rule, counts[rule]) for rule in sorted(counts)]


def _moved(block: Block, moved: OffsetMap) -> Block | None:
    start, end = moved.from_source(block.start), moved.from_source(block.end)
    return replace(block, start=start, end=end) if end > start else None
