"""The first pass: what is kept of each text to find its duplicates, part by part on disk.

Per document that is 16 bytes of text hash, 8 bytes for each band, and how many shingles it has. Later passes read one
column of all parts at a time, so the columns lie one after the other.

Letters in shapes: D documents of a part, N bands.
"""

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from danlu.data.deduplicate.exact import text_hashes
from danlu.data.deduplicate.groups import shingles_of
from danlu.text.arrow import offsets_and_bytes
from danlu.text.minhash import Banding, band_keys
from danlu.text.shingles import I64, U64
from danlu.text.tables import read_groups

BATCH_BYTES = 2 * 2**20
"""Text that is hashed at once: larger buffers are given back to the system each time, and filling new ones costs a fifth."""
UNSPACED = ("zh", "ja", "th", "lo", "my", "km")
"""Languages whose characters are tokens by themselves."""


@dataclass(frozen=True)
class PartSketches:
    """The sketches of one part, in a folder."""

    folder: Path

    @property
    def is_done(self) -> bool:
        """The folder gets its name when all is written."""
        return self.folder.exists()

    def hashes(self) -> U64:
        """Text hashes (D, 2)."""
        return np.asarray(np.load(self.folder / "hashes.npy", mmap_mode="r"))

    def keys(self, band: int) -> U64:
        """The keys of one band (D,); read as it is looked at."""
        return np.asarray(np.load(self.folder / "keys.npy", mmap_mode="r")[band])

    def shingles(self) -> I64:
        """How many shingles each text has (D,)."""
        return np.asarray(np.load(self.folder / "shingles.npy", mmap_mode="r"))

    def unspaced(self) -> tuple[int, int]:
        """Bytes and tokens of the texts in languages without spaces."""
        size_bytes, tokens = np.load(self.folder / "unspaced.npy").tolist()
        return size_bytes, tokens


def sketch_part(path: Path, folder: Path, banding: Banding) -> None:
    """Read one part of a corpus and write its sketches."""
    if folder.exists():  # the worker before was killed after its last act
        return
    half = folder.with_name(f"{folder.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    hashes: list[U64] = []
    keys: list[U64] = []
    shingles: list[I64] = []
    unspaced: Counter[str] = Counter()
    for group in read_groups(path, ["text", "language"]):
        for batch in batches(group):
            read = shingles_of(batch["text"].combine_chunks())
            hashes.append(text_hashes(batch["text"]))
            keys.append(band_keys(read, banding))
            shingles.append(np.diff(read.starts))
            unspaced.update(_unspaced(batch, shingles[-1]))
    empty = [np.empty((0, 2), np.uint64)], [np.empty((0, banding.bands), np.uint64)], [np.empty(0, np.int64)]
    np.save(half / "hashes.npy", np.concatenate(hashes or empty[0]))
    np.save(half / "keys.npy", np.ascontiguousarray(np.concatenate(keys or empty[1]).T))
    np.save(half / "shingles.npy", np.concatenate(shingles or empty[2]))
    np.save(half / "unspaced.npy", np.array([unspaced["bytes"], unspaced["tokens"]]))
    half.rename(folder)


def batches(group: pa.Table) -> list[pa.Table]:
    """A row group in pieces of about `BATCH_BYTES` of text, or of one longer text."""
    _, starts_D, ends_D = offsets_and_bytes(group["text"])
    cuts, filled = [0], 0
    for row, size in enumerate((ends_D - starts_D).tolist()):
        if filled and filled + size > BATCH_BYTES:
            cuts.append(row)
            filled = 0
        filled += size
    return [group.slice(start, end - start) for start, end in zip(cuts, [*cuts[1:], group.num_rows], strict=True)]


def _unspaced(batch: pa.Table, shingles_D: I64) -> dict[str, int]:
    """Bytes and tokens of the batch's texts in languages without spaces; a text has about as many tokens as shingles."""
    _, starts_D, ends_D = offsets_and_bytes(batch["text"])
    chosen = np.array([language[:2] in UNSPACED for language in batch["language"].to_pylist()], bool)
    return {"bytes": int((ends_D - starts_D)[chosen].sum()), "tokens": int(shingles_D[chosen].sum())}
