"""The kernels of danlu.text.minhash, which says what they count; one file, since numba does not see changes elsewhere.

Letters in shapes: D texts, S shingles, K places of a sketch, N bands.
"""

import numba
import numpy as np

U64 = np.uint64
_FIRST, _SECOND = U64(0xBF58476D1CE4E5B9), U64(0x94D049BB133111EB)
_ROUND, _EMPTY = U64(0x9E3779B97F4A7C15), U64(0xFFFFFFFFFFFFFFFF)
_LOW, _29, _32 = U64(0xFFFFFFFF), U64(29), U64(32)


@numba.njit(inline="always")
def _mix(value):
    value = (value ^ (value >> _32)) * _FIRST
    value = (value ^ (value >> _29)) * _SECOND
    return value ^ (value >> _32)


@numba.njit(nogil=True, cache=True)
def band_keys(shingles_S, starts_D, rows, keys_DN):
    """Sketch every text and fill the keys of its bands; a text without shingles keeps what is there."""
    bands = keys_DN.shape[1]
    sketch_K, longest = np.empty(bands * rows, np.uint64), 0
    for text in range(len(starts_D) - 1):
        longest = max(longest, starts_D[text + 1] - starts_D[text])
    mixed_S = np.empty(longest, np.uint64)
    for text in range(len(starts_D) - 1):
        if starts_D[text] == starts_D[text + 1]:
            continue
        _sketch(shingles_S, starts_D[text], starts_D[text + 1], mixed_S, sketch_K)
        for band in range(bands):
            key = U64(band + 1)
            for place in range(band * rows, band * rows + rows):
                key = _mix(key * _ROUND + sketch_K[place])
            keys_DN[text, band] = max(key, U64(1))


@numba.njit(nogil=True, cache=True)
def _sketch(shingles_S, start, end, mixed_S, sketch_K):
    """The first 32 bits of a number say its round, the others are of its hash: earlier rounds are smaller.

    A shingle's numbers go on by a stride of its own (double hashing). A stride that all share would keep every shingle at the same
    distance from every other in each round, and widen the estimate by half for texts of twenty shingles.
    """
    places, count, empty = U64(len(sketch_K)), end - start, len(sketch_K)
    sketch_K[:] = _EMPTY
    for number in range(count):
        mixed = _mix(shingles_S[start + number])
        mixed_S[number] = mixed
        place, value = ((mixed >> _32) * places) >> _32, mixed & _LOW
        if value < sketch_K[place]:
            empty -= sketch_K[place] == _EMPTY
            sketch_K[place] = value
    for turn in range(1, 2 * len(sketch_K)):
        if empty == 0:
            return
        late, step, high = turn >= len(sketch_K), U64(turn), U64(turn) << _32
        for number in range(count):
            mixed = mixed_S[number]
            stride = mixed * _SECOND
            drawn = mixed + step * (stride ^ (stride >> _29))
            # After K rounds each place has a round of its own, so that the smallest set fills its sketch too.
            place = U64(turn - len(sketch_K)) if late else ((drawn >> _32) * places) >> _32
            value = high | (drawn & _LOW)
            if value < sketch_K[place]:
                empty -= sketch_K[place] == _EMPTY
                sketch_K[place] = value
