"""Tokens and shingles over UTF-8 bytes, compiled; what the numbers mean is said in danlu.text.shingles.

Every function stands in this one file, since numba does not see a change of a helper elsewhere.
Letters in shapes: B bytes, D texts, T tokens, S shingles.
"""

import numba
import numpy as np

U64, U32 = np.uint64, np.uint32
_LETTER_BASE, _TOKEN_BASE = U64(0x9E3779B97F4A7C15), U64(0xD6E8FEB86659FD93)
_FIRST, _SECOND = U64(0xBF58476D1CE4E5B9), U64(0x94D049BB133111EB)
_SEPARATOR, _WORD, _ALONE, _DROPPED = 0, 1, 2, 3
CODE_BITS = 21
"""A character's entry in the table: the code point it folds to, two bits for its kind, one for `slow`."""
_CODE = U32((1 << CODE_BITS) - 1)
_KIND, _SLOW = U32(CODE_BITS), U32(1 << (CODE_BITS + 2))


@numba.njit(inline="always")
def _scramble(value):
    value = (value ^ (value >> U64(30))) * _FIRST
    value = (value ^ (value >> U64(27))) * _SECOND
    return value ^ (value >> U64(31))


@numba.njit(inline="always")
def _decode(text_B, at):
    """The code point at a byte, and how many bytes it takes. The bytes are known to be UTF-8 (or lone surrogates)."""
    first = U32(text_B[at])
    if first < 0x80:
        return first, 1
    second = U32(text_B[at + 1]) & U32(0x3F)
    if first < 0xE0:
        return ((first & U32(0x1F)) << U32(6)) | second, 2
    third = U32(text_B[at + 2]) & U32(0x3F)
    if first < 0xF0:
        return ((first & U32(0x0F)) << U32(12)) | (second << U32(6)) | third, 3
    fourth = U32(text_B[at + 3]) & U32(0x3F)
    return ((first & U32(0x07)) << U32(18)) | (second << U32(12)) | (third << U32(6)) | fourth, 4


@numba.njit(nogil=True, cache=True)
def hash_tokens(text_B, starts_D, ends_D, table, tokens_T, token_starts_D, slow_D, begins_T, ends_T):
    """Fill the tokens of every text one after the other; a text with a slow character gets none and is marked.

    Where each token begins and ends, in code points of its text, goes to `begins_T` and `ends_T`; with None, numba compiles
    the kernel without them. Returns how many tokens there are.
    """
    count = 0
    for text in range(len(starts_D)):
        token_starts_D[text] = count
        first = count
        at, end, value, power = starts_D[text], ends_D[text], U64(0), U64(1)
        in_word, place = False, 0
        begin = past = 0
        while at < end:
            code, size = _decode(text_B, at)
            at += size
            place += 1
            entry = table[code]
            if entry & _SLOW:
                slow_D[text] = True
                break
            code, kind = entry & _CODE, entry >> _KIND
            if kind == _WORD:
                value += U64(code) * power
                power *= _LETTER_BASE
                if not in_word:
                    begin = place - 1
                in_word, past = True, place
            elif kind != _DROPPED:
                if in_word:
                    tokens_T[count] = _scramble(value)
                    if begins_T is not None:
                        begins_T[count], ends_T[count] = begin, past
                    count, value, power, in_word = count + 1, U64(0), U64(1), False
                if kind == _ALONE:
                    tokens_T[count] = _scramble(U64(code))
                    if begins_T is not None:
                        begins_T[count], ends_T[count] = place - 1, place
                    count += 1
        if slow_D[text]:
            count = first
        elif in_word:
            tokens_T[count] = _scramble(value)
            if begins_T is not None:
                begins_T[count], ends_T[count] = begin, past
            count += 1
    token_starts_D[len(starts_D)] = count
    return count


@numba.njit(nogil=True, cache=True)
def hash_shingles(tokens_T, starts_D, length, short_counts, shingles_S, shingle_starts_D):
    """Fill every run of `length` tokens of each text; returns how many there are.

    With `short_counts`, a text of fewer tokens is one shingle, and none when it has no token.
    """
    leaving = U64(1)
    for _ in range(length):
        leaving *= _TOKEN_BASE
    count = 0
    for text in range(len(starts_D) - 1):
        shingle_starts_D[text] = count
        start, tokens = starts_D[text], starts_D[text + 1] - starts_D[text]
        value = U64(0)
        for token in range(tokens):
            value = value * _TOKEN_BASE + tokens_T[start + token]
            if token >= length:
                value -= tokens_T[start + token - length] * leaving
            if token >= length - 1:
                shingles_S[count] = value
                count += 1
        if short_counts and 0 < tokens < length:
            shingles_S[count] = value
            count += 1
    shingle_starts_D[len(starts_D) - 1] = count
    return count
