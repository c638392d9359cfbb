"""Which training rows share shingles with which evaluation texts: whole batches of rows against all items at once.

An n-gram that many items share is the benchmark's format, and one that many different training rows share is a template or
a figure of speech: neither is content, and neither counts. That is known only after all rows have been seen once, so rows
are read twice: `count`, then `pairs`. Memory grows with the evaluation items, not with the training rows, but for one
64-bit digest of each distinct row.

Letters in shapes: Q texts of items (`TEXTS_PER_ITEM` for each), G distinct shingles of them, T tokens.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danlu.text.contamination.items import Item
from danlu.text.contamination.shingle_set import ShingleSet
from danlu.text.shingles import I64, Hashes, hash_shingles, hash_tokens

ASKED, ANSWER, CONTEXT = range(3)
TEXTS_PER_ITEM = 3
SHINGLE = 5
"""Tokens. With 15 % of its tokens replaced, a text of 20 still keeps one run of 5 for sure, and 44 % of all runs on average."""
FORMAT_ITEMS, FORMAT_SHARE = 50, 0.1
"""A shingle of more items than this, or than this share of them, is format. Reading comprehension asks up to about 30 questions of
one passage, which is content; the headings of the smallest MMLU subjects stand in 100 items."""
BOILERPLATE_ROWS, BOILERPLATE_SHARE = 50, 0.01
"""A shingle of more distinct training rows than this and than this share of them is boilerplate."""
RARE_ROWS = 50
"""A shingle leads to at most this many training rows, which bounds the pairs that are looked at."""
MIN_SHARE, ENOUGH_SHINGLES = 0.15, 40
"""A pair is looked at from this share of the text's rare shingles, or from this many of them, on."""
_BATCH_CHARACTERS = 1_000_000


class Rows(NamedTuple):
    """A batch of training rows, tokenised."""

    numbers: Sequence[int]
    """Row of the file, counted from 1."""
    tokens: Hashes
    """By row."""
    field_starts: I64
    """Where a text within a row begins, in tokens of the batch; the end of the batch comes last."""


class Pair(NamedTuple):
    """A training row that shares enough with a text of an item to be compared with it."""

    text: int
    row: int
    """Within the batch."""


