"""Groups: documents that must stand on one side together are the connected components of everything that ties them.

Chains count here, unlike in deduplication: with a tied to b and b to c, all three stay together although a and c share
nothing, since either of them beside b on another side would leak.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from danlu.data.split.roster import I64, U64, UNTIED


def group(documents: int, ties_N: Sequence[U64], edges: I64) -> I64:
    """For each document the number of its group, 0 ... G-1, in the order of the groups' first documents.

    `edges` (E, 2) are pairs of documents that are tied beside the values of `ties_N`.
    """
    pairs = np.concatenate([edges.reshape(-1, 2), *map(_neighbours, ties_N)])
    ones = np.ones(len(pairs), np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(documents, documents))
    _, labels_N = connected_components(graph, directed=False)
    _, first_G, labels_N = np.unique(labels_N, return_index=True, return_inverse=True)
    order_G = np.empty(len(first_G), np.int64)
    order_G[np.argsort(first_G, kind="stable")] = np.arange(len(first_G))
    groups_N: I64 = order_G[labels_N]
    return groups_N


def _neighbours(values_N: U64) -> I64:
    """Pairs of documents that follow one another among those with the same value: enough to connect them all."""
    order = np.argsort(values_N, kind="stable")
    same = (values_N[order][1:] == values_N[order][:-1]) & (values_N[order][1:] != UNTIED)
    return np.stack((order[:-1][same], order[1:][same]), axis=1)
