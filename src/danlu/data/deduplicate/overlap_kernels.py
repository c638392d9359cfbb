"""Which candidates are near duplicates: the exact Jaccard similarity of their sets of shingles, compiled.

Two readings of the same pairs. `settle` is for removing: every text that goes is similar enough to one that stays. `connect`
is for keeping together: whatever is similar enough is in one group, through as many steps as it takes.

Sets are compared through a table of one set's shingles, in which those of the other are looked up, so that no set is
sorted. A table is never emptied: each entry says for which text it was made. Every kernel stands in this one file, since
numba does not see changes elsewhere.

Letters in shapes: M texts that have a pair, P pairs.
"""

import numba
import numpy as np

MOST_COMPARED = 32
"""Kept texts that one text is compared with, those that it meets most often first."""
U64 = np.uint64
_32, _LOW = U64(32), U64(0xFFFFFFFF)
_SPREAD = U64(0x9E3779B97F4A7C15)


@numba.njit(inline="always")
def _mask(shingles):
    size = 8
    while size < 2 * shingles:
        size *= 2
    return U64(size - 1)


@numba.njit(inline="always")
def _place(shingle, table, owner, mask):
    """Where a shingle stands in the table of `owner`, or the free place where it would."""
    place = ((shingle * _SPREAD) >> _32) & mask
    while table.owners[place] == owner and table.keys[place] != shingle:
        place = (place + U64(1)) & mask
    return place


@numba.njit(nogil=True, cache=True)
def _fill(sets, text, table):
    """Make the table of a text, and say how many members its set has."""
    owner, mask, size = np.uint32(text + 1), _mask(sets.ends[text] - sets.starts[text]), 0
    for number in range(sets.starts[text], sets.ends[text]):
        shingle = sets.shingles[number]
        place = _place(shingle, table, owner, mask)
        if table.owners[place] != owner:
            table.owners[place], table.keys[place], table.looks[place] = owner, shingle, 0
            size += 1
    sets.sizes[text] = size


@numba.njit(nogil=True, cache=True)
def _jaccard(sets, text, other, table, look, threshold):
    """Similarity of the text in the table and another; 0 when their sizes alone rule the threshold out."""
    low, high = min(sets.sizes[text], sets.sizes[other]), max(sets.sizes[text], sets.sizes[other])
    if low < threshold * high:
        return 0.0
    owner, mask, shared = np.uint32(text + 1), _mask(sets.ends[text] - sets.starts[text]), 0
    for number in range(sets.starts[other], sets.ends[other]):
        place = _place(sets.shingles[number], table, owner, mask)
        if table.owners[place] == owner and table.looks[place] != look:
            table.looks[place] = look
            shared += 1
    return shared / (low + high - shared)


@numba.njit(nogil=True, cache=True)
def settle(pairs_P, meets_P, first, last, threshold, sets, table, fates):
    """Decide texts `first` to `last` - 1, whose pairs (later * 2**32 + earlier, sorted) these are.

    A text goes when one that stays is similar enough, and the text that it meets most often is tried first. An earlier text
    that has gone stands for the one that stayed in its place.
    """
    pair = 0
    others, meets = np.empty(4096, np.int64), np.empty(4096, np.int64)
    for text in range(first, last):
        _fill(sets, text, table)
        count = 0
        while pair < len(pairs_P) and np.int64(pairs_P[pair] >> _32) == text:
            other = fates.kept[np.int64(pairs_P[pair] & _LOW)]
            at = 0
            while at < count and others[at] != other:
                at += 1
            if at == count:
                others[at], meets[at] = other, 0
                count += 1
            meets[at] = max(meets[at], meets_P[pair])
            pair += 1
        for look in range(1, min(count, MOST_COMPARED) + 1):
            best = 0
            for at in range(1, count):
                if meets[at] > meets[best] or (meets[at] == meets[best] and others[at] < others[best]):
                    best = at
            jaccard = _jaccard(sets, text, others[best], table, look, threshold)
            if jaccard >= threshold:
                fates.kept[text], fates.jaccard[text], fates.bands[text] = others[best], jaccard, meets[best]
                break
            meets[best] = -1


@numba.njit(nogil=True, cache=True)
def connect(pairs_P, first, last, threshold, sets, table, groups_M):
    """Join the groups of every pair of texts `first` to `last` - 1 that is similar enough.

    A group is named by its smallest member. Two that are in one group already are not compared.
    """
    pair = 0
    for text in range(first, last):
        _fill(sets, text, table)
        look = 0
        while pair < len(pairs_P) and np.int64(pairs_P[pair] >> _32) == text:
            other = np.int64(pairs_P[pair] & _LOW)
            pair += 1
            one, two = _root(groups_M, text), _root(groups_M, other)
            if one == two:
                continue
            look += 1
            if _jaccard(sets, text, other, table, look, threshold) >= threshold:
                groups_M[max(one, two)] = min(one, two)
    for text in range(first, last):
        groups_M[text] = _root(groups_M, text)


@numba.njit(inline="always")
def _root(groups_M, text):
    while groups_M[text] != text:
        groups_M[text] = groups_M[groups_M[text]]
        text = groups_M[text]
    return text
