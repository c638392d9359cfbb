"""The texts of evaluation items, each ready to be compared with many rows: what of it is content, and what it amounts to in words."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from danlu.text.contamination.items import Item
from danlu.text.contamination.overlap_index import ANSWER, SHINGLE, TEXTS_PER_ITEM, OverlapIndex
from danlu.text.contamination.resemblance import Runs
from danlu.text.language import han_share
from danlu.text.shingles import U64, fold, hash_tokens

HAN_WORDS = 0.65
"""Words that a Han character counts for: 13 words are 20 characters."""
_REMEMBERED = 10_000
"""Texts kept ready, some 80 bytes for each of their tokens; when so many are, all are forgotten."""
_NUMBER = re.compile(r"\d+")


def words(text: str, tokens: int) -> float:
    """What the tokens of a text amount to in English words."""
    return tokens * (1 - (1 - HAN_WORDS) * han_share(text))


@dataclass(frozen=True)
class ItemText:
    """A text of an item, ready to be compared."""

    tokens: U64
    own: NDArray[np.bool_]
    """Tokens that are neither format nor boilerplate."""
    content: NDArray[np.bool_]
    """Of these, what is no number: rows of numbers resemble one another and say nothing."""
    stem: int
    """Tokens before the choices."""
    words_per_token: float
    gram: int
    """Tokens of an n-gram in its language."""
    answer: U64
    telling: U64
    """The answer, or nothing where several items have it: `yes` says little."""

    def words(self, count: int) -> float:
        """What so many of its tokens amount to in words."""
        return count * self.words_per_token

    def first(self, end: int) -> Runs:
        """Its first tokens: the question alone, or with its choices."""
        return self._whole if end == len(self.tokens) else self._question

    @cached_property
    def grams(self) -> Runs:
        """Its n-grams."""
        return Runs.of(self.tokens, self.gram)

    @cached_property
    def shingles(self) -> Runs:
        """Its shingles, as the index counts them."""
        return Runs.of(self.tokens, SHINGLE)

    @cached_property
    def _whole(self) -> Runs:
        return Runs.of(self.tokens)

    @cached_property
    def _question(self) -> Runs:
        return Runs.of(self.tokens[: self.stem])


class ItemTexts:
    """Makes them ready, and remembers what is the same for every row that one is compared with."""

    def __init__(self, items: tuple[Item, ...], index: OverlapIndex, window_words: int, window_han: int) -> None:
        self._items, self._index, self._windows = items, index, (window_words, window_han)
        self._ready: dict[int, ItemText] = {}
        self._answers = Counter(answer for _, answer in {(item.question, item.answer) for item in items})

    def of(self, number: int) -> ItemText:
        """The text of this number in the index."""
        if number not in self._ready:
            if len(self._ready) == _REMEMBERED:
                self._ready.clear()
            self._ready[number] = self._made_ready(number)
        return self._ready[number]

    def _made_ready(self, number: int) -> ItemText:
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
        gram = self._windows[per_token < (1 + HAN_WORDS) / 2]
        return ItemText(tokens, own, content, stem, per_token, gram, answer, telling)
