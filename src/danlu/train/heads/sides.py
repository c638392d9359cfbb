"""Which rows train, validate and test: rows with equal or nearly equal texts are never parted.

Rows of each label are spread evenly: all groups are put in the order of how far each stands in its own label's shuffled
list, and the sides are cut from that order, so that a rare label is not left to chance.
"""

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from danlu.core.errors import UserError
from danlu.text.minhash import band_keys, banding_for
from danlu.text.shingles import fold, hash_shingles, hash_tokens
from danlu.train.examples import groups_of

_SHINGLE = 5


@dataclass(frozen=True)
class Sides:
    """Positions of rows, in the order of the file."""

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


def part(
    texts: Sequence[str], strata: Sequence[Hashable], seed: int, *, validation: float, test: float, threshold: float
) -> Sides:
    """Part rows by their texts. Raises UserError when a side would stay empty."""
    groups = groups_of(_ties(texts, threshold))
    order = _order(groups, [str(stratum) for stratum in strata], [_folded(text) for text in texts], seed)
    counts = [round(share * len(order)) if share else 0 for share in (test, validation)]
    counts = [max(count, 1) if share else 0 for count, share in zip(counts, (test, validation), strict=True)]
    if sum(counts) >= len(order):
        raise UserError(
            "{rows} rows have {groups} different texts, too few for training, validation and test",
            "Add rows, or set validation_share or test_share to 0.",
            rows=len(texts),
            groups=len(order),
        )
    side = dict.fromkeys(order[: counts[0]], 2) | dict.fromkeys(order[counts[0] : sum(counts)], 1)
    found: list[list[int]] = [[], [], []]
    for row, group in enumerate(groups):
        found[side.get(group, 0)].append(row)
    return Sides(*(tuple(rows) for rows in found))


def known_in(texts: Sequence[str], held_out: Sequence[str], threshold: float) -> set[int]:
    """Positions of texts that equal or nearly equal one that is held out."""
    groups = groups_of(_ties([*held_out, *texts], threshold))
    known = set(groups[: len(held_out)])
    return {row for row, group in enumerate(groups[len(held_out) :]) if group in known}


def _order(groups: Sequence[int], strata: Sequence[str], texts: Sequence[str], seed: int) -> list[int]:
    """Groups, each label's spread evenly over the whole order; added rows move others little."""
    by_stratum: dict[str, list[tuple[bytes, int]]] = defaultdict(list)
    for group in sorted(set(groups)):
        key = hashlib.blake2b(f"{seed}/{texts[group]}".encode(), digest_size=16).digest()
        by_stratum[strata[group]].append((key, group))
    places = [
        ((number + 0.5) / len(members), key, group)
        for members in by_stratum.values()
        for number, (key, group) in enumerate(sorted(members))
    ]
    return [group for _, _, group in sorted(places)]


def _ties(texts: Sequence[str], threshold: float) -> list[list[Hashable]]:
    """For each text what it shares with others: its folded form, and pairs with which it is nearly equal."""
    ties: list[list[Hashable]] = [[_folded(text)] for text in texts]
    for pair in sorted(_near(texts, threshold)):
        for row in pair:
            ties[row].append(pair)
    return ties


def _near(texts: Sequence[str], threshold: float) -> set[tuple[int, int]]:
    """Pairs whose shingles have this Jaccard; those that share a band are found, each compared with the first and the one before."""
    shingles = hash_shingles(hash_tokens(texts), _SHINGLE, short_counts=True)
    keys_DN = band_keys(shingles, banding_for(threshold))
    candidates: set[tuple[int, int]] = set()
    for band in range(keys_DN.shape[1]):
        buckets: dict[int, list[int]] = defaultdict(list)
        for row, key in enumerate(keys_DN[:, band].tolist()):
            if key:
                buckets[key].append(row)
        for rows in buckets.values():
            candidates |= {(rows[0], row) for row in rows[1:]} | set(pairwise(rows))
    sets = {row: set(shingles.of(row).tolist()) for row in {row for pair in candidates for row in pair}}
    return {(a, b) for a, b in candidates if len(sets[a] & sets[b]) >= threshold * len(sets[a] | sets[b])}


def _folded(text: str) -> str:
    return " ".join(fold(text).split())
