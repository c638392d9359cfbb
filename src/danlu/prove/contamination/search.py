"""Evaluation items that stand in the training rows: a training file is read twice, in batches, and never held whole.

Every text of a row counts, under whatever name it stands, so any shape of training row is read, and so are plain texts for
pretraining and both sides of a preference. What holds no text is counted and named.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from danlu.core.errors import Phrase, UserError
from danlu.core.progress import Progress
from danlu.text.contamination.item_texts import words
from danlu.text.contamination.items import Item, strings
from danlu.text.contamination.overlap import ANSWER_WORDS, EXACT_WORDS, WINDOW_WORDS, Comparer, Kind, Match
from danlu.text.contamination.overlap_index import ANSWER, ASKED, CONTEXT, SHINGLE, TEXTS_PER_ITEM, OverlapIndex, Rows
from danlu.text.rows.rows import raw_rows
from danlu.text.rows.shapes import Unfit
from danlu.text.shingles import Hashes, hash_tokens

_BATCH_CHARACTERS = 1_000_000


@dataclass
class Overlaps:
    """What was found in one training file."""

    rows: int = 0
    without_text: list[int] = field(default_factory=list)
    """Training rows that could not be read, or hold no text."""
    best: dict[int, Match] = field(default_factory=dict)
    """By position of the item: the strongest match."""
    measurable: dict[Kind, int] = field(default_factory=dict)
    """How many items are long enough to be found in each way."""


def find_overlaps(train: Path, items: tuple[Item, ...], progress: Progress) -> Overlaps:
    """The strongest overlap of every item with the training rows. Raises UserError when the file cannot be read or holds no text."""
    if not train.is_file():
        raise UserError("{path}: no such file", "name a .jsonl, .json or .parquet file of training rows", path=train)
    overlaps = Overlaps()
    index = OverlapIndex(items)
    for rows in _batches(train, overlaps):
        index.count(rows)
        progress.advance(0, 2, str(overlaps.rows))
    if overlaps.rows == len(overlaps.without_text):
        raise UserError("{path} holds no text", "name the file that the model was trained on", path=train)
    overlaps.measurable = _measurable(items, index)
    comparer = Comparer(items, index)
    for rows in _batches(train, again := Overlaps()):
        _keep_best(index, comparer, rows, overlaps.best)
        progress.advance(1, 2, str(again.rows))
    return overlaps


def texts_of_rows(train: Path, wanted: set[int]) -> dict[int, str]:
    """The texts of some rows of a training file, for showing."""
    found: dict[int, str] = {}
    for number, row in raw_rows(train) if wanted else ():
        if number in wanted:
            found[number] = "\n".join(strings(row))
            if len(found) == len(wanted):
                break
    return found


def _keep_best(index: OverlapIndex, comparer: Comparer, rows: Rows, best: dict[int, Match]) -> None:
    for pair in index.pairs(rows):
        known = best.get(pair.text // TEXTS_PER_ITEM)
        if known is None or known.kind is not Kind.EXACT:
            match = comparer.compare(pair, rows)
            if match and (known is None or match.order < known.order):
                best[match.item] = match


def _batches(train: Path, overlaps: Overlaps) -> Iterator[Rows]:
    """The rows, tokenised, a million characters at a time; what holds no text is noted."""
    numbers: list[int] = []
    fields: list[str] = []
    first_fields: list[int] = []
    size = 0
    for number, row in raw_rows(train):
        overlaps.rows += 1
        own = [] if isinstance(row, Unfit) else [text for text in strings(row) if text.strip()]
        if not own:
            overlaps.without_text.append(number)
            continue
        numbers.append(number)
        first_fields.append(len(fields))
        fields += own
        size += sum(map(len, own))
        if size >= _BATCH_CHARACTERS:
            yield _tokenised(numbers, fields, first_fields)
            numbers, fields, first_fields, size = [], [], [], 0
    if numbers:
        yield _tokenised(numbers, fields, first_fields)


def _tokenised(numbers: list[int], fields: list[str], first_fields: list[int]) -> Rows:
    hashed = hash_tokens(fields)
    return Rows(numbers, Hashes(hashed.values, hashed.starts[np.array([*first_fields, len(fields)])]), hashed.starts)


def _measurable(items: tuple[Item, ...], index: OverlapIndex) -> dict[Kind, int]:
    """How many items are long enough, the words of a form left out; call it after every row was counted."""
    counts = dict.fromkeys(Kind, 0)
    lengths = np.diff(index.tokens.starts).tolist()
    for position, item in enumerate(items):
        first = position * TEXTS_PER_ITEM
        asked = words(item.question, lengths[first + ASKED])
        passage = words(item.context, lengths[first + CONTEXT])
        answer = words(item.answer, lengths[first + ANSWER])
        counts[Kind.EXACT] += asked >= EXACT_WORDS or (lengths[first + ASKED] >= SHINGLE and answer > 0)
        own = words(item.question, int(index.content_mask(first + ASKED).sum()))
        counts[Kind.NEAR] += own >= WINDOW_WORDS
        counts[Kind.PART] += max(asked, passage) >= WINDOW_WORDS
        counts[Kind.ANSWER] += answer >= ANSWER_WORDS
    return counts


def without_text_line(overlaps: Overlaps) -> Phrase:
    """How many training rows were not looked at, and one of them."""
    return Phrase("{count} training rows hold no text, such as row {row}", count=len(overlaps.without_text), row=overlaps.without_text[0])  # fmt: skip
