"""A linear classifier of texts: multinomial logistic regression over hashed runs of one and two tokens.

Feature hashing after Weinberger et al. 2009 (arXiv 0902.2206): one plus the log of each count, rows of length one, fitted by
L-BFGS with an L2 penalty on a sum of losses. A few hundred labelled texts suffice, and a text is judged in a fraction of a
millisecond. Only the beginning of a long text is read.

Memory: about 12 bytes for each distinct token or pair of a text. Letters in shapes: D texts, H hash buckets, K labels.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danlu.text.shingles import hash_shingles, hash_tokens

BUCKETS = 2**18
READ_CHARACTERS = 20_000
_PENALTY = 1.0
_MAX_STEPS = 200
_BATCH = 256

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def features(texts: Sequence[str]) -> Any:
    """A scipy CSR matrix (D, H): 1 + log of the counts of hashed tokens and pairs, rows of length one."""
    from scipy.sparse import csr_matrix, vstack

    rows = [_rows([text[:READ_CHARACTERS] for text in texts[at : at + _BATCH]]) for at in range(0, len(texts), _BATCH)]
    return vstack(rows, format="csr") if rows else csr_matrix((0, BUCKETS))


def fit(matrix: Any, given_D: I64, labels: int) -> F64:
    """Weights with the bias as the last row (H + 1, K); buckets that no text uses have weight zero."""
    from scipy.optimize import minimize

    used = np.unique(matrix.indices)
    packed = matrix[:, used]
    transposed = packed.T.tocsr()
    wanted_DK = np.eye(labels)[given_D]

    def loss(flat: F64) -> tuple[float, F64]:
        weights = flat.reshape(len(used) + 1, labels)
        chances = _softmax(packed @ weights[:-1] + weights[-1])
        slope = np.concatenate((transposed @ (chances - wanted_DK), (chances - wanted_DK).sum(axis=0)[None]))
        slope[:-1] += _PENALTY * weights[:-1]
        value = -np.log(np.maximum(chances[wanted_DK > 0], 1e-300)).sum() + _PENALTY / 2 * (weights[:-1] ** 2).sum()
        return float(value), slope.ravel()

    start = np.zeros((len(used) + 1) * labels)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _MAX_STEPS})
    weights_HK = np.zeros((BUCKETS + 1, labels))
    weights_HK[[*used, BUCKETS]] = found.x.reshape(len(used) + 1, labels)
    return weights_HK


def probabilities(matrix: Any, weights_HK: F64) -> F64:
    """The probability of each label for each text (D, K)."""
    return _softmax(matrix @ weights_HK[:-1] + weights_HK[-1])


def _rows(texts: Sequence[str]) -> Any:
    from scipy.sparse import csr_matrix

    tokens = hash_tokens(texts)
    pairs = hash_shingles(tokens, 2)
    owners = np.concatenate((tokens.owners(), pairs.owners()))
    columns = (np.concatenate((tokens.values, pairs.values)) % np.uint64(BUCKETS)).astype(np.int64)
    matrix = csr_matrix((np.ones(len(owners), np.float32), (owners, columns)), (len(texts), BUCKETS))
    matrix.sum_duplicates()
    matrix.data = 1 + np.log(matrix.data)
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    matrix.data /= np.repeat(np.maximum(lengths, 1e-12), np.diff(matrix.indptr))
    return matrix


def _softmax(scores_DK: F64) -> F64:
    shifted = np.exp(scores_DK - scores_DK.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
