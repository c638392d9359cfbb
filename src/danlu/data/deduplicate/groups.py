"""Near duplicates among texts that fit into memory: which belong together."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from danlu.data.deduplicate.candidates import join_bands, pairs_of_band
from danlu.data.deduplicate.overlap import Sets, Table
from danlu.data.deduplicate.overlap_kernels import connect
from danlu.text.minhash import band_keys, banding_for
from danlu.text.shingles import I64, U64, Hashes, hash_arrow_tokens, hash_shingles, hash_tokens

SHINGLE_TOKENS = 5
RECALL_FLOOR = 0.7
"""Bands are cut for this Jaccard similarity where the threshold is higher, so that none above it is missed."""
_LOW = np.uint64(0xFFFFFFFF)


def near_groups(texts: Sequence[str] | pa.Array, threshold: float = 0.8) -> list[int]:
    """For each text, the smallest position in its group.

    Two texts are in one group when their sets of 5-shingles of tokens have a Jaccard similarity of `threshold` (0 to 1) or
    more, or when others lead from one to the other in such steps. A text of fewer than five tokens is one shingle; one
    without tokens is alone. Holds about 30 bytes for each token of the texts.
    """
    groups: list[int] = connected(shingles_of(texts), threshold).tolist()
    return groups


def shingles_of(texts: Sequence[str] | pa.Array) -> Hashes:
    """The shingles that near duplicates are told by."""
    hashed = hash_arrow_tokens(texts) if isinstance(texts, pa.Array) else hash_tokens(texts)
    return hash_shingles(hashed, SHINGLE_TOKENS, short_counts=True)


def connected(shingles: Hashes, threshold: float) -> I64:
    """The smallest position in the group of each text (D,), of texts whose shingles these are."""
    keys_DN = band_keys(shingles, banding_for(min(threshold, RECALL_FLOOR)))
    pairs, _ = join_bands([pairs_of_band(np.ascontiguousarray(keys_D)) for keys_D in keys_DN.T])
    members_M, pairs_P = numbered(pairs)
    groups_D = np.arange(len(shingles.starts) - 1)
    if len(members_M):
        starts_M, ends_M = shingles.starts[members_M], shingles.starts[members_M + 1]
        sets = Sets(shingles.values, starts_M, ends_M, np.zeros(len(members_M), np.int64))
        groups_M = np.arange(len(members_M))
        table = Table.room_for(int((ends_M - starts_M).max()))
        connect(pairs_P, 0, len(members_M), threshold, sets, table, groups_M)
        groups_D[members_M] = members_M[groups_M]
    return groups_D


def numbered(pairs: U64) -> tuple[I64, U64]:
    """The texts that have a pair (M,), and the pairs with texts named by their place among these."""
    later, earlier = pairs >> np.uint64(32), pairs & _LOW
    members_M = np.union1d(later, earlier)
    places = [np.searchsorted(members_M, side).astype(np.uint64) for side in (later, earlier)]
    return members_M.astype(np.int64), places[0] << np.uint64(32) | places[1]
