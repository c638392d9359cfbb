"""The first pass over UTF-8 bytes: where anything could stand that looks like a number, an address or a key.

Compiled by numba; every function stands in this one file, since numba does not see a change of a helper elsewhere. Letters in shapes: B
bytes, D texts, W windows.
"""

import numba
import numpy as np

SHORT, MIDDLE, LONG, QUAD, HEX, TOKEN = 1, 2, 4, 8, 16, 32
"""What the form of a stretch says it may hold, one bit each: digits, at least six, ten, thirteen of them; three dots between
digits; groups of hexadecimal digits; letters and digits in one long run."""
_LEAST_DIGITS = 7
_LONGEST_TOKEN = 8192
_LEAST_RUN = 15


@numba.njit(inline="always")
def _is_digit(byte):
    return 48 <= byte <= 57


@numba.njit(inline="always")
def _is_letter(byte):
    return 97 <= (byte | 32) <= 122


@numba.njit(inline="always")
def _is_hex(byte):
    return _is_digit(byte) or 97 <= (byte | 32) <= 102


@numba.njit(nogil=True, cache=True)
def _is_wide_digit(text_B, at, end):
    """０ to ９ are EF BC 90 to EF BC 99."""
    return text_B[at] == 0xEF and at + 2 < end and text_B[at + 1] == 0xBC and 0x90 <= text_B[at + 2] <= 0x99


@numba.njit(nogil=True, cache=True)
def _gap_size(text_B, at, end):
    """Bytes of one separator inside a number: ASCII marks, odd spaces, hyphens, invisible characters; 0 for anything else."""
    byte = text_B[at]
    if byte in (32, 45, 46, 40, 41, 47, 43, 9):
        return 1
    if byte == 0xC2 and at + 1 < end and text_B[at + 1] in (0xA0, 0xAD):
        return 2
    if at + 2 < end:
        second, third = text_B[at + 1], text_B[at + 2]
        if byte == 0xE2 and (second == 0x80 or second == 0x81 or second == 0x88):
            return 3
        if byte == 0xE3 and second == 0x80 and third == 0x80:
            return 3
        if byte == 0xEF and second in (0xBC, 0xBB, 0xB9, 0xB8):
            return 3
    return 0


@numba.njit(nogil=True, cache=True)
def _is_plain_date(sizes, groups, digits, first):
    """2024-01-31 with or without a time, 2019-2023, 3.14159265: no number that anybody was given."""
    years = first == 19 or first == 20
    if years and groups >= 3 and sizes[0] == 4 and sizes[1] <= 2 and sizes[2] <= 2:
        return digits <= 8 or (digits <= 10 and groups == 4)
    return years and groups == 2 and sizes[0] == 4 and sizes[1] == 4


@numba.njit(nogil=True, cache=True)
def find_stretches(text_B, starts_D, ends_D, found_starts, found_ends, found_kinds, found_texts):
    """Fill the stretches that may hold something; returns how many there are, or -1 when they do not fit."""
    count, room = 0, len(found_starts)
    sizes = np.zeros(8, np.int64)
    for text in range(len(starts_D)):
        at, end = starts_D[text], ends_D[text]
        while at < end:
            byte = text_B[at]
            kind, first, last, step = 0, at, at, 1
            if _is_digit(byte) or _is_wide_digit(text_B, at, end):
                kind, last = _number(text_B, at, end, sizes)
                before = at - 1
                while (
                    before >= starts_D[text]
                    and before > at - 24
                    and (_is_letter(text_B[before]) or text_B[before] in (58, 45, 95))
                ):
                    before -= 1
                token_kind, token_last = _token(text_B, before + 1, end)
                kind |= token_kind
                first = before + 1
                last = max(last, token_last if token_kind else last)
                step = max(1, last - at)
            elif _is_letter(byte) or byte == 58:
                token_kind, token_last = _token(text_B, at, end)
                if token_kind:
                    kind, last = token_kind, token_last
                    step = max(1, last - at)
                else:
                    step = _word(text_B, at, end)
            if kind:
                if count == room:
                    return -1
                found_starts[count], found_ends[count] = first, max(last, at + 1)
                found_kinds[count], found_texts[count] = kind, text
                count += 1
            at += step
    return count


