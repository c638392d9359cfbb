"""How an evaluation item and a training row overlap, decided on all their tokens: whole, edited, in part, or the answer alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import IntEnum

import numpy as np

from danlu.text.contamination.item_texts import ItemText, ItemTexts
from danlu.text.contamination.items import Item
from danlu.text.contamination.overlap_index import ANSWER, CONTEXT, TEXTS_PER_ITEM, OverlapIndex, Pair, Rows
from danlu.text.contamination.resemblance import Runs, common_subsequence, covered, position, window
from danlu.text.shingles import U64

WINDOW_WORDS, WINDOW_HAN = 13, 20
"""Tokens of an n-gram. 13 words: Brown et al. 2020 (GPT-3), appendix C. Han characters, by measurement: prompts in formal Chinese share
.092 % of their runs of 13 characters with unrelated news (12 % of the prompts have one), and .019 % of their runs of 20."""
EXACT_WORDS = 8
"""A shorter question is too common to be told by itself: it counts when it is a whole text of the row and its answer follows."""
NEAR_SHARE = 0.75
"""Share of the item's tokens that the row has in the same order: 15 % of edits leave .85 of them."""
SHORT_WORDS = 25
"""Under this many words a name or two make another question of the same form, and the rest of the form is still .75 of it. Planted edits
of 5 to 15 % in 359 paragraphs: 351 are found with this, 346 with 30, 357 without; what it loses are texts under 25 words without answer."""
PART_SHARE, PART_WORDS = 0.5, 50
"""An n-gram overlap counts from this share of the item on, or from this many words in one run: Lee et al. 2022 (Deduplicating Training Data)
take runs of 50 tokens for copies."""
MIN_CONTENT = 5
"""Tokens that are neither format nor boilerplate, nor numbers."""
ANSWER_WORDS = 20


@dataclass(frozen=True)
class Bounds:
    """From where on an overlap in part counts."""

    window_words: int = WINDOW_WORDS
    window_han: int = WINDOW_HAN
    part_share: float = PART_SHARE
    part_words: int = PART_WORDS


class Kind(IntEnum):
    """In which way an item was found; an item is counted under the first that holds."""

    EXACT = 0
    NEAR = 1
    PART = 2
    ANSWER = 3


@dataclass(frozen=True)
class Match:
    """An item and the training row that holds most of it."""

    item: int
    """Position among the items."""
    row: int
    """Row of the training file, counted from 1."""
    kind: Kind
    share: float
    """Of the tokens of the item's text: found in order (near), or covered by shared n-grams (part)."""
    text: int
    """Which text of the item: ASKED, ANSWER or CONTEXT."""

    @property
    def order(self) -> tuple[int, float, int]:
        """The strongest first."""
        return int(self.kind), -self.share, self.row


class Comparer:
    """Compares pairs."""

    def __init__(self, items: tuple[Item, ...], index: OverlapIndex, bounds: Bounds = Bounds()) -> None:
        self._bounds = bounds
        self.texts = ItemTexts(items, index, bounds.window_words, bounds.window_han)

    def compare(self, pair: Pair, rows: Rows) -> Match | None:
        """How the text overlaps with the row; None when it does not in any way that counts."""
        text = self.texts.of(pair.text)
        item, which = divmod(pair.text, TEXTS_PER_ITEM)
        if which == ANSWER:
            found = _of_answer(text, rows, pair.row)
        else:
            found = _of_question(text, rows, pair.row, which, self._bounds)
        return found and Match(item, rows.numbers[pair.row], *found, which)


