"""How an evaluation item and a training row overlap, decided on all their tokens: whole, edited, in part, or the answer alone."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from danlu.text.contamination.items import Item
from danlu.text.contamination.overlap_index import ANSWER, CONTEXT, TEXTS_PER_ITEM, OverlapIndex, Pair, Rows
from danlu.text.language import han_share
from danlu.text.shingles import U64, Hashes, fold, hash_shingles, hash_tokens

HAN_WORDS = 0.65
"""Words that a Han character counts for: 13 words are 20 characters."""
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
_NUMBER = re.compile(r"\d+")


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


def words(text: str, tokens: int) -> float:
    """What the tokens of a text amount to in English words."""
    return tokens * (1 - (1 - HAN_WORDS) * han_share(text))


@dataclass(frozen=True)
class _Text:
    """A text of an item, ready to be compared."""

    tokens: U64
    own: NDArray[np.bool_]
    """Tokens that are neither format nor boilerplate."""
    content: NDArray[np.bool_]
    """Of these, what is no number: rows of numbers resemble one another and say nothing."""
    stem: int
    """Tokens before the choices."""
    words_per_token: float
    window: int
    """Tokens of an n-gram in its language."""
    answer: U64
    telling: U64
    """The answer, or nothing where several items have it: `yes` says little."""

    def words(self, count: int) -> float:
        """What so many of its tokens amount to in words."""
        return count * self.words_per_token


class Comparer:
    """Compares pairs; remembers what is the same for every row that one text is compared with."""

    def __init__(self, items: tuple[Item, ...], index: OverlapIndex, bounds: Bounds = Bounds()) -> None:
        self._items, self._index, self._bounds = items, index, bounds
        self._texts: dict[int, _Text] = {}
        self._answers = Counter(answer for _, answer in {(item.question, item.answer) for item in items})

    def compare(self, pair: Pair, rows: Rows) -> Match | None:
        """How the text overlaps with the row; None when it does not in any way that counts."""
        text = self._text(pair.text)
        item, which = divmod(pair.text, TEXTS_PER_ITEM)
        if which == ANSWER:
            found = _of_answer(text, rows, pair.row)
        else:
            found = _of_question(text, rows, pair.row, which, self._bounds)
        return found and Match(item, rows.numbers[pair.row], *found, which)

    def _text(self, number: int) -> _Text:
        if number not in self._texts:
            item = self._items[number // TEXTS_PER_ITEM]
            first = number - number % TEXTS_PER_ITEM
            source = (f"{item.question}\n{item.choices}", item.answer, item.context)[number % TEXTS_PER_ITEM]
            tokens = self._index.tokens.of(number)
            stem = len(hash_tokens([item.question]).values) if item.choices and number == first else len(tokens)
            own = self._index.content_mask(number)
            numbers = hash_tokens(list(set(_NUMBER.findall(fold(source))))).values
            content = own & ~np.isin(tokens, numbers)
            answer = self._index.tokens.of(first + ANSWER)
            telling = answer[:0] if self._answers[item.answer] > 1 else answer
            per_token = words(source, 1)
            is_han = per_token < (1 + HAN_WORDS) / 2
            window = self._bounds.window_han if is_han else self._bounds.window_words
            self._texts[number] = _Text(tokens, own, content, stem, per_token, window, answer, telling)
        return self._texts[number]


def _of_question(text: _Text, rows: Rows, row: int, which: int, bounds: Bounds) -> tuple[Kind, float] | None:
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
    share, run = _covered(text, tokens)
    return (Kind.PART, share) if run and (share >= bounds.part_share or text.words(run) >= bounds.part_words) else None


def _of_answer(text: _Text, rows: Rows, row: int) -> tuple[Kind, float] | None:
    if text.words(int(text.content.sum())) < ANSWER_WORDS:
        return None
    share = max(_near_shares(text, rows.tokens.of(row)).values(), default=0.0)
    return (Kind.ANSWER, share) if share >= NEAR_SHARE else None


def _is_exact(text: _Text, rows: Rows, row: int) -> bool:
    tokens, question = rows.tokens.of(row), text.tokens[: text.stem]
    if text.words(text.stem) >= EXACT_WORDS:
        return bool(text.own[: text.stem].any()) and _position(question, tokens, 0) is not None
    at = _position(question, tokens, 0)
    while at is not None:
        begin = rows.tokens.starts[row] + at
        bounds = np.searchsorted(rows.field_starts, (begin, begin + text.stem))
        is_whole = rows.field_starts[bounds].tolist() == [begin, begin + text.stem]
        if is_whole and len(text.answer) and _position(text.answer, tokens, at + text.stem) is not None:
            return True
        at = _position(question, tokens, at + 1)
    return False


def _position(wanted: U64, tokens: U64, start: int) -> int | None:
    """Where the tokens stand in a row in one piece, from `start` on."""
    needle, hay = wanted.tobytes(), tokens.tobytes()
    at = hay.find(needle, 8 * start)
    while at % 8 and at >= 0:
        at = hay.find(needle, at + 1)
    return at // 8 if at >= 0 else None


def _asks_otherwise(text: _Text, own: U64, tokens: U64) -> bool:
    """Whether a row has other words in some places of a short question, with none left out or put in, and lacks its answer.

    Edits leave words out and put some in as well. Where all of them are replacements, as in a form that was filled in otherwise
    and in a rewording by synonyms alike, only the answer can tell which of the two it is.
    """
    if text.words(len(own)) >= SHORT_WORDS or _holds_answer(text, own, tokens):
        return False
    return set(_edits(own, _window(own, tokens))) == {"replace"}


def _edits(own: U64, window: U64) -> Iterator[str]:
    """What makes one of the other, as difflib names it; what stands before and after it in the row is no edit."""
    for edit, first, last, *_ in SequenceMatcher(None, own.tolist(), window.tolist(), autojunk=False).get_opcodes():
        if edit != "equal" and not (edit == "insert" and (first == 0 or last == len(own))):
            yield edit


def _holds_answer(text: _Text, own: U64, tokens: U64) -> bool:
    """Whether the row has an answer that is this item's alone and not a part of its question; a long one with small edits."""
    answer = text.telling
    if not len(answer) or _position(answer, own, 0) is not None:
        return False
    if text.words(len(answer)) < WINDOW_WORDS:
        return _position(answer, tokens, 0) is not None
    return common_subsequence(answer, _window(answer, tokens)) >= NEAR_SHARE * len(answer)


