"""The duplicates of a corpus that is larger than memory: sketches, pairs band by band, exact comparison, in files.

1. Every part is sketched (sketches.py). 2. Text hashes tell exact duplicates; the first in the order of the corpus stays and
the others take no further part. 3. The keys of each band are sorted, and give candidate pairs. 4. Only texts that have
a pair are read again; their shingles go to one file, each to the place that follows from the counts of step 1. 5. Pairs are
compared in the order of the corpus. All but the fifth step run in workers, and each leaves a file that the next run takes.

Memory: about 75 bytes a document in this process, 25 bytes a document and 8 bytes a candidate pair in each worker of step 3; disk: 8
bytes for each band and document, and 8 for each shingle of the texts that have a pair.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from danlu.core.artifacts import Corpus
from danlu.core.errors import WorkFailed
from danlu.core.stages import Work
from danlu.core.workers import Died, map_shards
from danlu.data.deduplicate.candidates import join_bands, pairs_of_band
from danlu.data.deduplicate.exact import Positions, first_equal
from danlu.data.deduplicate.groups import RECALL_FLOOR, shingles_of
from danlu.data.deduplicate.overlap import Fates, Sets, Table
from danlu.data.deduplicate.overlap_kernels import connect, settle
from danlu.data.deduplicate.sketches import PartSketches, batches, sketch_part
from danlu.data.parts import parts_of
from danlu.text.minhash import Banding, banding_for
from danlu.text.shingles import I64, U64
from danlu.text.tables import read_groups

MAX_UNSPACED_BYTES = 30
"""Bytes a token: Chinese has 3 to 5, with English and tables in between; text that is read as something else has hundreds."""
LEAST_UNSPACED_TOKENS = 20
SETTLED_AT_ONCE = 1 << 16
"""Documents whose pairs are held in memory together: 50 MB when each has a hundred."""
SORTED_HERE = 1 << 17
"""With fewer documents, sorting all bands takes less time than starting a worker."""
_LOW, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)

S = TypeVar("S", bound=tuple[Any, ...])


@dataclass(frozen=True)
class Duplicates:
    """What stays in the place of each document of a corpus (all arrays are (D,), in its order)."""

    starts: I64
    """The position of each part's first document, and how many documents there are."""
    firsts: Positions
    """The first document with the same text, or itself."""
    kept: Positions
    """The document that stays: itself, or one that is a duplicate of it."""
    near: I64
    """Positions, ascending, of the documents that stay out as near duplicates; those below belong to these."""
    jaccard: NDArray[np.float64]
    bands: I64


@dataclass(frozen=True)
class Search:
    """A search for duplicates among `parts`, with its files below `scratch`."""

    parts: Sequence[Path]
    scratch: Path
    threshold: float
    work: Work

    @property
    def banding(self) -> Banding:
        """Bands for this threshold."""
        return banding_for(min(self.threshold, RECALL_FLOOR))

    def sketches(self) -> list[PartSketches]:
        """The sketches of all parts."""
        return [PartSketches(self.scratch / f"sketch-{number:05}") for number in range(len(self.parts))]


def find_duplicates(work: Work, corpus: Corpus, threshold: float) -> Duplicates:
    """Exact and near duplicates: every document that goes is a duplicate of one that stays, the first in the corpus's order.

    Raises WorkFailed when text of a language without spaces does not fall into tokens.
    """
    search = _search(work, corpus, threshold)
    starts, firsts = _exact(search)
    members, pairs = _pairs(search, firsts)
    sets = _sets(search, starts, members)
    fates = Fates.of_all_kept(len(members))
    table = Table.room_for(int((sets.ends - sets.starts).max(initial=0)))
    for first, last, pairs_P, meets_P in _ranges(pairs, members):
        settle(pairs_P, meets_P, first, last, threshold, sets, table, fates)
    kept = np.arange(len(firsts), dtype=np.int32)
    kept[members] = members[fates.kept]
    gone = np.flatnonzero(fates.kept != np.arange(len(members)))
    return Duplicates(starts, firsts, kept[firsts], members[gone], fates.jaccard[gone], fates.bands[gone])


def find_groups(work: Work, corpus: Corpus, threshold: float) -> Positions:
    """For each document of a corpus, the position of the first in its group, as `near_groups` does for texts in memory.

    Raises WorkFailed when text of a language without spaces does not fall into tokens.
    """
    search = _search(work, corpus, threshold)
    starts, firsts = _exact(search)
    members, pairs = _pairs(search, firsts)
    sets, groups = _sets(search, starts, members), np.arange(len(members))
    table = Table.room_for(int((sets.ends - sets.starts).max(initial=0)))
    for first, last, pairs_P, _ in _ranges(pairs, members):
        connect(pairs_P, first, last, threshold, sets, table, groups)
    found = np.arange(len(firsts), dtype=np.int32)
    found[members] = members[_rooted(groups)]
    return found[firsts]


def _rooted(groups: I64) -> I64:
    while (groups[groups] != groups).any():
        groups = groups[groups]
    return groups


def _search(work: Work, corpus: Corpus, threshold: float) -> Search:
    search = Search(parts_of(corpus), work.scratch, threshold, work)
    tasks = [(path, sketches.folder) for path, sketches in zip(search.parts, search.sketches(), strict=True)]
    _each(search, partial(_sketch, search.banding), [task for task in tasks if not task[1].exists()])
    _check_tokens(search)
    return search


def _sketch(banding: Banding, task: tuple[Path, Path]) -> None:
    sketch_part(*task, banding)


