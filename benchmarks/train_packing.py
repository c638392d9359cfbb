"""How documents fill rows: padding, cut documents and time, against concatenation and TRL's packing, in one run.

    python benchmarks/train_packing.py [--shards DIR] [--documents 20000] [--sequence-tokens 1024 2048] [--many 1000000]

Lengths are those of token shards that `danlu tokenize` wrote; without any, of the files of Python's standard library at four
bytes for a token. They are drawn with replacement up to `--documents`. Each way gets the same documents, whose every token
knows its document and its place, so what it did is read off its rows. `read` is the time to bring all rows into memory:
TRL's ways move the tokens while they pack, and have no such second step. CPU-seconds for 10^6 documents, compiling left out;
TRL runs by its defaults (batches of 1,000 documents), and once more with all documents in one. `--many` packs so many
lengths by danlu alone.
"""

import argparse
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.loop.packing import pack
from danlu.loop.shards import Shards

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """All rows of one way, one behind the other: T tokens, R + 1 bounds."""

    documents_T: I64
    places_T: I64
    bounds_R1: I64


def lengths_of(shards: Path | None, documents: int) -> I64:
    """Lengths in tokens of so many documents."""
    if shards:
        known = Shards.open(shards).lengths()
    else:
        files = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
        known = np.array([max(1, path.stat().st_size // 4) for path in files])
    print(
        f"{len(known)} documents: median {np.median(known):.0f} tokens, mean {known.mean():.0f}, longest {known.max()}"
    )
    return np.random.default_rng(0).choice(known, documents).astype(np.int64)


def tokens_of(lengths_N: I64) -> tuple[I64, I64]:
    """Of every token its document, and its place in it."""
    starts_N = np.cumsum(lengths_N) - lengths_N
    documents_T = np.repeat(np.arange(len(lengths_N)), lengths_N)
    return documents_T, np.arange(len(documents_T)) - starts_N[documents_T]


def by_danlu(lengths_N: I64, sequence_tokens: int) -> tuple[Rows, float, float]:
    """Best fit, and reading every row."""
    pack(lengths_N[:10], sequence_tokens)
    started = time.process_time()
    packing = pack(lengths_N, sequence_tokens)
    packed = time.process_time()
    starts_N = np.cumsum(lengths_N) - lengths_N
    documents_T, places_T = tokens_of(lengths_N)
    reading = time.process_time()
    at_P = starts_N[packing.documents_P] + packing.starts_P
    cuts = [slice(at, at + length) for at, length in zip(at_P.tolist(), packing.lengths_P.tolist(), strict=True)]
    documents_T = np.concatenate([documents_T[cut] for cut in cuts])
    places_T = np.concatenate([places_T[cut] for cut in cuts])
    ended = time.process_time()
    bounds_R1 = np.concatenate([[0], np.cumsum(packing.tokens_R)])
    return Rows(documents_T, places_T, bounds_R1), packed - started, ended - reading


def by_concatenation(lengths_N: I64, sequence_tokens: int) -> tuple[Rows, float, float]:
    """Everything in a row, cut at every `sequence_tokens`."""
    documents_T, places_T = tokens_of(lengths_N)
    started = time.process_time()
    bounds_R1 = np.append(np.arange(0, len(documents_T), sequence_tokens), len(documents_T))
    return Rows(documents_T, places_T, bounds_R1), time.process_time() - started, 0.0


def by_trl(strategy: str, batch: int | None) -> Callable[[I64, int], tuple[Rows, float, float]]:
    """TRL's `pack_dataset`."""

    def run(lengths_N: I64, sequence_tokens: int) -> tuple[Rows, float, float]:
        from datasets import Dataset, disable_progress_bars
        from trl import pack_dataset

        disable_progress_bars()
        documents_T, places_T = tokens_of(lengths_N)
        columns = {"input_ids": documents_T, "places": places_T}
        ends_N = np.cumsum(lengths_N)[:-1]
        given = Dataset.from_dict({name: np.split(values, ends_N) for name, values in columns.items()})
        started = time.process_time()
        options: dict[str, Any] = {"batch_size": batch or len(lengths_N)}
        table = pack_dataset(given, sequence_tokens, strategy, options).with_format("arrow")[:]
        spent = time.process_time() - started
        ids, places = table["input_ids"].combine_chunks(), table["places"].combine_chunks()
        sizes = ids.value_lengths().to_numpy(zero_copy_only=False)
        bounds_R1 = np.concatenate([[0], np.cumsum(sizes)])
        return Rows(ids.flatten().to_numpy(), places.flatten().to_numpy(), bounds_R1), spent, 0.0

    return run


WAYS = {
    "danlu": by_danlu,
    "concatenation": by_concatenation,
    "TRL bfd_split": by_trl("bfd_split", 1000),
    "TRL bfd_split, one batch": by_trl("bfd_split", None),
    "TRL bfd (truncates)": by_trl("bfd", 1000),
    "TRL wrapped": by_trl("wrapped", 1000),
}


def report(name: str, rows: Rows, spent: tuple[float, float], lengths_N: I64, sequence_tokens: int) -> None:
    """One line of the table."""
    count = len(rows.bounds_R1) - 1
    kept = len(rows.documents_T)
    row_T = np.repeat(np.arange(count), np.diff(rows.bounds_R1))
    pairs = np.unique(rows.documents_T * np.int64(count) + row_T)
    cut = np.count_nonzero(np.bincount(pairs // count) > 1)
    needless = np.count_nonzero(np.bincount(pairs // count, minlength=len(lengths_N))[lengths_N <= sequence_tokens] > 1)
    middle = np.count_nonzero(rows.places_T[rows.bounds_R1[:-1]] > 0)
    per_million = [f"{1e6 * seconds / len(lengths_N):8.2f}" for seconds in spent]
    print(
        f"{name:25} {sequence_tokens:6} {count:8} {1 - kept / (count * sequence_tokens):8.3%} {cut / len(lengths_N):7.1%}"
        f" {needless / len(lengths_N):8.1%} {middle / count:7.1%} {1 - kept / lengths_N.sum():7.1%} {' '.join(per_million)}"
    )


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--shards", type=Path)
    arguments.add_argument("--documents", type=int, default=20_000)
    arguments.add_argument("--many", type=int, default=1_000_000)
    arguments.add_argument("--sequence-tokens", type=int, nargs="+", default=[1024, 2048])
    options = arguments.parse_args()
    lengths_N = lengths_of(options.shards, options.documents)
    header = f"{'way':25} {'row':>6} {'rows':>8} {'padding':>8} {'cut':>7} {'needless':>8} {'middle':>7} {'lost':>7} {'pack s':>8} {'read s':>8}"  # fmt: skip
    print(header)
    for sequence_tokens in options.sequence_tokens:
        for name, way in WAYS.items():
            rows, *spent = way(lengths_N, sequence_tokens)
            report(name, rows, (spent[0], spent[1]), lengths_N, sequence_tokens)
    many_N = np.random.default_rng(1).choice(lengths_N, options.many)
    for sequence_tokens in options.sequence_tokens:
        started = time.process_time()
        packing = pack(many_N, sequence_tokens)
        spent_s = time.process_time() - started
        print(
            f"{options.many} documents, rows of {sequence_tokens}: {spent_s:.2f} CPU-s, padding {packing.padding:.4%}"
        )


if __name__ == "__main__":
    main()