def _near_shares(text: _Text, tokens: U64) -> dict[int, float]:
    """Of the question alone and with its choices, by their length in tokens, where the row resembles them most.

    It is the smaller of two shares found in order: of all tokens, and of the content. Left out: what is too short.
    """
    shares = {}
    for end in {text.stem, len(text.tokens)}:
        own, content = text.tokens[:end], text.content[:end]
        if text.words(end) < WINDOW_WORDS or int(content.sum()) < MIN_CONTENT:
            continue
        window = _window(own, tokens)
        share = common_subsequence(own, window) / end
        if share >= NEAR_SHARE and not content.all():
            share = min(share, common_subsequence(own[content], window) / int(content.sum()))
        shares[end] = share
    return shares


def _window(own: U64, tokens: U64) -> U64:
    """The part of a row that lies along the diagonal of most shared shingles, with room for edits."""
    mine, theirs = _shingles(own, 3), _shingles(tokens, 3)
    order = np.argsort(mine, kind="stable")
    at = np.minimum(np.searchsorted(mine[order], theirs), len(mine) - 1)
    shared = np.flatnonzero(mine[order][at] == theirs)
    if not len(shared):
        return tokens[:0]
    room = max(4, len(own) // 4)
    diagonals = shared - order[at[shared]] + len(own)
    band = int(np.argmax(np.convolve(np.bincount(diagonals // room), (1, 1))))
    start = (band - 1) * room - len(own)
    return tokens[max(0, start) : max(0, start + len(own) + 2 * room)]


def common_subsequence(first: U64, second: U64) -> int:
    """Length of the longest common subsequence, by the bits of one long number (Hyyrö 2004, Bit-parallel LCS-length computation revisited)."""
    places: dict[int, int] = {}
    for bit, token in enumerate(first.tolist()):
        places[token] = places.get(token, 0) | 1 << bit
    full = (1 << len(first)) - 1
    state = full
    for token in second.tolist():
        matched = state & places.get(token, 0)
        if matched:
            state = (state + matched | state - matched) & full
    return len(first) - state.bit_count()


def _covered(text: _Text, tokens: U64) -> tuple[float, int]:
    """The share of the content that shared n-grams cover, and the longest run of covered tokens that has content."""
    hits = np.flatnonzero(np.isin(_shingles(text.tokens, text.window), _shingles(tokens, text.window)))
    covered = np.zeros(len(text.tokens), bool)
    for offset in range(text.window):
        covered[hits + offset] = True
    edges = np.flatnonzero(np.diff(covered, prepend=False, append=False))
    contents = [int(text.content[start:end].sum()) for start, end in edges.reshape(-1, 2)]
    return float(covered[text.content].mean()), max(contents, default=0)


def _shingles(values: U64, length: int) -> U64:
    return hash_shingles(Hashes(values, np.array([0, len(values)])), length).values
