"""A variant: a document made from another one by edits, with its parent, its offsets and what was measured of it."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from random import Random
from typing import Any

import pyarrow as pa

from danlu.core.hashing import short_id
from danlu.data.families import family, with_parent
from danlu.text.frequency import RAREST
from danlu.text.offsets import Edit, OffsetMap, Piece, apply
from danlu.text.records import Document
from danlu.text.segment import words

VARIANTS = pa.schema(
    [(name, pa.string()) for name in ("doc_id", "parent", "method")]
    + [("number", pa.int64()), ("edits", pa.int64()), ("abstained", pa.int64())]
    + [("changed_share", pa.float64()), ("drift", pa.float64())]
)
"""Beside the documents: one row per kept variant. changed_share: share of the parent's tokens that are not in the variant."""


@dataclass(frozen=True)
class Proposal:
    """What a method would change in a document."""

    edits: Sequence[Edit]
    abstained: int = 0
    """Places that looked like the method's business and were left alone."""


def random_of(seed: int, doc_id: str, method: str, number: int) -> Random:
    """The randomness of one variant: the same on every machine and for any number of workers."""
    return Random(f"{seed}:{doc_id}:{method}:{number}")  # noqa: S311 (nothing secret)


def variant_of(parent: Document, edits: Sequence[Edit], method: str, number: int) -> Document:
    """`parent` with its edits made: a document of its own, whose offsets still lead back to the extraction."""
    text, moved = apply(parent.text, edits)
    offsets = moved.after(_offsets(parent)) if parent.offsets else moved
    blocks = (
        replace(block, start=moved.from_source(block.start), end=moved.from_source(block.end))
        for block in parent.blocks
    )
    id = short_id(["variant", parent.doc_id, method, number])
    return replace(
        parent,
        doc_id=id,
        text=text,
        blocks=tuple(block for block in blocks if block.end > block.start),
        offsets=tuple(asdict(piece) for piece in offsets.pieces),
        meta=with_parent(parent, method=method, number=number),
    )


def _offsets(document: Document) -> OffsetMap:
    return OffsetMap(tuple(Piece(**piece) for piece in document.offsets))


def measures_of(parent: Document, variant: Document, method: str, number: int, proposal: Proposal) -> dict[str, Any]:
    """The row of VARIANTS."""
    before, after = Counter(words(parent.text)), Counter(words(variant.text))
    lost = sum((before - after).values()) / max(sum(before.values()), 1)
    return {
        "doc_id": variant.doc_id, "parent": family(parent), "method": method, "number": number,
        "edits": len(proposal.edits), "abstained": proposal.abstained,
        "changed_share": round(lost, 4), "drift": round(drift(before, after), 4),
    }  # fmt: skip


def drift(before: Counter[str], after: Counter[str]) -> float:
    """1 - cosine of the word counts, rare words weighing more: 0 for the same words, 1 for no common one.

    A proxy: a synonym counts as a change although its meaning is the same, and a lost `not` hardly counts.
    """
    weight = _weights()
    rarest = -math.log(RAREST)
    norm = [math.sqrt(sum((n * weight.get(term, rarest)) ** 2 for term, n in side.items())) for side in (before, after)]
    if not norm[0] or not norm[1]:
        return 0.0 if before == after else 1.0
    dot = sum(n * after[term] * weight.get(term, rarest) ** 2 for term, n in before.items() if term in after)
    return max(1.0 - dot / (norm[0] * norm[1]), 0.0)


@cache
def _weights() -> dict[str, float]:
    """Rarity of words by wordfreq's short lists, where a word of both languages counts as the more frequent one."""
    from wordfreq import get_frequency_dict

    english, chinese = (get_frequency_dict(language, "small") for language in ("en", "zh"))
    return {word: -math.log(max(english.get(word, 0.0), chinese.get(word, 0.0))) for word in english | chinese}
