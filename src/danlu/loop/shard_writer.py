"""Writes token shards, one part after the other; danlu.loop.shards says how they lie on disk and reads them."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from danlu.core.store import link, write_atomically
from danlu.loop.shards import FACTS, IDS, LOSS, OFFSETS, Encoding, PartFacts, part_file

_LENGTHS = "lengths.npy"
"""Tokens of each document of a part."""


class PartWriter:
    """Writes the ids of one part, and the bits of their loss mask. A context: leaving it ends the files."""

    def __init__(self, folder: Path, encoding: Encoding) -> None:
        self._encoding = encoding
        self._ids = (folder / IDS).open("wb")
        self._loss = (folder / LOSS).open("wb") if encoding.has_loss_mask else None
        self._lengths_path = folder / _LENGTHS
        self._lengths: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
        self._waiting = np.zeros(0, np.bool_)
        """Bits that fill no byte yet."""

    def __enter__(self) -> "PartWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._add_bits(np.zeros(-len(self._waiting) % 8, np.bool_))
            np.save(self._lengths_path, np.concatenate(self._lengths))
        self._ids.close()
        if self._loss:
            self._loss.close()

    def add(
        self, ids_T: NDArray[np.int32], lengths_D: NDArray[np.int64], loss_mask_T: NDArray[np.bool_] | None = None
    ) -> None:
        """Append D documents: T tokens in all."""
        assert int(lengths_D.sum()) == len(ids_T) and (loss_mask_T is not None) == self._encoding.has_loss_mask
        assert not len(ids_T) or 0 <= ids_T.min() <= ids_T.max() < self._encoding.vocabulary_size, (
            "an id of another tokenizer"
        )
        self._ids.write(ids_T.astype(self._encoding.dtype).tobytes())
        self._lengths.append(lengths_D.astype(np.int64))
        if loss_mask_T is not None:
            self._add_bits(loss_mask_T)

    def _add_bits(self, bits: NDArray[np.bool_]) -> None:
        if self._loss:
            bits = np.concatenate([self._waiting, bits])
            whole = len(bits) // 8 * 8
            self._loss.write(np.packbits(bits[:whole], bitorder="little").tobytes())
            self._waiting = bits[whole:]


def join_parts(folder: Path, parts: Sequence[Path], encoding: Encoding) -> None:
    """Make shards of finished parts that have documents: link their files, join their lengths, write the facts last.

    The parts stay whole where they lie, so that this can be done again.
    """
    lengths = [np.load(part / _LENGTHS) for part in parts]
    offsets_N1 = np.concatenate([np.zeros(1, np.int64), *lengths]).cumsum()
    np.save(folder / OFFSETS, offsets_N1)
    facts = []
    for number, (part, of_part) in enumerate(zip(parts, lengths, strict=True)):
        for kind in (IDS, LOSS) if encoding.has_loss_mask else (IDS,):
            place = part_file(folder, kind, number)
            place.parent.mkdir(exist_ok=True)
            link(part / kind, place)
        facts.append(PartFacts(len(of_part), int(of_part.sum())))
    described = {"encoding": asdict(encoding), "parts": [asdict(part) for part in facts]}
    write_atomically(folder / FACTS, json.dumps(described, indent=2) + "\n")