@numba.njit(nogil=True, cache=True)
def _word(text_B, at, end):
    """Bytes of the letters from here, so that each is looked at once."""
    size = 1
    while at + size < end and _is_letter(text_B[at + size]):
        size += 1
    return size


@numba.njit(nogil=True, cache=True)
def _number(text_B, at, end, sizes):
    """Whether digits with separators from here are many enough; and where they end."""
    digits, groups, dots, size, last, first, gap = 0, 0, 0, 0, at, 0, 0
    place = at
    while place < end:
        wide = _is_wide_digit(text_B, place, end)
        if wide or _is_digit(text_B[place]):
            digits += 1
            size += 1
            if digits <= 2:
                first = first * 10 + (text_B[place + 2] - 0x90 if wide else text_B[place] - 48)
            place += 3 if wide else 1
            last, gap = place, 0
            continue
        separator = _gap_size(text_B, place, end)
        if separator == 0 or gap >= 9:
            break
        if size:
            if groups < 8:
                sizes[groups] = size
            groups, size = groups + 1, 0
        dots += text_B[place] == 46
        gap += separator
        place += separator
    if size and groups < 8:
        sizes[groups] = size
    groups += size > 0
    kind = QUAD if dots >= 3 and digits >= 4 else 0
    if digits >= 13:
        kind |= SHORT | MIDDLE | LONG
    elif digits >= 10:
        kind |= SHORT | MIDDLE
    elif digits >= _LEAST_DIGITS:
        kind |= SHORT
    elif digits == 6:
        after = text_B[min(last, end - 1)]
        kind |= SHORT if last < end and (after in (32, 40, 0xEF) or _is_letter(after)) else 0
    if kind & ~QUAD and _is_plain_date(sizes, groups, digits, first):
        kind = 0
    return kind, last


@numba.njit(nogil=True, cache=True)
def _token(text_B, at, end):
    """Whether a long mix of letters and digits, or groups of hexadecimal digits, begins here; and where it ends."""
    place, size, letters, digits, groups, fours, colons = at, 0, 0, 0, 0, 0, 0
    hexadecimal, doubled, mixed, run, longest = True, False, False, 0, 0
    while place < end and place < at + _LONGEST_TOKEN:
        byte = text_B[place]
        if _is_digit(byte) or _is_letter(byte):
            digits += byte <= 57
            run = run + 1 if byte <= 57 else 0
            longest = max(longest, run)
            letters += byte > 57
            hexadecimal = hexadecimal and _is_hex(byte)
            size += 1
            mixed = mixed or (size >= _LEAST_RUN and digits > 0 and letters > 0)
        elif byte == 58 or byte == 45 or byte == 46:
            doubled = doubled or (byte == 58 and colons > 0 and size == 0)
            colons += byte == 58
            hexadecimal = hexadecimal and size <= 4
            fours += size == 4
            groups += hexadecimal
            size = letters = digits = run = 0
        elif byte == 95 or byte == 43 or byte == 61 or byte == 47 or byte == 60:
            hexadecimal = False
            size = letters = digits = run = 0
        else:
            break
        place += 1
    kind = TOKEN if mixed else 0
    if mixed and longest >= _LEAST_DIGITS:  # `idcard=11010…X` is a token from the label on, and a number in it
        kind |= SHORT | (MIDDLE if longest >= 10 else 0) | (LONG if longest >= 13 else 0)
    if (
        hexadecimal
        and size <= 4
        and (groups >= 5 or (doubled and (fours or groups >= 4)) or (2 <= groups <= 3 and fours == 2 and size == 4))
    ):
        kind |= HEX
    return kind, place


@numba.njit(nogil=True, cache=True)
def widen(text_B, starts_W, ends_W, lows_W, highs_W, before_W, after_W):
    """Move each start and end outwards by so many characters, never beyond the text."""
    for window in range(len(starts_W)):
        at, left = starts_W[window], before_W[window]
        while at > lows_W[window] and (left > 0 or text_B[at] & 0xC0 == 0x80):
            at -= 1
            left -= text_B[at] & 0xC0 != 0x80
        starts_W[window] = at
        at, left = ends_W[window], after_W[window]
        while at < highs_W[window] and (left > 0 or text_B[at] & 0xC0 == 0x80):
            left -= text_B[at] & 0xC0 != 0x80
            at += 1
        ends_W[window] = at
