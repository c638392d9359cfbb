"""Byte-level BPE over UTF-8 bytes, compiled; what the tables hold is said in danlu.model.bulk_tables.

Merging is not simulated. A sequence of tokens is the one that merging gives exactly when every two neighbours are what merging
gives for their own bytes, so the longest token is tried first, then its longest prefix, and what fits to no token is taken back
(van Antwerpen & Neubeck 2024, "So many tokens, so little time": linear in the text, where merging a long run of Han
characters is not).

Every function stands in this one file, since numba does not see a change of a helper elsewhere.
Letters in shapes: B bytes, D texts, T tokens, V tokens of the vocabulary by rank, S slots of a table.
"""

import numba
import numpy as np

U32, U64 = np.uint32, np.uint64
OTHER, LETTER, NUMBER, SPACE, BREAK = 0, 1, 2, 3, 4
"""Kinds of characters; the bits above say more."""
KIND, DIGIT, UNSURE = 7, 8, 16
"""DIGIT is cut out first where a tokenizer does so; a text with an UNSURE character may be changed by normalisation."""
_MIX = U64(0x9E3779B97F4A7C15)
_MEMO_BITS = 15
_MEMO_SHIFT = U64(64 - _MEMO_BITS)
_NEVER = 0x7FFFFFFF
_LONG_S = 0x17F


@numba.njit(inline="always")
def _decode(text_B, at):
    """The code point at a byte, and how many bytes it takes. The bytes are known to be UTF-8."""
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


@numba.njit
def _kind(text_B, at, end, kinds):
    """The kind of the character at a byte and the byte behind it; -1 at the end."""
    if at >= end:
        return -1, at
    code, size = _decode(text_B, at)
    return kinds[code] & KIND, at + size


@numba.njit
def _run(text_B, at, end, kinds, wanted):
    """Where a run of characters of one kind ends."""
    while at < end:
        code, size = _decode(text_B, at)
        if kinds[code] & KIND != wanted:
            break
        at += size
    return at


@numba.njit
def _first_of(text_B, at, end, kinds, flag):
    """Where the first character stands that has a flag; `end` when none has."""
    while at < end:
        code, size = _decode(text_B, at)
        if kinds[code] & flag:
            return at
        at += size
    return end


@numba.njit
def _contraction(text_B, at, end, fold):
    """Where 's, 't, 're, 've, 'm, 'll or 'd ends that begins at a byte; that byte when none does."""
    if at + 1 >= end:
        return at
    code, size = _decode(text_B, at + 1)
    if fold and code == _LONG_S:  # case-folded, the long s is an s
        return at + 1 + size
    case = U32(0x20) if fold else U32(0)
    first = code | case if 0x41 <= code < 0x80 else code
    if first == 0x73 or first == 0x74 or first == 0x6D or first == 0x64:
        return at + 2
    if at + 2 >= end:
        return at
    second = U32(text_B[at + 2])
    second = second | case if 0x41 <= second < 0x80 else second
    if (first == 0x72 or first == 0x76) and second == 0x65:
        return at + 3
    return at + 3 if first == 0x6C and second == 0x6C else at


@numba.njit
def _end_of_space(text_B, at, end, kinds, line_breaks):
    r"""Where the piece ends that begins with white space: `\s*[\r\n]+`, `\s+(?!\S)` or `\s+`."""
    last = past_break = place = at
    while place < end:
        code, size = _decode(text_B, place)
        kind = kinds[code] & KIND
        if kind != SPACE and kind != BREAK:
            break
        last = place
        place += size
        if kind == BREAK:
            past_break = place
    if line_breaks and past_break > at:
        return past_break
    return place if place == end or last == at else last


@numba.njit
def _end_of_piece(text_B, at, end, kinds, any_before_letters, most_digits, line_breaks, fold):
    """Where the piece ends that begins at a byte."""
    byte = text_B[at]
    if byte == 0x27:
        past = _contraction(text_B, at, end, fold)
        if past > at:
            return past
    kind, after = _kind(text_B, at, end, kinds)
    if kind == LETTER:
        return _run(text_B, after, end, kinds, LETTER)
    if kind == NUMBER and most_digits:
        digits = 1
        while digits < most_digits:
            following, past = _kind(text_B, after, end, kinds)
            if following != NUMBER:
                break
            after, digits = past, digits + 1
        return after
    if kind == NUMBER:
        return _run(text_B, after, end, kinds, NUMBER)
    following, past = _kind(text_B, after, end, kinds)
    if following == LETTER and (byte == 0x20 or (any_before_letters and kind != BREAK)):
        return _run(text_B, past, end, kinds, LETTER)
    if following == NUMBER and byte == 0x20 and most_digits == 0:
        return _run(text_B, past, end, kinds, NUMBER)
    if kind == OTHER or (byte == 0x20 and following == OTHER):
        after = _run(text_B, after, end, kinds, OTHER)
        return _run(text_B, after, end, kinds, BREAK) if line_breaks else after
    return _end_of_space(text_B, at, end, kinds, line_breaks)


