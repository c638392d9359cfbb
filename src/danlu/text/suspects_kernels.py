"""The kernel of danlu.text.suspects: which texts hold one of a set of characters, or two blank lines in a row.

Letters in shapes: B bytes, D texts.
"""

import numba
import numpy as np


@numba.njit(nogil=True, cache=True)
def find(text_B, starts_D, ends_D, suspect, found_D):
    """Mark the texts; `suspect` has a flag for every code point."""
    for text in range(len(starts_D)):
        at, end = starts_D[text], ends_D[text]
        breaks = 0
        while at < end:
            first = text_B[at]
            if first < 0x80:
                code, size = np.uint32(first), 1
            elif first < 0xE0:
                code, size = ((np.uint32(first) & 0x1F) << 6) | (text_B[at + 1] & 0x3F), 2
            elif first < 0xF0:
                code = (
                    ((np.uint32(first) & 0x0F) << 12)
                    | ((np.uint32(text_B[at + 1]) & 0x3F) << 6)
                    | (text_B[at + 2] & 0x3F)
                )
                size = 3
            else:
                high = ((np.uint32(first) & 0x07) << 18) | ((np.uint32(text_B[at + 1]) & 0x3F) << 12)
                code, size = high | ((np.uint32(text_B[at + 2]) & 0x3F) << 6) | (text_B[at + 3] & 0x3F), 4
            if suspect[code]:
                found_D[text] = True
                break
            if code == 10:
                breaks += 1
                if breaks == 3:
                    found_D[text] = True
                    break
            elif code != 32 and code != 9:
                breaks = 0
            at += size
