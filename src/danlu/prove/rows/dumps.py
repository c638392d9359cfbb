"""Token dumps: what a trainer really fed to the model, conversation by conversation, with the tokens that carry loss.

Columns, by the names that trainers write: `input_ids`; `labels` (-100 carries no loss), else `loss_mask` (verl), else
`completion_mask` and `assistant_masks` together (TRL); `attention_mask`; for several conversations in one row
`position_ids` (axolotl, ms-swift), `seq_lengths` (TRL) or `seq_lens`, or an attention mask that counts 1, 2, 3
(LLaMA-Factory's neat packing).

Shapes: T tokens of one conversation.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from danlu.core.errors import UserError
from danlu.prove.folder import ModelFolder
from danlu.prove.rows.columns import NO_LOSS, Ids, column, refuse_without_ids
from danlu.prove.rows.labels import LABELS, Meaning, mask_columns, meaning_of, read_labels
from danlu.prove.rows.padding import PADDED_ROWS, Padding, possible_padding
from danlu.text.rows.dump_files import raw_rows

_LENGTHS = ("seq_lengths", "seq_lens")
_SAMPLED_ROWS = 64
"""Rows looked at to tell how labels are meant: they agree with the ids almost everywhere, or almost nowhere."""


class Dumped(NamedTuple):
    """One conversation of a dump, without padding."""

    row: int
    """Counted from 1: the line of JSON lines, the position elsewhere."""
    ids_T: Ids
    labels_T: Ids | None
    """The token to learn at each place, or NO_LOSS; None when the dump does not tell."""
    is_cut: bool
    """Whether it reaches the end of one of the longest rows, so that it may have been cut there."""


@dataclass(frozen=True)
class Dump:
    """A token dump whose columns are understood; the rows are read again each time that they are asked for."""

    path: Path
    vocabulary_size: int
    mask: tuple[str, ...]
    """The columns that say which tokens carry loss; empty when none does."""
    rows: int = 0
    longest_row_tokens: int = 0
    meaning: Meaning = field(default_factory=Meaning)
    """How its labels are to be read."""
    padding: Padding | None = None
    """What rows without an attention mask begin with and do not mean."""

    def sequences(self) -> Iterator[Dumped]:
        """Every conversation. Raises UserError where the file has changed since it was first read."""
        for number, row in raw_rows(self.path):
            ids, labels, starts = self.columns(number, row)
            is_longest = len(ids) == self.longest_row_tokens
            for start, end in zip(starts, [*starts[1:], len(ids)], strict=True):
                part = None if labels is None else labels[start:end]
                yield Dumped(number, ids[start:end], part, is_longest and end == len(ids))

    def columns(self, number: int, row: Mapping[str, Any]) -> tuple[Ids, Ids | None, list[int]]:
        """Ids and labels of a row without padding, and where its conversations begin.

        Raises UserError for ids beyond the vocabulary and columns of different lengths.
        """
        ids = column(self.path, number, row, "input_ids")
        if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < self.vocabulary_size:
            raise UserError(
                "{path}, row {row}: id {id} is none of the {size} tokens of this model",
                "the dump was made with another tokenizer, or the tokenizer has grown since",
                path=self.path,
                row=number,
                id=int(ids.max() if ids.max() >= self.vocabulary_size else ids.min()),
                size=self.vocabulary_size,
            )
        labels = self._labels(number, row, ids)
        attention = _attention(self.path, number, row, len(ids))
        starts = _starts(self.path, number, row, attention, len(ids))
        kept = np.ones(len(ids), dtype=bool) if attention is None else attention != 0
        if attention is None and self.padding is not None:
            kept[: self.padding.count(ids, labels)] = False
        if kept.all():
            return ids, labels, starts
        places = np.cumsum(kept) - kept
        starts = sorted({int(places[start]) for start in starts if places[start] < kept.sum()}) or [0]
        return ids[kept], None if labels is None else labels[kept], starts

    def _labels(self, number: int, row: Mapping[str, Any], ids: Ids) -> Ids | None:
        if not self.mask:
            return None
        if self.mask == LABELS:
            return read_labels(column(self.path, number, row, *LABELS, len(ids)), ids, self.meaning)
        masks = [column(self.path, number, row, name, len(ids)) for name in self.mask]
        return np.where(np.logical_and.reduce([mask != 0 for mask in masks]), ids, NO_LOSS)


def read_dump(path: Path, folder: ModelFolder) -> Dump:
    """Look at every row once, so that whatever is wrong with a dump is known before a check reads it.

    Raises Unsupported for what is no dump of a known kind, or has labels that fit nothing; UserError for a damaged dump: no
    row, no `input_ids`, ids beyond the vocabulary, columns of different lengths.
    """
    config = folder.config.get("text_config") or folder.config
    dump = Dump(path, max(len(folder.tokenizer), int(config.get("vocab_size") or 0)), ())
    seen = _Seen(possible_padding(folder))
    for number, row in raw_rows(path):
        refuse_without_ids(path, number, row)
        if not seen.rows:
            dump = replace(dump, mask=mask_columns(row))
        seen.add(number, row, dump.columns(number, row)[0])
    if not seen.rows:
        raise UserError("{path} holds no rows", "save the dataset after the trainer has tokenised it", path=path)
    meaning = meaning_of(path, seen.sample) if dump.mask == LABELS else Meaning()
    if seen.padded_rows < PADDED_ROWS:
        return replace(dump, rows=seen.rows, longest_row_tokens=seen.longest, meaning=meaning)
    return replace(dump, rows=seen.rows, longest_row_tokens=seen.longest_bare, meaning=meaning, padding=seen.padding)


@dataclass
class _Seen:
    """What is counted while the rows are read for the first time."""

    padding: Padding | None
    """How it would look."""
    rows: int = 0
    padded_rows: int = 0
    longest: int = 0
    longest_bare: int = 0
    """The longest row if they are padded."""
    sample: list[tuple[int, Mapping[str, Any]]] = field(default_factory=list)

    def add(self, number: int, row: Mapping[str, Any], ids: Ids) -> None:
        self.rows += 1
        self.longest = max(self.longest, len(ids))
        padding = self.padding if row.get("attention_mask") is None else None
        self.padded_rows += padding is not None and padding.is_before(ids)
        self.longest_bare = max(self.longest_bare, len(ids) - (padding.count(ids) if padding else 0))
        if len(self.sample) < _SAMPLED_ROWS:
            self.sample.append((number, row))


def _attention(path: Path, number: int, row: Mapping[str, Any], length: int) -> Ids | None:
    return None if row.get("attention_mask") is None else column(path, number, row, "attention_mask", length)


def _starts(path: Path, number: int, row: Mapping[str, Any], attention: Ids | None, length: int) -> list[int]:
    """Where the conversations of a row begin."""
    lengths = next((name for name in _LENGTHS if isinstance(row.get(name), list)), None)
    if lengths is not None:
        starts = np.cumsum(column(path, number, row, lengths))[:-1]
    elif row.get("position_ids") is not None and not _is_nested(row["position_ids"]):
        positions = column(path, number, row, "position_ids", length)
        # Padding has position 0 throughout, so a beginning is a 0 that a 1 follows.
        starts = np.flatnonzero((positions == 0) & (np.append(positions[1:], 1) == 1))
    elif attention is not None and len(attention) and attention.max() > 1:
        starts = np.flatnonzero(np.diff(attention, prepend=attention[0] - 1))
    else:
        return [0]
    return sorted({0, *(int(start) for start in starts if 0 < start < length)})


def _is_nested(positions: object) -> bool:
    """Whether positions count several things at once, as those of vision models do, and tell no beginnings."""
    return isinstance(positions, list) and bool(positions) and isinstance(positions[0], list)
