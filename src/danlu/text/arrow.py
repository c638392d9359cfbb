"""Arrow strings as the kernels read them: UTF-8 bytes, and where each text starts and ends."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class Utf8(NamedTuple):
    """Bytes of several texts (B,); text i is `text_B[starts_D[i] : ends_D[i]]`."""

    text_B: NDArray[np.uint8]
    starts_D: NDArray[np.int64]
    ends_D: NDArray[np.int64]


def offsets_and_bytes(texts: pa.Array | pa.ChunkedArray) -> Utf8:
    """The buffers of an array of strings without nulls, without a copy of the text.

    The offsets are copied: numba compiles a kernel anew for arrays that are read-only.
    """
    array = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    array = array.cast(pa.large_string())
    _, offsets, values = array.buffers()
    if offsets is None or values is None or not values.size:
        return Utf8(np.zeros(1, np.uint8), np.zeros(len(array), np.int64), np.zeros(len(array), np.int64))
    offsets_D = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return Utf8(np.frombuffer(values, np.uint8), offsets_D[:-1].copy(), offsets_D[1:].copy())
