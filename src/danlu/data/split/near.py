"""Near-duplicate groups of a whole corpus: the sketches, candidates and exact Jaccard of danlu.data.deduplicate.

Shingles are spilled to disk, 8 bytes each, and those of documents that met another are mapped from there. In memory stay
8 bytes for each document and band that is looked at, and 8 for each candidate pair. What deduplication would remove is joined
here, and more: chains count, since both ends of a chain would leak into its middle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danlu.core.artifacts import Corpus
from danlu.core.shards import finish
from danlu.core.stages import Work
from danlu.data.deduplicate.candidates import join_bands, pairs_of_band
from danlu.data.deduplicate.groups import RECALL_FLOOR, numbered, shingles_of
from danlu.data.deduplicate.overlap import Sets, Table
from danlu.data.deduplicate.overlap_kernels import connect
from danlu.data.parts import parts_of
from danlu.text.minhash import band_keys, banding_for
from danlu.text.shingles import I64, U64, Hashes
from danlu.text.tables import read_groups

_BANDING = banding_for(RECALL_FLOOR)


@dataclass(frozen=True)
class _Shard:
    source: Path
    outcome: Path


def near_edges(work: Work, corpus: Corpus, threshold: float) -> I64:
    """Pairs (E, 2) of documents, by position, that connect all near-duplicates at `threshold` with one another."""
    shards = [_Shard(path, work.scratch / f"near-{number:05}") for number, path in enumerate(parts_of(corpus))]
    finish(work, _sketch_part, shards)
    return _edges([shard.outcome for shard in shards], work.scratch / "members.shingles", threshold)


def _sketch_part(shard: _Shard) -> None:
    """Spill the shingles of each document of a part, and its band keys, one band after the other."""
    if shard.outcome.exists():  # the worker before was killed after its last act
        return
    half = shard.outcome.with_name(f"{shard.outcome.name}.half")
    half.mkdir(exist_ok=True)
    lengths = [np.zeros(0, np.int64)]
    keys = [np.zeros((0, _BANDING.bands), np.uint64)]
    with (half / "shingles").open("wb") as file:
        for table in read_groups(shard.source, ["text"]):
            shingles: Hashes = shingles_of(table["text"].combine_chunks())
            file.write(shingles.values.tobytes())
            lengths.append(np.diff(shingles.starts))
            keys.append(band_keys(shingles, _BANDING))
    np.save(half / "lengths.npy", np.concatenate(lengths))
    np.save(half / "keys.npy", np.ascontiguousarray(np.concatenate(keys).T))
    half.rename(shard.outcome)


def _edges(parts: Sequence[Path], members: Path, threshold: float) -> I64:
    """Every document that is similar to an earlier one, with the first of its group."""
    keys = [np.load(part / "keys.npy", mmap_mode="r") for part in parts]
    bands = (np.concatenate([np.asarray(part[band]) for part in keys]) for band in range(_BANDING.bands))
    pairs, _ = join_bands([pairs_of_band(keys_N) for keys_N in bands if len(keys_N)])
    members_M, pairs_P = numbered(pairs)
    if not len(members_M):
        return np.zeros((0, 2), np.int64)
    lengths_M = _spill_members(parts, members_M, members)
    starts_M = np.cumsum(lengths_M) - lengths_M
    shingles: U64 = np.memmap(members, np.uint64, "r+", shape=(max(int(lengths_M.sum()), 1),)).view(np.ndarray)
    sets = Sets(shingles, starts_M, starts_M + lengths_M, np.zeros(len(members_M), np.int64))
    groups_M = np.arange(len(members_M))
    connect(pairs_P, 0, len(members_M), threshold, sets, Table.room_for(int(lengths_M.max())), groups_M)
    joined = np.flatnonzero(groups_M != np.arange(len(members_M)))
    return np.stack((members_M[groups_M[joined]], members_M[joined]), axis=1)


def _spill_members(parts: Sequence[Path], members_M: I64, to: Path) -> I64:
    """Write the shingles of the members into one file, in order, and return how many each has."""
    lengths = []
    first = 0
    with to.open("wb") as file:
        for part in parts:
            own = np.load(part / "lengths.npy")
            starts = np.cumsum(own) - own
            shingles = np.memmap(part / "shingles", np.uint64, "r") if own.sum() else np.zeros(0, np.uint64)
            inside = members_M[(members_M >= first) & (members_M < first + len(own))] - first
            for document in inside.tolist():
                file.write(shingles[starts[document] : starts[document] + own[document]].tobytes())
            lengths.append(own[inside])
            first += len(own)
        file.write(bytes(8))  # so that a file without shingles can be mapped too
    return np.concatenate(lengths)
