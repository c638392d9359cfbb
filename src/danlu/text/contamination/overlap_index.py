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
from danlu.text.shingles import I64, U64, Hashes, hash_shingles, hash_tokens

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
_FILTER_BITS = 25
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
        order = np.argsort(shingles.values, kind="stable")
        sorted_values = shingles.values[order]
        first = np.flatnonzero(np.concatenate(([True], sorted_values[1:] != sorted_values[:-1]))[: len(order)])
        self._grams_G = sorted_values[first]
        owners = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(order))))
        postings = np.unique(owners * len(texts) + shingles.owners()[order])
        self._postings, posting_grams = postings % len(texts), postings // len(texts)
        self._posting_starts = np.searchsorted(posting_grams, np.arange(len(first) + 1))
        self._items_G = self._distinct_items(posting_grams, len(first))
        self._rows_G = np.zeros(len(first), np.int64)
        self._led_G = np.zeros(len(first), np.int64)
        self._seen: set[int] = set()
        self._distinct: int | None = None
        self._rare_Q: I64 | None = None
        self._item_count = len(items)

    @cached_property
    def _filter(self) -> NDArray[np.bool_]:
        """Made where it is used, so that an index that travels to a worker does not carry its 32 MiB."""
        slots = np.zeros(1 << _FILTER_BITS, bool)
        slots[_slots(self._grams_G)] = True
        return slots

    def count(self, rows: Rows) -> None:
        """Count, for every shingle, the distinct rows it stands in; a row that was there before counts once."""
        digests = [hash(rows.tokens.of(row).tobytes()) for row in range(len(rows.numbers))]
        fresh = np.ones(len(digests), bool)
        for row, digest in enumerate(digests):
            fresh[row] = digest not in self._seen
            self._seen.add(digest)
        grams, owners = self.shared(rows)
        kept = fresh[owners]
        unique = np.unique(grams[kept] * len(digests) + owners[kept])
        self._rows_G += np.bincount(unique // max(len(digests), 1), minlength=len(self._rows_G))

    def pairs(self, rows: Rows) -> Iterator[Pair]:
        """The pairs of this batch that are worth comparing. Call it only after every row was counted."""
        least_Q = self._least()
        grams, owners = self.shared(rows)
        kept = self._content()[grams]
        unique = np.unique(grams[kept] * len(rows.numbers) + owners[kept])
        grams, owners = unique // len(rows.numbers), unique % len(rows.numbers)
        if self._max_led is not None:
            grams, owners = self._led(grams, owners, self._max_led)
        counts = self._posting_starts[grams + 1] - self._posting_starts[grams]
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        texts = self._postings[np.repeat(self._posting_starts[grams], counts) + offsets]
        found, shared = np.unique(texts * len(rows.numbers) + np.repeat(owners, counts), return_counts=True)
        enough = shared >= least_Q[found // max(len(rows.numbers), 1)]
        for key in found[enough].tolist():
            yield Pair(*divmod(key, len(rows.numbers)))

    def counted(self, rows_G: I64, distinct_rows: int) -> None:
        """Take over counts that were made elsewhere: the distinct rows of each shingle, and how many there are in all."""
        self._rows_G, self._distinct = rows_G, distinct_rows

    @property
    def shingle_count(self) -> int:
        """G."""
        return len(self._grams_G)

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
        common = np.flatnonzero(~self._content()[np.searchsorted(self._grams_G, shingles)])
        for offset in range(SHINGLE):
            mask[common + offset] = False
        return mask

    def shared(self, rows: Rows) -> tuple[I64, I64]:
        """Every shingle of the rows that an item has too, by its number, and the row it stands in."""
        if not len(self._grams_G):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        shingles = hash_shingles(rows.tokens, SHINGLE)
        at = np.flatnonzero(self._filter[_slots(shingles.values)])
        values = shingles.values[at]
        grams = np.minimum(np.searchsorted(self._grams_G, values), len(self._grams_G) - 1)
        same = self._grams_G[grams] == values
        return grams[same], np.searchsorted(shingles.starts, at[same], side="right") - 1

    def _content(self) -> NDArray[np.bool_]:
        max_items = max(3, min(FORMAT_ITEMS, int(FORMAT_SHARE * self._item_count)))
        max_rows = max(BOILERPLATE_ROWS, int(BOILERPLATE_SHARE * (self._distinct or len(self._seen))))
        return (self._items_G <= max_items) & (self._rows_G <= max_rows)

    def _least(self) -> I64:
        """How many shingles each text must share with a row for the pair to be compared."""
        if self._rare_Q is None:
            rare = self._content() & (self._rows_G <= (self._max_led or self._rows_G.max(initial=0)))
            of_postings = np.repeat(rare, np.diff(self._posting_starts))
            self._rare_Q = np.bincount(self._postings[of_postings], minlength=len(self.tokens.starts) - 1)
        least_Q: I64 = np.clip(np.ceil(MIN_SHARE * self._rare_Q), 1, self._enough).astype(np.int64)
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


def _slots(values: U64) -> U64:
    return values >> np.uint64(64 - _FILTER_BITS)