class OverlapIndex:
    """The shingles of all items; counts of rows accumulate while a training file is read."""

    def __init__(self, items: Sequence[Item], max_led: int | None = RARE_ROWS, enough: int = ENOUGH_SHINGLES) -> None:
        """`max_led` bounds how many rows a shingle leads to; None finds every row, at the price of more pairs to compare.

        A pair that shares `enough` shingles is looked at, however small a part of the item they are.
        """
        self._max_led, self._enough = max_led, enough
        texts = [text for item in items for text in (f"{item.question}\n{item.choices}", item.answer, item.context)]
        self.tokens = _in_batches(texts)
        shingles = hash_shingles(self.tokens, SHINGLE)
        grams_G, numbers = np.unique(shingles.values, return_inverse=True)
        self._sought = ShingleSet.of(grams_G, SHINGLE)
        postings = np.unique(numbers * len(texts) + shingles.owners())
        self._postings, posting_grams = postings % len(texts), postings // len(texts)
        self._posting_starts = np.searchsorted(posting_grams, np.arange(len(grams_G) + 1))
        self._items_G = self._distinct_items(posting_grams, len(grams_G))
        self._rows_G = np.zeros(len(grams_G), np.int64)
        self._led_G = np.zeros(len(grams_G), np.int64)
        self._seen: set[int] = set()
        self._distinct: int | None = None
        self._item_count = len(items)

    def count(self, rows: Rows) -> None:
        """Count, for every shingle, the distinct rows it stands in; a row that was there before counts once."""
        digests = [hash(rows.tokens.of(row).tobytes()) for row in range(len(rows.numbers))]
        fresh = np.ones(len(digests), bool)
        for row, digest in enumerate(digests):
            fresh[row] = digest not in self._seen
            self._seen.add(digest)
        grams, owners = self.shared(rows.tokens)
        self._rows_G += np.bincount(grams[fresh[owners]], minlength=len(self._rows_G))

    def pairs(self, rows: Rows) -> Iterator[Pair]:
        """The pairs of this batch that are worth comparing. Call it only after every row was counted."""
        grams, owners = self.shared(rows.tokens)
        for key in self._worth_comparing(grams, owners, len(rows.numbers)).tolist():
            yield Pair(*divmod(key, len(rows.numbers)))

    def owners_in_pairs(self, grams: I64, owners: I64) -> I64:
        """Which of the rows that share these shingles stand in a pair that is worth comparing; sorted."""
        rows = int(owners.max(initial=-1)) + 1
        return np.unique(self._worth_comparing(grams, owners, rows) % max(rows, 1))

    def _worth_comparing(self, grams: I64, owners: I64, rows: int) -> I64:
        """Text of an item times `rows`, plus row, of each pair; sorted."""
        keys = np.sort((grams * rows + owners)[self._content_G[grams]])
        grams, owners = keys // max(rows, 1), keys % max(rows, 1)
        if self._max_led is not None:
            grams, owners = self._led(grams, owners, self._max_led)
        counts = self._posting_starts[grams + 1] - self._posting_starts[grams]
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        texts = self._postings[np.repeat(self._posting_starts[grams], counts) + offsets]
        found, shared = np.unique(texts * rows + np.repeat(owners, counts), return_counts=True)
        worth: I64 = found[shared >= self._least_Q[found // max(rows, 1)]]
        return worth

    def counted(self, rows_G: I64, distinct_rows: int) -> None:
        """Take over counts that were made elsewhere: the distinct rows of each shingle, and how many there are in all."""
        self._rows_G, self._distinct = rows_G, distinct_rows

    @property
    def shingle_count(self) -> int:
        """G."""
        return len(self._sought.values_U)

    def _led(self, grams: I64, owners: I64, max_led: int) -> tuple[I64, I64]:
        """The first `max_led` rows of each shingle, over all batches."""
        starts = np.searchsorted(grams, grams)
        leads = self._led_G[grams] + np.arange(len(grams)) - starts < max_led
        self._led_G += np.bincount(grams, minlength=len(self._led_G))
        return grams[leads], owners[leads]

    def content_mask(self, text: int) -> NDArray[np.bool_]:
        """Which tokens of a text of an item stand in no shingle that is format or boilerplate."""
        values = self.tokens.of(text)
        mask = np.ones(len(values), bool)
        shingles = hash_shingles(Hashes(values, np.array([0, len(values)])), SHINGLE).values
        common = np.flatnonzero(~self._content_G[np.searchsorted(self._sought.values_U, shingles)])
        for offset in range(SHINGLE):
            mask[common + offset] = False
        return mask

    def shared(self, tokens: Hashes) -> tuple[I64, I64]:
        """Every shingle of the rows that an item has too, by its number, and the row it stands in: each pair once, by row."""
        return self._sought.texts_with(tokens)

    @cached_property
    def _content_G(self) -> NDArray[np.bool_]:
        """Which shingles are neither format nor boilerplate."""
        max_items = max(3, min(FORMAT_ITEMS, int(FORMAT_SHARE * self._item_count)))
        max_rows = max(BOILERPLATE_ROWS, int(BOILERPLATE_SHARE * (self._distinct or len(self._seen))))
        return (self._items_G <= max_items) & (self._rows_G <= max_rows)

    @cached_property
    def _least_Q(self) -> I64:
        """How many shingles each text must share with a row for the pair to be compared."""
        rare = self._content_G & (self._rows_G <= (self._max_led or self._rows_G.max(initial=0)))
        of_postings = np.repeat(rare, np.diff(self._posting_starts))
        rare_Q = np.bincount(self._postings[of_postings], minlength=len(self.tokens.starts) - 1)
        least_Q: I64 = np.clip(np.ceil(MIN_SHARE * rare_Q), 1, self._enough).astype(np.int64)
        return least_Q

    def _distinct_items(self, posting_grams: I64, grams: int) -> I64:
        """In how many items each shingle stands; an item that is there twice counts once."""
        first: dict[bytes, int] = {}
        texts = len(self.tokens.starts) - 1
        same_Q = np.array([first.setdefault(self.tokens.of(text).tobytes(), text) for text in range(texts)], np.int64)
        unique = np.unique(posting_grams * texts + same_Q[self._postings])
        return np.bincount(unique // max(texts, 1), minlength=grams)


def _in_batches(texts: Sequence[str]) -> Hashes:
    """The tokens of many texts, so many characters at a time."""
    parts: list[Hashes] = []
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= _BATCH_CHARACTERS:
            parts.append(hash_tokens(batch))
            batch, size = [], 0
    parts.append(hash_tokens(batch))
    lengths = np.concatenate([np.diff(part.starts) for part in parts])
    return Hashes(np.concatenate([part.values for part in parts]), np.concatenate(([0], np.cumsum(lengths))))
