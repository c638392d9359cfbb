"""The kernels of danlu.text.contamination.shingle_set and resemblance; one file, since numba does not see changes elsewhere.

Letters in shapes: T tokens, D texts, S runs of a text, U distinct ones that are looked for, W words of 64 bits, M places found.
"""

import numba
import numpy as np

U64 = np.uint64
_TOKEN_BASE = U64(0xD6E8FEB86659FD93)
"""As in danlu.text.shingles."""
_6, _63, _ONE, _FULL = U64(6), U64(63), U64(1), U64(0xFFFFFFFFFFFFFFFF)


@numba.njit(inline="always")
def _place(sorted_U, value):
    """Where the value stands, or would have to."""
    low, high = 0, len(sorted_U)
    while low < high:
        middle = (low + high) >> 1
        if sorted_U[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@numba.njit(nogil=True, cache=True)
def find_shingles(tokens_T, starts_D, length, shingles_U, filter_W, shift, places_M, which_M, texts_M):
    """Look for the sorted `shingles_U` among every run of `length` tokens of each text; returns how many are found.

    Of each: the token of the batch where it begins, which shingle it is, and in which text. A bit of `filter_W` is set for the
    top bits of every shingle, so that most runs cost one look into a small table.
    """
    leaving = _ONE
    for _ in range(length):
        leaving *= _TOKEN_BASE
    bits, count = U64(shift), 0
    for text in range(len(starts_D) - 1):
        start, value = starts_D[text], U64(0)
        for token in range(start, starts_D[text + 1]):
            value = value * _TOKEN_BASE + tokens_T[token]
            if token - start >= length:
                value -= tokens_T[token - length] * leaving
            elif token - start < length - 1:
                continue
            slot = value >> bits
            if (filter_W[slot >> _6] >> (slot & _63)) & _ONE:
                place = _place(shingles_U, value)
                if place < len(shingles_U) and shingles_U[place] == value:
                    places_M[count], which_M[count], texts_M[count] = token - length + 1, place, text
                    count += 1
    return count


@numba.njit(nogil=True, cache=True)
def keep_firsts(which_M, texts_M, last_U):
    """Keep, in place, each shingle once a text; `last_U` is all -1. Returns how many are left."""
    count = 0
    for place in range(len(which_M)):
        which, text = which_M[place], texts_M[place]
        if last_U[which] != text:
            last_U[which], which_M[count], texts_M[count] = text, which, text
            count += 1
    return count


@numba.njit(nogil=True, cache=True)
def window_start(at_M, which_M, first_U, length, room):
    """Where the part of a text begins that lies along the diagonal of most shared runs, in bands of `room` two of which overlap."""
    most = 0
    for place in range(len(at_M)):
        most = max(most, (at_M[place] - first_U[which_M[place]] + length) // room)
    bands = np.zeros(most + 2, np.int64)
    for place in range(len(at_M)):
        band = (at_M[place] - first_U[which_M[place]] + length) // room
        bands[band] += 1
        bands[band + 1] += 1
    return (np.argmax(bands) - 1) * room - length


@numba.njit(nogil=True, cache=True)
def covered(number_S, found_U, length, content_T):
    """How many tokens of `content_T` stand in a run that is among the found ones, and how many of them in the best stretch of such runs."""
    whole = best = stretch = 0
    past = 0
    for token in range(len(content_T)):
        if token < len(number_S) and found_U[number_S[token]]:
            past = token + length
        if token >= past:
            stretch = 0
        elif content_T[token]:
            whole += 1
            stretch += 1
            best = max(best, stretch)
    return whole, best


@numba.njit(nogil=True, cache=True)
def common_subsequence(first_T, sorted_T, second_T):
    """Length of the longest common subsequence; `sorted_T` are the tokens of the first, sorted.

    64 tokens of the first at a time as the bits of one number, with the carries of each block kept for the next.
    """
    numbers = np.empty(len(second_T), np.int64)
    for at in range(len(second_T)):
        place = _place(sorted_T, second_T[at])
        found = place < len(sorted_T) and sorted_T[place] == second_T[at]
        numbers[at] = place if found else -1
    carries = np.zeros(len(second_T), np.uint64)
    masks = np.zeros(len(sorted_T), np.uint64)
    length = 0
    for begin in range(0, len(first_T), 64):
        size = min(64, len(first_T) - begin)
        masks[:] = U64(0)
        for bit in range(size):
            masks[_place(sorted_T, first_T[begin + bit])] |= _ONE << U64(bit)
        state = _FULL
        for at in range(len(second_T)):
            matched = state & masks[numbers[at]] if numbers[at] >= 0 else U64(0)
            part = state + matched
            total = part + carries[at]
            carries[at] = _ONE if part < state or total < part else U64(0)
            state = total | (state ^ matched)
        for bit in range(size):
            length += 0 if (state >> U64(bit)) & _ONE else 1
    return length
