"""Which passages go: the documents that may have a repeated one, settled from the first of the corpus to the last.

Memory: 8 bytes for each passage that repeats, and some 100 MB.

Letters in shapes: D documents, T tokens, C passages that repeat, R matches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danlu.data.deduplicate import passage_kernels
from danlu.data.deduplicate.outcome import Outcome
from danlu.data.deduplicate.passage_parts import PartPassages
from danlu.data.deduplicate.ranges import hash_ranges
from danlu.text.shingles import I64

SETTLED_AT_ONCE = 1 << 22
"""Tokens of documents that are settled together: 12 bytes each."""


@dataclass(frozen=True)
class _Bench:
    """What it is settled by."""

    outcome: Outcome
    length: int
    least_left: int
    numbers_T: NDArray[np.uint32]
    """Of the passage that begins at each token of all parts; 0 for none that repeats."""
    witnesses_C: I64
    """Where each passage stands that stays; changes from document to document."""


def settle_parts(folder: Path, parts: Sequence[PartPassages], outcome: Outcome, length: int, least_left: int) -> None:
    """Write `starts`, and for each part `matches` and `left`, as danlu.data.deduplicate.passages.Passages reads them."""
    starts = np.cumsum([0, *(part.size for part in parts)])
    half = folder.with_suffix(".half")
    half.mkdir(exist_ok=True)
    count = _number(half / "numbers.bin", parts, starts)
    numbers_T = np.memmap(half / "numbers.bin", np.uint32, "r") if starts[-1] else np.empty(0, np.uint32)
    bench = _Bench(outcome, length, max(least_left, 1), numbers_T, np.full(count + 1, -1, np.int64))
    for number, part in enumerate(parts):
        matches, left = _settle_part(bench, part, int(starts[number]))
        np.save(half / f"matches-{number:05}.npy", matches)
        np.save(half / f"left-{number:05}.npy", left)
    np.save(half / "starts.npy", starts)
    half.rename(folder)


def _number(file: Path, parts: Sequence[PartPassages], starts: I64) -> int:
    """Number the passages that stand twice from 1 on, by the token that each begins at; returns how many there are.

    The file is 4 bytes for each token of `parts`, 0 where no such passage begins.
    """
    with file.open("wb") as opened:
        opened.truncate(4 * int(starts[-1]))
    if not starts[-1]:
        return 0
    numbers_T = np.memmap(file, np.uint32, "r+")
    files = [(run, starts[number]) for number, part in enumerate(parts) for run in part.sorted_passages()]
    count = 0
    for slices in hash_ranges([run[0] for run, _ in files]):
        cut = [(run[:, places], start) for (run, start), places in zip(files, slices, strict=True)]
        hashes = np.concatenate([np.empty(0, np.uint64), *(run[0] for run, _ in cut)])
        tokens = np.concatenate([np.empty(0, np.int64), *(run[1].astype(np.int64) + start for run, start in cut)])
        _, passages, times = np.unique(hashes, return_inverse=True, return_counts=True)
        named = np.cumsum(times > 1) + count
        repeated = times[passages] > 1
        numbers_T[tokens[repeated]] = named[passages[repeated]]
        count = int(named[-1]) if len(named) else count
    return count


def _settle_part(bench: _Bench, part: PartPassages, start: int) -> tuple[I64, I64]:
    """The matches of a part (R, 3), whose tokens begin at `start`, and what its documents keep (D, 2)."""
    documents = part.documents()
    own_D, starts_D = documents["own"].to_numpy(), np.append(documents["start"].to_numpy(), part.size)
    stays_D = bench.outcome.column("sizes")[documents["position"].to_numpy()] > 1
    matches, left = [np.empty((0, 3), np.int64)], [np.empty((0, 2), np.int64)]
    first = 0
    while first < len(own_D):
        last = max(int(np.searchsorted(starts_D, starts_D[first] + SETTLED_AT_ONCE, side="right")) - 1, first + 1)
        low, high = int(starts_D[first]), int(starts_D[last])
        matches_T, left_D = np.full(high - low, -1), np.zeros(last - first, np.int64)
        goes_D = np.zeros(last - first, bool)
        passage_kernels.settle(
            np.array(bench.numbers_T[start + low : start + high]),
            starts_D[first : last + 1] - low,
            own_D[first:last].copy(),
            np.array(stays_D[first:last]),
            start + low,
            bench.length,
            bench.least_left,
            bench.witnesses_C,
            matches_T,
            left_D,
            goes_D,
        )
        matches.append(_joined(matches_T, bench.length, low))
        left.append(np.column_stack([left_D, goes_D]))
        first = last
    return np.concatenate(matches), np.concatenate(left)


def _joined(matches_T: I64, length: int, low: int) -> I64:
    """Neighbouring passages that stand beside each other elsewhere too, as one match (R, 3)."""
    found = np.flatnonzero(matches_T >= 0)
    is_first = np.ones(len(found), bool)
    is_first[1:] = (np.diff(found) != 1) | (np.diff(matches_T[found]) != 1)
    firsts = np.flatnonzero(is_first)
    lasts = np.append(firsts[1:], len(found)) - 1 if len(found) else firsts
    return np.column_stack([found[firsts] + low, found[lasts] + length + low, matches_T[found[firsts]]])
