"""Token ids of many documents at once, exactly those that `tokenizers` gives.

A byte-level BPE whose way of splitting text is known (danlu.model.byte_level) is encoded by our own kernel; any other tokenizer,
and the few texts that a normaliser or an added token may change, by the library itself. Special tokens in a text are ordinary
characters, always: what a document says never becomes a control token. None is added either.
"""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from danlu.core.errors import UserError
from danlu.model import bulk_kernels
from danlu.model.bulk_tables import Tables, tables_of
from danlu.model.byte_level import ByteLevelBpe
from danlu.text.arrow import Utf8, offsets_and_bytes

_AT_ONCE_BYTES = 16 * 2**20
"""Of text; its tokens take four times as much while they are made."""


class Encoded(NamedTuple):
    """Tokens of several texts, one text after the other."""

    ids: NDArray[np.int32]
    """(T,)"""
    starts: NDArray[np.int64]
    """(D + 1,): text i has `ids[starts[i] : starts[i + 1]]`."""

    def of(self, text: int) -> NDArray[np.int32]:
        """Those of one text."""
        return self.ids[self.starts[text] : self.starts[text + 1]]


class BulkEncoder:
    """Encodes texts by one tokenizer. Safe to share between threads: the kernel holds no lock of Python's."""

    def __init__(self, tokenizer: Any, tables: Tables | None, added: Sequence[str] = ()) -> None:
        tokenizer.encode_special_tokens = True
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._tables = tables
        self._added = tuple(added)

    @classmethod
    def load(cls, folder: Path) -> "BulkEncoder":
        """Read `tokenizer.json` of a folder; raises UserError when it is missing."""
        path = folder / "tokenizer.json"
        if not path.is_file():
            raise UserError("{folder} has no tokenizer.json", "a Hugging Face folder is expected", folder=folder)
        return cls.of(path.read_text(encoding="utf-8"))

    @classmethod
    def of(cls, tokenizer_json: str) -> "BulkEncoder":
        """The encoder of a tokenizer given as the text of its `tokenizer.json`."""
        from tokenizers import Tokenizer

        bpe = ByteLevelBpe.of(json.loads(tokenizer_json))
        tables = tables_of(bpe) if bpe else None
        return cls(Tokenizer.from_str(tokenizer_json), tables, bpe.ordinary_added if bpe else ())

    @property
    def compiled(self) -> bool:
        """Whether our own kernel encodes, and not the library."""
        return self._tables is not None

    @property
    def vocabulary_size(self) -> int:
        """The largest id, plus one."""
        largest: int = max(self._tokenizer.get_vocab(with_added_tokens=True).values())
        return largest + 1

    def encode(self, texts: Sequence[str] | pa.Array | pa.ChunkedArray) -> Encoded:
        """Ids of every text, given as strings or as an Arrow column of strings without nulls."""
        column = texts if isinstance(texts, pa.Array | pa.ChunkedArray) else pa.array(list(texts), pa.large_string())
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        by_text: list[NDArray[np.int32]] = []
        counts: list[NDArray[np.int64]] = []
        for batch in _batches(column):
            ids, counts_D = self._encode_some(batch)
            by_text.append(ids)
            counts.append(counts_D)
        starts = np.concatenate([np.zeros(1, np.int64), *counts])
        return Encoded(np.concatenate([np.zeros(0, np.int32), *by_text]), np.cumsum(starts))

    def pieces(self, texts: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Ids of all texts one after the other, and which of them begin a piece of the split; for `compiled` tokenizers.

        Texts that the kernel leaves to the library are left out.
        """
        assert self._tables is not None, "only the kernel knows where pieces begin"
        ids, firsts, _ = _kernel(self._tables, offsets_and_bytes(texts))
        return ids, firsts

    def _encode_some(self, column: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        if self._tables is None:
            return _joined(self._by_library(column.to_pylist()))
        utf8 = offsets_and_bytes(column)
        for added in self._added:
            found_D = pc.match_substring(column, added).to_numpy(zero_copy_only=False)
            if found_D.any():
                return self._mixed(column, found_D)
        ids, _, counts_D = _kernel(self._tables, utf8)
        return (ids, counts_D) if (counts_D >= 0).all() else self._mixed(column, counts_D < 0)

    def _mixed(self, column: pa.Array, left_D: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The kernel's ids for most texts, and the library's for those that are left to it."""
        others = np.flatnonzero(~left_D)
        encoded: list[Any] = [None] * len(column)
        for text, ids in zip(np.flatnonzero(left_D), self._by_library(column.filter(left_D).to_pylist()), strict=True):
            encoded[text] = ids
        if len(others):
            ids, counts = self._encode_some(column.take(others))
            for text, of_text in zip(others, np.split(ids, np.cumsum(counts)[:-1]), strict=True):
                encoded[text] = of_text
        return _joined(encoded)

    def _by_library(self, texts: list[str]) -> list[NDArray[np.int32]]:
        return [
            np.array(found.ids, np.int32)
            for found in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        ]


def _kernel(tables: Tables, utf8: Utf8) -> tuple[NDArray[np.int32], NDArray[np.bool_], NDArray[np.int64]]:
    size = int((utf8.ends_D - utf8.starts_D).sum())
    out_T, firsts_T, counts_D = (
        np.empty(size, np.int32),
        np.empty(size, np.bool_),
        np.empty(len(utf8.starts_D), np.int64),
    )
    count = bulk_kernels.encode(
        utf8.text_B, utf8.starts_D, utf8.ends_D, tables.kinds_C, tables.split, tables.trie_S, tables.whole_first,
        tables.parts_V, tables.size_V, tables.ids_V, *tables.pairs, out_T, firsts_T, counts_D,
    )  # fmt: skip
    return out_T[:count].copy(), firsts_T[:count].copy(), counts_D


def _joined(encoded: Sequence[NDArray[np.int32]]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    return np.concatenate([np.zeros(0, np.int32), *encoded]), np.array([len(ids) for ids in encoded], np.int64)


def _batches(column: pa.Array) -> list[pa.Array]:
    """Slices of a column whose text is not much more than what is encoded at once; a longer text is one by itself."""
    if not len(column):
        return []
    ends_D = np.cumsum(pc.binary_length(column).to_numpy(zero_copy_only=False), dtype=np.int64)
    cuts = np.flatnonzero(np.diff(ends_D // _AT_ONCE_BYTES)) + 1
    edges = [0, *cuts.tolist(), len(column)]
    return [column.slice(start, end - start) for start, end in pairwise(edges)]