def _check_tokens(search: Search) -> None:
    measured = [sketches.unspaced() for sketches in search.sketches()]
    size_bytes, tokens = sum(size for size, _ in measured), sum(tokens for _, tokens in measured)
    if size_bytes > MAX_UNSPACED_BYTES * max(tokens, LEAST_UNSPACED_TOKENS):
        raise WorkFailed(
            "Text in languages without spaces has {found:.0f} bytes a token, and at most {most} are plausible: nothing would be found",
            "Is the text decoded rightly, and in the language that it says? `danlu clean` tells languages and rejects garbled text.",
            found=size_bytes / max(tokens, 1),
            most=MAX_UNSPACED_BYTES,
        )


def _exact(search: Search) -> tuple[I64, Positions]:
    hashes = [sketches.hashes() for sketches in search.sketches()]
    starts = np.cumsum([0, *map(len, hashes)])
    return starts, first_equal(np.concatenate(hashes) if hashes else np.empty((0, 2), np.uint64))


def _pairs(search: Search, firsts: Positions) -> tuple[I64, list[U64]]:
    """The documents that have a pair, ascending, and the pairs of each band, read as they are looked at."""
    distinct = search.scratch / "distinct.npy"
    np.save(distinct, firsts == np.arange(len(firsts)))
    files = [search.scratch / f"pairs-{band:02}.npy" for band in range(search.banding.bands)]
    waiting = [(band, file) for band, file in enumerate(files) if not file.exists()]
    _each(search, partial(_pair_up, search.sketches(), distinct), waiting, here=len(firsts) < SORTED_HERE)
    pairs = [np.load(file, mmap_mode="r") for file in files]
    has_pair = np.zeros(len(firsts), bool)
    for band in pairs:
        for start in range(0, len(band), 1 << 20):
            chunk = np.asarray(band[start : start + (1 << 20)])
            has_pair[chunk >> _32] = has_pair[chunk & _LOW] = True
    return np.flatnonzero(has_pair), pairs


def _pair_up(sketches: Sequence[PartSketches], distinct: Path, task: tuple[int, Path]) -> None:
    band, file = task
    keys = np.concatenate([part.keys(band) for part in sketches]) if sketches else np.empty(0, np.uint64)
    keys[~np.load(distinct)] = 0
    half = file.with_suffix(".half.npy")
    np.save(half, pairs_of_band(keys))
    half.rename(file)


def _sets(search: Search, starts: I64, members: I64) -> Sets:
    """Read the texts that have a pair again, and give their shingles as they lie in a file."""
    counts = np.concatenate([np.empty(0, np.int64), *(sketches.shingles() for sketches in search.sketches())])[members]
    ends = np.cumsum(counts)
    file = search.scratch / "shingles.bin"
    size_bytes = 8 * int(counts.sum())
    with file.open("ab") as opened:
        opened.truncate(size_bytes)
    tasks = []
    for number, path in enumerate(search.parts):
        low, high = np.searchsorted(members, starts[number : number + 2])
        marker = search.scratch / f"shingled-{number:05}"
        if high > low and not marker.exists():
            tasks.append((path, members[low:high] - starts[number], int(ends[low] - counts[low]), marker))
    _each(search, partial(_shingle, file), tasks)
    shingles = np.memmap(file, np.uint64, "r") if size_bytes else np.empty(0, np.uint64)
    return Sets(np.asarray(shingles), ends - counts, ends, np.zeros(len(members), np.int64))


def _shingle(file: Path, task: tuple[Path, I64, int, Path]) -> None:
    path, rows, start, marker = task
    row = 0
    with file.open("r+b") as opened:
        opened.seek(8 * start)
        for group in read_groups(path, ["text"]):
            chosen = rows[(rows >= row) & (rows < row + group.num_rows)] - row
            row += group.num_rows
            for batch in batches(group.take(chosen)) if len(chosen) else ():
                opened.write(np.ascontiguousarray(shingles_of(batch["text"].combine_chunks()).values).data)
    marker.touch()


def _ranges(pairs: Sequence[U64], members: I64) -> Iterator[tuple[int, int, U64, I64]]:
    """The pairs of all bands for some documents at a time, with documents named by their place among `members`."""
    for first in range(0, len(members), SETTLED_AT_ONCE):
        last = min(first + SETTLED_AT_ONCE, len(members))
        bounds = np.array([members[first] << 32, (members[last - 1] + 1) << 32]).astype(np.uint64)
        cut = [np.asarray(band[slice(*np.searchsorted(band, bounds))]) for band in pairs]
        joined, meets = join_bands(cut)
        later, earlier = (np.searchsorted(members, side.astype(np.int64)) for side in (joined >> _32, joined & _LOW))
        yield first, last, later.astype(np.uint64) << _32 | earlier.astype(np.uint64), meets


def _each(search: Search, task: Callable[[S], None], shards: Sequence[S], here: bool = False) -> None:
    """Run a task on every shard, in workers; `here` when starting these would cost more, or for a single shard."""
    if here or len(shards) == 1:
        for shard in shards:
            task(shard)
        return
    for done, (position, result) in enumerate(map_shards(task, shards, search.work.workers), 1):
        if isinstance(result, Died):
            raise WorkFailed(
                "{part} ended its worker {tries} times, with exit code {code}",
                "Memory may be short: try with fewer workers.",
                part=shards[position][0],
                tries=result.tries,
                code=result.exit_code,
            )
        search.work.progress.advance(done, len(shards), "")