@numba.njit
def _merged(left, right, pairs_S, shift, mask):
    """The rank of the token that merging makes of two; a rank above all when it does not."""
    key = (np.int64(left) << 32) | np.int64(right)
    slot = np.int64((U64(key) * _MIX) >> shift)
    while pairs_S[slot, 0] != key:
        if pairs_S[slot, 0] < 0:
            return np.int64(_NEVER)
        slot = (slot + 1) & mask
    return pairs_S[slot, 1]


@numba.njit
def _stand_together(left, right, parts_V, pairs_S, shift, mask):
    """Whether merging leaves two tokens as they are when one follows the other.

    Merges are undone, the last one first. None of the pairs that stood at the border on the way may be merged earlier than
    what merging did there; of two equal pairs the left one is merged first. A byte ranks below every merge.
    """
    limit = np.int64(_NEVER)
    while True:
        if _merged(left, right, pairs_S, shift, mask) < limit:
            return False
        if left > right:
            limit, inner = np.int64(left), parts_V[left, 1]
            if inner == left:
                return True
            left = inner
        else:
            limit, inner = np.int64(right) + 1, parts_V[right, 0]
            if inner == right:
                return True
            right = inner


@numba.njit
def _known_together(left, right, parts_V, pairs_S, shift, mask, memo_S):
    """`_stand_together`, remembered: most pairs come again soon."""
    key = (np.int64(left) << 32) | (np.int64(right) << 1)
    slot = np.int64((U64(key) * _MIX) >> _MEMO_SHIFT)
    if memo_S[slot] >> 1 == key >> 1:
        return memo_S[slot] & 1 == 1
    stands = _stand_together(left, right, parts_V, pairs_S, shift, mask)
    memo_S[slot] = key | np.int64(stands)
    return stands


@numba.njit
def _longest(text_B, at, end, trie_S, whole):
    """The longest token that begins at a byte and ends no later than `end`.

    With `whole`, one that merging never makes counts where it ends right there.
    """
    node, found, tokens = np.int32(0), np.int32(-1), trie_S[0, 3]
    while at < end:
        step = trie_S[node, 0] + np.int32(text_B[at])
        if trie_S[step, 1] != node:
            break
        node = step
        at += 1
        token = trie_S[node, 2]
        if token >= 0 and (token < tokens or (whole and at == end)):
            found = token
    return found


@numba.njit
def _encode_piece(text_B, at, end, trie_S, whole, parts_V, size_V, pairs_S, shift, mask, memo_S, dead_B, out_T, count):
    """Append the tokens of one piece of text to `out_T`, as ranks; returns how many tokens stand there now."""
    token = _longest(text_B, at, end, trie_S, whole)
    if at + size_V[token] == end:
        out_T[count] = token
        return count + 1
    if whole:
        token = _longest(text_B, at, end, trie_S, False)
    first, place = count, at
    dead_B[: end - at + 1] = False
    while place < end:
        while token >= 0:
            past = place + size_V[token]
            if not dead_B[past - at] and (
                count == first or _known_together(out_T[count - 1], token, parts_V, pairs_S, shift, mask, memo_S)
            ):
                break
            token = parts_V[token, 2]
        if token >= 0:
            out_T[count] = token
            count += 1
            place += size_V[token]
            token = _longest(text_B, place, end, trie_S, False)
        else:
            dead_B[place - at] = True
            count -= 1
            token = out_T[count]
            place -= size_V[token]
            token = parts_V[token, 2]
    return count


@numba.njit(nogil=True, cache=True)
def encode(
    text_B,
    starts_D,
    ends_D,
    kinds,
    split,
    trie_S,
    whole,
    parts_V,
    size_V,
    ids_V,
    pairs_S,
    shift,
    out_T,
    firsts_T,
    counts_D,
):
    """Fill `out_T` with the ids of every text, one text after the other, and `counts_D` with how many each has.

    `firsts_T` says which token begins a piece of the split.

    A text with a character that is UNSURE gets none, and the count -1. Returns the number of tokens.
    """
    any_before, most_digits, line_breaks, fold, digits_first, composed = split
    mask, count, longest = np.int64(len(pairs_S) - 1), 0, 0
    for text in range(len(starts_D)):
        longest = max(longest, ends_D[text] - starts_D[text])
    dead_B, memo_S = np.zeros(longest + 1, np.bool_), np.full(1 << _MEMO_BITS, -1, np.int64)
    for text in range(len(starts_D)):
        at, end, first = starts_D[text], ends_D[text], count
        if composed and _first_of(text_B, at, end, kinds, UNSURE) < end:
            counts_D[text] = -1
            continue
        digit = _first_of(text_B, at, end, kinds, DIGIT) if digits_first else end
        while at < end:
            if at == digit:
                past = at + _decode(text_B, at)[1]
                digit = _first_of(text_B, past, end, kinds, DIGIT)
            else:
                past = _end_of_piece(text_B, at, digit, kinds, any_before, most_digits, line_breaks, fold)
            start = count
            count = _encode_piece(
                text_B, at, past, trie_S, whole, parts_V, size_V, pairs_S, shift, mask, memo_S, dead_B, out_T, count
            )
            firsts_T[start] = True
            firsts_T[start + 1 : count] = False
            at = past
        for number in range(first, count):
            out_T[number] = ids_V[out_T[number]]
        counts_D[text] = count - first
    return count


