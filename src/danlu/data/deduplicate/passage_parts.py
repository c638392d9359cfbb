"""What one part of a corpus has of passages that may repeat: its tokens with their places, and the passages sorted by hash.

Letters in shapes: D documents, T tokens, A anchors, W passages (of all that begin anywhere).
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danlu.data.deduplicate import passage_kernels
from danlu.data.deduplicate.outcome import Outcome
from danlu.data.deduplicate.repeats import Repeats, repeated_units
from danlu.data.deduplicate.sketches import batches
from danlu.text.shingles import I64, U64, Hashes, hash_arrow_tokens, hash_shingles, scramble
from danlu.text.tables import read_groups
from danlu.text.token_places import Places, token_places

DOCUMENTS = pa.schema(
    [
        ("position", pa.int64()),
        ("doc_id", pa.string()),
        ("source", pa.string()),
        ("start", pa.int64()),
        ("own", pa.int64()),
    ]
)
"""Documents that may have a repeated passage: where their tokens begin, and how many no other rule cuts."""
SORTED_AT_ONCE = 1 << 21
"""Passages that are sorted together: 50 MB."""
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Anchors:
    """How passages of so many tokens are named: by the smallest hash among their runs of half as many."""

    tokens: int
    known: Path
    """Anchors that stand twice, sorted."""

    def of(self, tokens: Hashes) -> tuple[U64, I64]:
        """The anchors of texts (A,), and how many neighbouring passages each is the name of (A,)."""
        length = (self.tokens + 1) // 2
        runs = hash_shingles(tokens, length)
        anchors_A, sizes_A = np.empty(len(runs.values), np.uint64), np.empty(len(runs.values), np.int64)
        width = self.tokens - length + 1
        count = passage_kernels.winnow(runs.values, runs.starts, width, anchors_A, sizes_A)
        return scramble(anchors_A[:count]), sizes_A[:count]

    def may_repeat(self, tokens: Hashes) -> Bools:
        """Which passages of texts have an anchor that stands twice (W,)."""
        anchors_A, sizes_A = self.of(tokens)
        known = np.load(self.known, mmap_mode="r")
        if not len(known):
            return np.zeros(int(sizes_A.sum()), bool)
        places = np.minimum(np.searchsorted(known, anchors_A), len(known) - 1)
        return np.repeat(np.asarray(known[places] == anchors_A), sizes_A)


@dataclass(frozen=True)
class PartPassages:
    """The files of one part, in a folder."""

    folder: Path

    @property
    def size(self) -> int:
        """Tokens of its documents that may have a repeated passage."""
        return (self.folder / "tokens.bin").stat().st_size // 8

    def tokens(self) -> U64:
        """Their hashes (T,)."""
        return np.asarray(self._mapped("tokens", np.uint64))

    def begins(self) -> NDArray[np.uint32]:
        """Where each begins in its text, in code points (T,)."""
        return np.asarray(self._mapped("begins", np.uint32))

    def ends(self) -> NDArray[np.uint32]:
        """Where each ends (T,)."""
        return np.asarray(self._mapped("ends", np.uint32))

    def documents(self) -> pa.Table:
        """A table of DOCUMENTS, in order."""
        with pa.memory_map(str(self.folder / "documents.arrow")) as file:
            return pa.ipc.open_file(file).read_all().combine_chunks()

    def sorted_passages(self) -> list[U64]:
        """Passages that may repeat: hash and first token (2, W), a few million sorted together."""
        return [np.load(file, mmap_mode="r") for file in sorted(self.folder.glob("passages-*.npy"))]

    def _mapped(self, name: str, kind: Any) -> Any:
        return np.memmap(self.folder / f"{name}.bin", kind, "r") if self.size else np.empty(0, kind)


def write_part(
    source: Path, part: PartPassages, number: int, outcome: Outcome, repeats: Sequence[Repeats], anchors: Anchors
) -> None:
    """Read one part of a corpus and write what it has of passages that may repeat, in documents that stay."""
    if part.folder.exists():  # the worker before was killed after its last act
        return
    half = part.folder.with_name(f"{part.folder.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    columns = ["doc_id", "source", "text", *(("meta", "blocks") if repeats else ())]
    position = outcome.start(number)
    with _Writer(half) as writer:
        for group in read_groups(source, columns):
            for batch in batches(group):
                stays = outcome.stays(position, batch.num_rows)
                positions = np.arange(position, position + batch.num_rows)[stays]
                position += batch.num_rows
                if len(positions):
                    _add(writer, batch.filter(stays), positions, repeats, anchors)
    half.rename(part.folder)


def _add(writer: "_Writer", batch: pa.Table, positions: I64, repeats: Sequence[Repeats], anchors: Anchors) -> None:
    tokens = hash_arrow_tokens(batch["text"])
    owners = _window_owners(tokens, anchors.tokens)
    chosen = np.unique(owners[anchors.may_repeat(tokens)])
    if not len(chosen):
        return
    batch, positions = batch.take(pa.array(chosen)), positions[chosen]
    places = token_places(batch["text"])
    taken_T = _taken(places, batch, positions, repeats)
    windows = hash_shingles(places.hashes, anchors.tokens)
    owners = windows.owners()
    firsts_W = np.arange(len(owners)) - windows.starts[owners] + places.hashes.starts[owners]
    taken_before = np.append(0, np.cumsum(taken_T))
    is_whole = taken_before[firsts_W + anchors.tokens] == taken_before[firsts_W]
    may = anchors.may_repeat(places.hashes) & is_whole
    own = np.diff(places.hashes.starts) - np.diff(taken_before[places.hashes.starts])
    writer.add(batch, positions, places, own, scramble(windows.values[may]), firsts_W[may])


def _window_owners(tokens: Hashes, length: int) -> I64:
    """The text of each run of `length` tokens."""
    counts = np.maximum(np.diff(tokens.starts) - length + 1, 0)
    return np.repeat(np.arange(len(counts)), counts)


def _taken(places: Places, batch: pa.Table, positions: I64, repeats: Sequence[Repeats]) -> Bools:
    """Which tokens other rules cut (T,)."""
    taken_T = np.zeros(len(places.begins), bool)
    for row, edits in repeated_units(batch, positions, repeats).items():
        here = slice(*places.hashes.starts[row : row + 2].tolist())
        for edit in edits:
            taken_T[here] |= (places.begins[here] < edit.end) & (places.ends[here] > edit.start)
    return taken_T


class _Writer:
    """Appends to the files of a part. A context: leaving it ends them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, BinaryIO] = {
            name: (folder / f"{name}.bin").open("wb") for name in ("tokens", "begins", "ends")
        }
        self._sink = pa.OSFile(str(folder / "documents.arrow"), "wb")
        self._documents = pa.ipc.new_file(self._sink, DOCUMENTS)
        self._hashes: list[U64] = []
        self._firsts: list[I64] = []
        self._tokens = self._waiting = self._sorted = 0

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self._sort()
        self._documents.close()
        for file in (self._sink, *self._files.values()):
            file.close()

    def add(self, batch: pa.Table, positions: I64, places: Places, own: I64, hashes: U64, firsts: I64) -> None:
        """Append documents, their tokens, and the passages of them that may repeat."""
        for name, values in (("tokens", places.hashes.values), ("begins", places.begins), ("ends", places.ends)):
            self._files[name].write(np.ascontiguousarray(values).data)
        columns = {"position": positions, "start": places.hashes.starts[:-1] + self._tokens, "own": own}
        named = {name: batch[name].cast(pa.string()) for name in ("doc_id", "source")}
        self._documents.write_table(pa.table(columns | named).select(DOCUMENTS.names).cast(DOCUMENTS))
        self._hashes.append(hashes)
        self._firsts.append(firsts + self._tokens)
        self._tokens += len(places.begins)
        self._waiting += len(hashes)
        if self._waiting >= SORTED_AT_ONCE:
            self._sort()

    def _sort(self) -> None:
        if self._waiting:
            hashes, firsts = np.concatenate(self._hashes), np.concatenate(self._firsts)
            order = np.argsort(hashes, kind="stable")
            np.save(
                self._folder / f"passages-{self._sorted:05}.npy",
                np.array([hashes[order], firsts[order].astype(np.uint64)]),
            )
            self._sorted += 1
        self._hashes, self._firsts, self._waiting = [], [], 0