def _of_question(text: ItemText, rows: Rows, row: int, which: int, bounds: Bounds) -> tuple[Kind, float] | None:
    tokens = rows.tokens.of(row)
    if which != CONTEXT and _is_exact(text, rows, row):
        return Kind.EXACT, 1.0
    if int(text.content.sum()) < MIN_CONTENT:
        return None
    shares = _near_shares(text, tokens)
    near = max(shares.values(), default=0.0)
    if near >= NEAR_SHARE:
        longest = max(end for end, share in shares.items() if share >= NEAR_SHARE)
        if which != CONTEXT and _asks_otherwise(text, text.tokens[:longest], tokens):
            return None
        return (Kind.PART if which == CONTEXT else Kind.NEAR), near
    whole, stretch = covered(text.grams, tokens, text.content)
    share = whole / int(text.content.sum())
    counts = stretch and (share >= bounds.part_share or text.words(stretch) >= bounds.part_words)
    return (Kind.PART, share) if counts else None


def _of_answer(text: ItemText, rows: Rows, row: int) -> tuple[Kind, float] | None:
    if text.words(int(text.content.sum())) < ANSWER_WORDS:
        return None
    share = max(_near_shares(text, rows.tokens.of(row)).values(), default=0.0)
    return (Kind.ANSWER, share) if share >= NEAR_SHARE else None


def _is_exact(text: ItemText, rows: Rows, row: int) -> bool:
    tokens, question = rows.tokens.of(row), text.tokens[: text.stem]
    if text.words(text.stem) >= EXACT_WORDS:
        return bool(text.own[: text.stem].any()) and position(question, tokens, 0) is not None
    at = position(question, tokens, 0)
    while at is not None:
        begin = rows.tokens.starts[row] + at
        bounds = np.searchsorted(rows.field_starts, (begin, begin + text.stem))
        is_whole = rows.field_starts[bounds].tolist() == [begin, begin + text.stem]
        if is_whole and len(text.answer) and position(text.answer, tokens, at + text.stem) is not None:
            return True
        at = position(question, tokens, at + 1)
    return False


def _asks_otherwise(text: ItemText, own: U64, tokens: U64) -> bool:
    """Whether a row has other words in some places of a short question, with none left out or put in, and lacks its answer.

    Edits leave words out and put some in as well. Where all of them are replacements, as in a form that was filled in otherwise
    and in a rewording by synonyms alike, only the answer can tell which of the two it is.
    """
    if text.words(len(own)) >= SHORT_WORDS or _holds_answer(text, own, tokens):
        return False
    return set(_edits(own, window(text.first(len(own)), tokens))) == {"replace"}


def _edits(own: U64, other: U64) -> Iterator[str]:
    """What makes one of the other, as difflib names it; what stands before and after it in the row is no edit."""
    for edit, first, last, *_ in SequenceMatcher(None, own.tolist(), other.tolist(), autojunk=False).get_opcodes():
        if edit != "equal" and not (edit == "insert" and (first == 0 or last == len(own))):
            yield edit


def _holds_answer(text: ItemText, own: U64, tokens: U64) -> bool:
    """Whether the row has an answer that is this item's alone and not a part of its question; a long one with small edits."""
    answer = text.telling
    if not len(answer) or position(answer, own, 0) is not None:
        return False
    if text.words(len(answer)) < WINDOW_WORDS:
        return position(answer, tokens, 0) is not None
    return common_subsequence(answer, window(Runs.of(answer), tokens)) >= NEAR_SHARE * len(answer)


def _near_shares(text: ItemText, tokens: U64) -> dict[int, float]:
    """Of the question alone and with its choices, by their length in tokens, where the row resembles them most.

    It is the smaller of two shares found in order: of all tokens, and of the content. Left out: what is too short.
    """
    shares = {}
    for end in {text.stem, len(text.tokens)}:
        own, content = text.tokens[:end], text.content[:end]
        if text.words(int(text.own[:end].sum())) < WINDOW_WORDS or int(content.sum()) < MIN_CONTENT:
            continue  # the words of a form make no question longer
        near = window(text.first(end), tokens)
        share = common_subsequence(own, near) / end
        if share >= NEAR_SHARE and not content.all():
            share = min(share, common_subsequence(own[content], near) / int(content.sum()))
        shares[end] = share
    return shares