@numba.njit(nogil=True, cache=True)
def merge_whole(symbols_T, count, pairs_S, shift):
    """Merge the tokens of one short text as byte-level BPE says, in place, one pair at a time: the slow and plain way.

    `pairs_S` (S, 3) holds two tokens, the rank of their merge and what it makes. Returns how many tokens are left, and the two
    tokens of the last merge with its rank, or -1.
    """
    mask, left, right, last = np.int64(len(pairs_S) - 1), np.int64(-1), np.int64(-1), np.int64(-1)
    while count > 1:
        best, place, made = np.int64(_NEVER), 0, np.int64(-1)
        for number in range(count - 1):
            key = (symbols_T[number] << 32) | symbols_T[number + 1]
            slot = np.int64((U64(key) * _MIX) >> shift)
            while pairs_S[slot, 0] != key and pairs_S[slot, 0] >= 0:
                slot = (slot + 1) & mask
            if pairs_S[slot, 0] == key and pairs_S[slot, 1] < best:
                best, place, made = pairs_S[slot, 1], number, pairs_S[slot, 2]
        if made < 0:
            break
        left, right, last = symbols_T[place], symbols_T[place + 1], best
        symbols_T[place] = made
        for number in range(place + 1, count - 1):
            symbols_T[number] = symbols_T[number + 1]
        count -= 1
    return count, left, right, last


@numba.njit(nogil=True, cache=True)
def put_pairs(keys_N, values_NK, pairs_S, shift):
    """Fill a table of pairs (S, 1 + K), whose free slots are -1; of equal keys the first stays."""
    mask = np.int64(len(pairs_S) - 1)
    for number in range(len(keys_N)):
        slot = np.int64((U64(keys_N[number]) * _MIX) >> shift)
        while pairs_S[slot, 0] >= 0 and pairs_S[slot, 0] != keys_N[number]:
            slot = (slot + 1) & mask
        if pairs_S[slot, 0] < 0:
            pairs_S[slot, 0] = keys_N[number]
            pairs_S[slot, 1:] = values_NK[number]


@numba.njit(nogil=True, cache=True)
def live_merges(bytes_B, starts_V, ends_V, byte_ids, pairs_S, shift, found_V):
    """For every token: the two parts and the rank of the merge that makes it from its own bytes (V, 3), or -1."""
    for token in range(len(starts_V)):
        size = ends_V[token] - starts_V[token]
        symbols_T = np.empty(max(size, 1), np.int64)
        for number in range(size):
            symbols_T[number] = byte_ids[bytes_B[starts_V[token] + number]]
        count, left, right, last = merge_whole(symbols_T, size, pairs_S, shift)
        found_V[token, :] = -1
        if count == 1 and size > 1 and symbols_T[0] == token:
            found_V[token, 0], found_V[token, 1], found_V[token, 2] = left, right, last


@numba.njit(nogil=True, cache=True)
def build_trie(bytes_B, starts_V, ends_V, order_V, trie_S):
    """A double-array trie (Aoe 1989) of tokens, given in the order of their bytes, into `trie_S` (S, 4), which is -1 throughout.

    Row: where the children lie (plus their byte), the parent, the token that ends here. Returns false when S is too small.
    """
    size = len(trie_S) - 256
    waiting = np.empty((len(order_V) + 1, 4), np.int64)
    waiting[0, 0], waiting[0, 1], waiting[0, 2], waiting[0, 3] = 0, 0, len(order_V), 0
    held, free = 1, 1
    while held:
        held -= 1
        node, low, high, depth = waiting[held, 0], waiting[held, 1], waiting[held, 2], waiting[held, 3]
        trie_S[node, 0] = 0
        while low < high and ends_V[order_V[low]] - starts_V[order_V[low]] == depth:
            trie_S[node, 2] = order_V[low]
            low += 1
        if low == high:
            continue
        while free < size and trie_S[free, 1] >= 0:
            free += 1
        base = _room(bytes_B, starts_V, order_V, low, high, depth, trie_S, free, size)
        if base < 0:
            return False
        trie_S[node, 0] = base
        while low < high:
            byte, start = bytes_B[starts_V[order_V[low]] + depth], low
            while low < high and bytes_B[starts_V[order_V[low]] + depth] == byte:
                low += 1
            child = base + byte
            trie_S[child, 1] = node
            waiting[held, 0], waiting[held, 1], waiting[held, 2], waiting[held, 3] = child, start, low, depth + 1
            held += 1
    return True


@numba.njit
def _room(bytes_B, starts_V, order_V, low, high, depth, trie_S, free, size):
    """The first place where the children of a node find their slots free; -1 when there is none."""
    first = np.int64(bytes_B[starts_V[order_V[low]] + depth])
    place = free
    while place < size:
        base = place - first
        fits = base >= 0
        for number in range(low, high):
            if not fits:
                break
            fits = trie_S[base + np.int64(bytes_B[starts_V[order_V[number]] + depth]), 1] < 0
        if fits:
            return base
        place += 1
    return np.int64(-1)
