"""The first pass of decontamination: which documents share shingles with the items, and how common each shingle is.

Most documents share none, and most others too few: only those that share enough are read again, token by token. What a part's
documents share lies in the scratch folder, 16 bytes for each shingle of each document.
"""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from danlu.core.artifacts import Corpus
from danlu.core.shards import finish
from danlu.core.stages import Work
from danlu.data.parts import Batch, parts_of
from danlu.text.contamination.overlap_index import OverlapIndex
from danlu.text.shingles import I64, U64, hash_arrow_tokens
from danlu.text.tables import read_groups


@dataclass(frozen=True)
class _Shard:
    source: Path
    outcome: Path


def count(work: Work, corpus: Corpus, index: OverlapIndex) -> tuple[I64, int]:
    """In how many distinct documents each shingle of the items stands, and how many distinct documents there are."""
    shards = [_Shard(path, _outcome(work.scratch, number)) for number, path in enumerate(parts_of(corpus))]
    finish(work, partial(_count_part, index), shards)
    return _added([shard.outcome for shard in shards], index.shingle_count)


def worth_looking_at(index: OverlapIndex, scratch: Path, batch: Batch) -> list[int]:
    """The rows of a batch that share enough with an item, once all parts are counted."""
    part = np.load(_outcome(scratch, batch.part))
    places, owners = part["places"], part["owners"]
    first, last = np.searchsorted(places, (batch.row, batch.row + batch.table.num_rows)).tolist()
    own = slice(*np.searchsorted(owners, (first, last)))
    found = index.owners_in_pairs(part["grams"][own], owners[own] - first)
    rows: list[int] = (places[first + found] - batch.row).tolist()
    return rows


def _outcome(scratch: Path, part: int) -> Path:
    return scratch / f"count-{part:05}.npz"


def _count_part(index: OverlapIndex, shard: _Shard) -> None:
    grams, owners, places = ([np.zeros(0, np.int64)] for _ in range(3))
    digests = [np.zeros(0, np.uint64)]
    documents = hit = 0
    for table in read_groups(shard.source, ["text"]):
        tokens = hash_arrow_tokens(table["text"])
        found, found_in = index.shared(tokens)
        own, found_in = np.unique(found_in, return_inverse=True)
        grams.append(found)
        owners.append(found_in + hit)
        places.append(own + documents)
        digests.append(np.array([_digest(tokens.of(place)) for place in own.tolist()], np.uint64))
        documents, hit = documents + table.num_rows, hit + len(own)
    half = shard.outcome.with_suffix(".half")
    with half.open("wb") as file:
        np.savez(
            file, grams=np.concatenate(grams), owners=np.concatenate(owners), places=np.concatenate(places),
            digests=np.concatenate(digests), documents=documents,
        )  # fmt: skip
    half.rename(shard.outcome)


def _added(outcomes: list[Path], shingles: int) -> tuple[I64, int]:
    """Add up the parts; a document that was there before counts once."""
    counts_G = np.zeros(shingles, np.int64)
    seen: set[int] = set()
    documents = 0
    for outcome in outcomes:
        part = np.load(outcome)
        digests = part["digests"].tolist()
        fresh = np.ones(len(digests), bool)
        for number, one in enumerate(digests):
            fresh[number] = one not in seen
            seen.add(one)
        counts_G += np.bincount(part["grams"][fresh[part["owners"]]], minlength=shingles)
        documents += int(part["documents"]) - int((~fresh).sum())
    return counts_G, documents


def _digest(tokens: U64) -> int:
    """Equal for texts of the same tokens: white space and punctuation make no difference."""
    return int.from_bytes(hashlib.blake2b(tokens.tobytes(), digest_size=8).digest(), "big")
