"""Where the tokens of `danlu.text.shingles` stand in their texts, for cutting exactly what was found by their hashes.

Most characters fold by themselves, and the kernel that hashes tokens knows where it is. A text with one that does not (a mark that
joins a letter, a sign that becomes several) is cut into pieces beside which nothing can change: only the piece around
such a character is folded as a whole, and all its tokens have the place of the piece.

Letters in shapes: B bytes, D texts, T tokens, P pieces, C code points of a text.
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danlu.text import shingle_kernels
from danlu.text.arrow import offsets_and_bytes
from danlu.text.shingle_kernels import CODE_BITS
from danlu.text.shingles import ALONE, I64, SEPARATOR, Bytes, Hashes, character_table, hash_tokens


class Places(NamedTuple):
    """Tokens of several texts, one text after the other, and the code points of its text that each came from."""

    hashes: Hashes
    begins: NDArray[np.uint32]
    """(T,) Ascending within a text; the tokens of one sign, as of ㎡, have one place."""
    ends: NDArray[np.uint32]


class _Pieces(NamedTuple):
    """Stretches of a buffer: bytes `starts[p]` to `ends[p]`, that begin `shifts[p]` code points after their text's start."""

    owners: I64
    starts: I64
    ends: I64
    shifts: I64


def token_places(texts: pa.Array | pa.ChunkedArray) -> Places:
    """The tokens of texts, the same as `hash_arrow_tokens` gives, with their places. Holds about 20 bytes a byte of text."""
    text_B, starts_D, ends_D = offsets_and_bytes(texts)
    wholes = _Pieces(np.arange(len(starts_D)), starts_D, ends_D, np.zeros(len(starts_D), np.int64))
    found, slow_D = _read(text_B, wholes)
    if not slow_D.any():
        return found
    pieces = [
        _pieces_of(text_B, text, int(starts_D[text]), int(ends_D[text])) for text in np.flatnonzero(slow_D).tolist()
    ]
    fast = _Pieces(*(column[~slow_D] for column in wholes))
    joined = _Pieces(*(np.concatenate(columns) for columns in zip(fast, *pieces, strict=True)))
    in_order = np.lexsort((joined.shifts, joined.owners))
    joined = _Pieces(*(column[in_order] for column in joined))
    found, slow_P = _read(text_B, joined)
    return _by_text(_with_folded(text_B, joined, found, np.flatnonzero(slow_P)), joined, len(starts_D))


def _read(text_B: Bytes, pieces: _Pieces) -> tuple[Places, NDArray[np.bool_]]:
    """The tokens of pieces, and which of them are slow: these have none."""
    size = int((pieces.ends - pieces.starts).sum())
    tokens_T, begins_T, ends_T = np.empty(size, np.uint64), np.empty(size, np.uint32), np.empty(size, np.uint32)
    starts_P, slow_P = np.zeros(len(pieces.starts) + 1, np.int64), np.zeros(len(pieces.starts), bool)
    given_B = text_B.view()
    given_B.flags.writeable = False  # as Arrow's are: for writable bytes numba would compile the kernel once more
    table = character_table()
    count = shingle_kernels.hash_tokens(
        given_B, pieces.starts, pieces.ends, table, tokens_T, starts_P, slow_P, begins_T, ends_T
    )
    shifts_T = np.repeat(pieces.shifts, np.diff(starts_P)).astype(np.uint32)
    return Places(Hashes(tokens_T[:count], starts_P), begins_T[:count] + shifts_T, ends_T[:count] + shifts_T), slow_P


def _pieces_of(text_B: Bytes, owner: int, start: int, end: int) -> _Pieces:
    """A text cut wherever a character that folds by itself ends a token or follows such an end."""
    text = bytes(text_B[start:end]).decode("utf-8", "surrogatepass")
    codes_C = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    entries_C = character_table()[codes_C]
    slow_C, kinds_C = (entries_C >> np.uint32(CODE_BITS + 2)) > 0, (entries_C >> np.uint32(CODE_BITS)) & np.uint32(3)
    parts_C = ~slow_C & ((kinds_C == SEPARATOR) | (kinds_C == ALONE))
    # A mark joins what stands before it, so there is no cut before a slow character.
    shifts = np.append(0, np.flatnonzero(~slow_C[1:] & (parts_C[1:] | parts_C[:-1])) + 1)
    sizes_C = 1 + (codes_C >= 0x80) + (codes_C >= 0x800).astype(np.int64) + (codes_C >= 0x10000)
    starts = start + np.append(0, np.cumsum(sizes_C))[shifts]
    return _Pieces(np.full(len(shifts), owner), starts, np.append(starts[1:], end), shifts)


def _with_folded(text_B: Bytes, pieces: _Pieces, found: Places, slow: I64) -> Places:
    """`found` with the tokens of the slow pieces, each in the place of its piece."""
    texts = [bytes(text_B[pieces.starts[p] : pieces.ends[p]]).decode("utf-8", "surrogatepass") for p in slow.tolist()]
    folded = hash_tokens(texts)
    counts = np.diff(folded.starts)
    begins = np.repeat(pieces.shifts[slow], counts)
    ends = np.repeat(pieces.shifts[slow] + np.array([len(text) for text in texts], np.int64), counts)
    owners = np.concatenate([found.hashes.owners(), np.repeat(slow, counts)])
    order = np.argsort(owners, kind="stable")
    starts_P = np.searchsorted(owners[order], np.arange(len(pieces.starts) + 1))
    values = np.concatenate([found.hashes.values, folded.values])[order]
    all_begins, all_ends = np.concatenate([found.begins, begins])[order], np.concatenate([found.ends, ends])[order]
    return Places(Hashes(values, starts_P), all_begins.astype(np.uint32), all_ends.astype(np.uint32))


def _by_text(places: Places, pieces: _Pieces, texts: int) -> Places:
    """The same tokens, with the starts of texts in the place of those of pieces."""
    firsts_D = np.searchsorted(pieces.owners, np.arange(texts + 1))
    return places._replace(hashes=Hashes(places.hashes.values, places.hashes.starts[firsts_D]))
