"""The kernels of danlu.loop.packing; one file, since numba does not see changes elsewhere.

Letters in shapes: N documents, P pieces, R rows, W pieces of one window.
"""

import numba
import numpy as np


@numba.njit
def _tell(largest, leaf, space):
    """Set a leaf of the tree to `space` (0: no row has it) and the largest space of every node above it."""
    largest[leaf] = space
    node = leaf >> 1
    while node:
        largest[node] = max(largest[2 * node], largest[2 * node + 1])
        node >>= 1


@numba.njit
def _tightest(largest, leaves, length):
    """The smallest space of an open row that `length` fits into; 0 when there is none."""
    if largest[1] < length:
        return 0
    node = 1
    while node < leaves:
        node = 2 * node if largest[2 * node] >= length else 2 * node + 1
    return largest[node]


@numba.njit
def _by_length(lengths_W, sequence_tokens):
    """The places of a window's pieces, the longest first; equal lengths keep their order. A counting sort."""
    ends = np.zeros(sequence_tokens + 2, np.int64)
    for length in lengths_W:
        ends[length] += 1
    for length in range(sequence_tokens, 0, -1):
        ends[length] += ends[length + 1]
    order_W = np.empty(len(lengths_W), np.int64)
    for at in range(len(lengths_W) - 1, -1, -1):
        ends[lengths_W[at]] -= 1
        order_W[ends[lengths_W[at]]] = at
    return order_W


@numba.njit(nogil=True, cache=True)
def pack_window(lengths_W, sequence_tokens, rows_W):
    """Give each piece (1 to `sequence_tokens` tokens) the open row that it fills best; returns how many rows there are.

    Rows with equal space are a stack. The tree has a leaf for each space, so that a search costs its depth.
    """
    leaves = 1
    while leaves < sequence_tokens + 1:
        leaves *= 2
    largest = np.zeros(2 * leaves, np.int64)
    top_of_space = np.full(sequence_tokens + 1, -1, np.int64)
    below_row = np.empty(len(lengths_W), np.int64)
    rows = 0
    for at in _by_length(lengths_W, sequence_tokens):
        length = lengths_W[at]
        space = _tightest(largest, leaves, length)
        if space:
            row = top_of_space[space]
            top_of_space[space] = below_row[row]
            if top_of_space[space] < 0:
                _tell(largest, leaves + space, 0)
        else:
            row, space = rows, sequence_tokens
            rows += 1
        rows_W[at] = row
        left = space - length
        if left:
            if top_of_space[left] < 0:
                _tell(largest, leaves + left, left)
            below_row[row] = top_of_space[left]
            top_of_space[left] = row
    return rows


@numba.njit(nogil=True, cache=True)
def cut(lengths_N, sequence_tokens, pieces):
    """Documents as pieces of at most `sequence_tokens`, in order: document, start in it, length of each."""
    documents_P = np.empty(pieces, np.int32)
    starts_P, lengths_P = np.empty(pieces, np.int64), np.empty(pieces, np.int32)
    at = 0
    for document in range(len(lengths_N)):
        start = 0
        while start < lengths_N[document]:
            documents_P[at], starts_P[at] = document, start
            lengths_P[at] = min(sequence_tokens, lengths_N[document] - start)
            start += lengths_P[at]
            at += 1
    return documents_P, starts_P, lengths_P


@numba.njit(nogil=True, cache=True)
def by_row(rows_P, rows):
    """The places of the pieces row by row, in order within each, and where each row's begin: P places, R + 1 bounds."""
    bounds_R1 = np.zeros(rows + 1, np.int64)
    for row in rows_P:
        bounds_R1[row + 1] += 1
    for row in range(rows):
        bounds_R1[row + 1] += bounds_R1[row]
    next_R = bounds_R1[:-1].copy()
    order_P = np.empty(len(rows_P), np.int64)
    for at in range(len(rows_P)):
        order_P[next_R[rows_P[at]]] = at
        next_R[rows_P[at]] += 1
    return order_P, bounds_R1
