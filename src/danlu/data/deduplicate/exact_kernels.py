"""The kernels of danlu.data.deduplicate.exact; one file, since numba does not see changes elsewhere.

Letters in shapes: B bytes, D texts, H places of the table.
"""

import numba
import numpy as np

U64 = np.uint64
_FIRST, _SECOND = U64(0xBF58476D1CE4E5B9), U64(0x94D049BB133111EB)
_SEED_ONE, _SEED_TWO = U64(0x9E3779B97F4A7C15), U64(0xD6E8FEB86659FD93)
_29, _32 = U64(29), U64(32)
_BLANK = U64(0x20)


@numba.njit
def _scramble(value):
    value = (value ^ (value >> _32)) * _FIRST
    value = (value ^ (value >> _29)) * _SECOND
    return value ^ (value >> _32)


@numba.njit
def _space_bytes(text_B, at, end):
    """How many bytes the white space beyond ASCII at `at` has; 0 when none stands there."""
    byte = text_B[at]
    if byte == 0xC2 and at + 1 < end:
        return 2 if text_B[at + 1] == 0x85 or text_B[at + 1] == 0xA0 else 0
    if 0xE1 <= byte <= 0xE3 and at + 2 < end:
        second, third = text_B[at + 1], text_B[at + 2]
        if byte == 0xE2 and second == 0x80:
            return 3 if 0x80 <= third <= 0x8A or third == 0xA8 or third == 0xA9 or third == 0xAF else 0
        if (
            (byte == 0xE1 and second == 0x9A and third == 0x80)
            or (byte == 0xE2 and second == 0x81 and third == 0x9F)
            or (byte == 0xE3 and second == 0x80 and third == 0x80)
        ):
            return 3
    return 0


@numba.njit
def _end_before_space(text_B, start, end, spaces):
    """Where the text ends without the white space at its end."""
    while end > start:
        size = 1 if spaces[text_B[end - 1]] == 1 else 0
        for wide in (2, 3):
            if not size and end - start >= wide and spaces[text_B[end - wide]] == 2:
                size = wide if _space_bytes(text_B, end - wide, end) == wide else 0
        if not size:
            return end
        end -= size
    return end


@numba.njit(nogil=True, cache=True)
def hash_texts(text_B, starts_D, ends_D, spaces, hashes_D2):
    """128 bits of every text, of its bytes with each run of white space as one blank and none at the ends.

    `spaces` says of each byte whether it is white space (1) or may begin some (2). Blanks that are alone take the short way.
    """
    for text in range(len(starts_D)):
        one, two, at = _SEED_ONE, _SEED_TWO, starts_D[text]
        end, after_blank = _end_before_space(text_B, at, ends_D[text], spaces), at
        while at < end:
            byte = U64(text_B[at])
            kind, size = spaces[byte], 0
            if kind:
                size = 1 if kind == 1 else _space_bytes(text_B, at, end)
            if size:
                again = at == after_blank
                at += size
                while at < end and spaces[text_B[at]] == 1:
                    at += 1
                after_blank = at
                if again:
                    continue
                byte = _BLANK
            else:
                at += 1
            one = (one ^ byte) * _FIRST
            two = (two + byte) * _SECOND
        hashes_D2[text, 0], hashes_D2[text, 1] = _scramble(one), _scramble(two ^ (one >> _32))


@numba.njit(nogil=True, cache=True)
def first_equal(hashes_D2, table_H, firsts_D):
    """For each text the first one with its hash. `table_H` is all -1, and its size a power of two above that of D."""
    mask = U64(len(table_H) - 1)
    for text in range(len(hashes_D2)):
        place = hashes_D2[text, 0] & mask
        while True:
            other = table_H[place]
            if other < 0:
                table_H[place], firsts_D[text] = text, text
                break
            if hashes_D2[other, 0] == hashes_D2[text, 0] and hashes_D2[other, 1] == hashes_D2[text, 1]:
                firsts_D[text] = other
                break
            place = (place + U64(1)) & mask
