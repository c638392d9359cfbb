"""Token shards: documents as token ids on disk, mapped into memory, any stretch of any document at once.

In the folder: `shards.json`, the facts; `offsets.npy`, where each document begins among all tokens (int64, and the end of
the last); for each part `ids/00000.bin`, little-endian uint16 where the vocabulary has 65,536 ids or fewer, else uint32;
`loss/00000.bin`, where only some tokens are learnt, a bit for each token, lowest bit first. Nothing is read before it is asked
for, and worker processes share the pages.

Letters in shapes: N documents, T tokens.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.core.errors import UserError

FACTS, OFFSETS, IDS, LOSS = "shards.json", "offsets.npy", "ids", "loss"
_OPEN_FILES = 128
"""Parts that are mapped at a time: each holds a file open, and a process may have 1,024."""
_MAKE_AGAIN = "Make them again: `danlu tokenize IN --tokenizer DIR --out DIR`."


@dataclass(frozen=True)
class Encoding:
    """How texts became ids."""

    vocabulary_size: int
    """Ids are below it."""
    end_id: int
    """What ends each document."""
    tokenizer: str
    """Hash of the tokenizer's files: corpora are mixed, and a model is trained, only with equal ones."""
    has_loss_mask: bool

    @property
    def dtype(self) -> str:
        """Of an id on disk."""
        return "<u2" if self.vocabulary_size <= 1 << 16 else "<u4"


@dataclass(frozen=True)
class PartFacts:
    """One part's files."""

    documents: int
    tokens: int


def part_file(folder: Path, kind: str, number: int) -> Path:
    """Where a part's ids, or the bits of its loss mask, lie."""
    return folder / kind / f"{number:05}.bin"


class Shards:
    """Reads the shards in a folder."""

    def __init__(self, folder: Path, encoding: Encoding, parts: list[PartFacts]) -> None:
        self.folder, self.encoding = folder, encoding
        self._offsets_N1: NDArray[np.int64] = np.load(folder / OFFSETS, mmap_mode="r")
        self._ends = np.cumsum([part.tokens for part in parts])
        self._ids_of_part = lru_cache(_OPEN_FILES)(lambda part: self._map(part, IDS, encoding.dtype))
        self._loss_of_part = lru_cache(_OPEN_FILES)(lambda part: self._map(part, LOSS, np.uint8))

    @classmethod
    def open(cls, folder: Path) -> "Shards":
        """Open the shards of an artifact's folder; raises UserError when there are none, or files are damaged."""
        path = folder / FACTS
        if not path.is_file():
            raise UserError("{folder} has no token shards", _MAKE_AGAIN, folder=folder)
        facts = json.loads(path.read_text(encoding="utf-8"))
        encoding, parts = Encoding(**facts["encoding"]), [PartFacts(**part) for part in facts["parts"]]
        width = np.dtype(encoding.dtype).itemsize
        for number, part in enumerate(parts):
            _check_size(part_file(folder, IDS, number), part.tokens * width)
            if encoding.has_loss_mask:
                _check_size(part_file(folder, LOSS, number), -(-part.tokens // 8))
        return cls(folder, encoding, parts)

    @property
    def documents(self) -> int:
        """How many documents there are."""
        return len(self._offsets_N1) - 1

    @property
    def tokens(self) -> int:
        """Tokens of all documents."""
        return int(self._offsets_N1[-1])

    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each document, 1 or more."""
        return np.diff(self._offsets_N1)

    def ids(self, document: int, start: int, length: int) -> NDArray[np.int64]:
        """Token ids of a stretch of a document."""
        part, at = self._place(document, start)
        return self._ids_of_part(part)[at : at + length].astype(np.int64)

    def loss_mask(self, document: int, start: int, length: int) -> NDArray[np.bool_]:
        """Which tokens of a stretch are learnt."""
        if not self.encoding.has_loss_mask:
            return np.ones(length, np.bool_)
        part, at = self._place(document, start)
        bits = np.unpackbits(self._loss_of_part(part)[at // 8 : -(-(at + length) // 8)], bitorder="little")
        return bits[at % 8 : at % 8 + length].astype(np.bool_)

    def starts(self, documents_P: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Where documents begin among all tokens."""
        return np.asarray(self._offsets_N1[documents_P])

    def learnt(self, starts_P: NDArray[np.int64], ends_P: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many tokens of each stretch are learnt; a stretch lies in one part, and is given by its places among all tokens."""
        learnt_P = ends_P - starts_P
        for part, end in enumerate(self._ends.tolist() if self.encoding.has_loss_mask else ()):
            start = int(self._ends[part - 1]) if part else 0
            bits = np.unpackbits(self._loss_of_part(part), count=end - start, bitorder="little")
            before = np.concatenate([np.zeros(1, np.int64), np.cumsum(bits, dtype=np.int64)])
            inside = np.flatnonzero((starts_P >= start) & (ends_P <= end))
            learnt_P[inside] = before[ends_P[inside] - start] - before[starts_P[inside] - start]
        return learnt_P

    def _place(self, document: int, start: int) -> tuple[int, int]:
        """The part that a document lies in, and where in it."""
        at = int(self._offsets_N1[document])
        part = int(np.searchsorted(self._ends, at, side="right"))
        return part, at + start - (int(self._ends[part - 1]) if part else 0)

    def _map(self, part: int, kind: str, dtype: Any) -> NDArray[Any]:
        return np.memmap(part_file(self.folder, kind, part), dtype, mode="r")


def _check_size(path: Path, size: int) -> None:
    found = path.stat().st_size if path.is_file() else 0
    if found != size:
        raise UserError("{path} is damaged: {found} bytes, and {size} were written", _MAKE_AGAIN, path=path, found=found, size=size)  # fmt: skip
