"""The kernels that count the columns of danlu.text.quality, over UTF-8 bytes; what each column means is said there.

All of them stand in this one file: numba does not see a change of a helper in another one. Wherever a 64-bit hash meets a
number, the number is wrapped: numba makes a signed integer of `uint64 + 1`.

Letters in shapes: D texts, K columns, B bytes, T tokens, N lines, W stop words, M places for hashes.
"""

import numba
import numpy as np

from danlu.text.characters import (
    COMMON,
    CYRILLIC,
    DIGIT,
    GARBLED,
    GREEK,
    HAN,
    LATIN,
    LETTER,
    SIMPLIFIED,
    SPACE,
    SYMBOL,
    TERMINAL,
    TRADITIONAL,
    UPPER,
    WORD,
)

U64 = np.uint64
_MULTIPLY, _SCRAMBLE = U64(0x9E3779B97F4A7C15), U64(0xBF58476D1CE4E5B9)
_29, _31 = U64(29), U64(31)
STOP_SHIFT = U64(64 - 12)
"""Leaves the first bits of a hash, by which words that are no stop words are told quickly."""
_SHORT = 2**16
"""Bytes: the tokens of longer texts are counted before memory is taken for them."""
_LONGEST = 10
"""Tokens of the longest runs."""
(
    _CHARACTERS, _TOKENS, _WORDS, _WORD_CHARACTERS, _LETTER_TOKENS, _STOP_WORDS_EN, _STOP_WORDS_ZH, _HASHES, _ELLIPSES,
    _NEW_LINES, _LINES, _BULLET_LINES, _ELLIPSIS_LINES, _FILLED_LINES, _REPEATED_LINES, _REPEATED_LINE_CHARACTERS,
    _CONTENT_LINES, _ENDED_LINES, _SHORT_LINES, _REPEATED_CONTENT,
    _PARAGRAPHS, _REPEATED_PARAGRAPHS, _REPEATED_PARAGRAPH_CHARACTERS, _TOP_2,
) = range(24)  # fmt: skip
_REPEATED_5 = _TOP_2 + 3
_HAN, _DIGITS, _CAPITALS, _GARBLED, _SIMPLIFIED, _TRADITIONAL, _LONGEST_TOKEN = range(32, 39)
_SENTENCES, _CURLY_BRACKETS, _LOREM_IPSUM, _COMMON_HAN, _MIXED_TOKENS, _LONGEST_LINE, _LONGEST_RUN = range(39, 46)
_LOREM = np.frombuffer(b"lorem ipsum", np.uint8)
_WIDE = 0x3000
_BLANK, _ENDED, _BULLET, _ELLIPSIS = 1, 2, 4, 8


@numba.njit(inline="always")
def _decode(text_B, at):
    """The code point at a byte, and how many bytes it takes. The bytes are known to be UTF-8."""
    first = np.uint32(text_B[at])
    if first < 0x80:
        return first, 1
    second = np.uint32(text_B[at + 1]) & np.uint32(0x3F)
    if first < 0xE0:
        return ((first & np.uint32(0x1F)) << np.uint32(6)) | second, 2
    third = np.uint32(text_B[at + 2]) & np.uint32(0x3F)
    if first < 0xF0:
        return ((first & np.uint32(0x0F)) << np.uint32(12)) | (second << np.uint32(6)) | third, 3
    fourth = np.uint32(text_B[at + 3]) & np.uint32(0x3F)
    high = ((first & np.uint32(0x07)) << np.uint32(18)) | (second << np.uint32(12))
    return high | (third << np.uint32(6)) | fourth, 4


@numba.njit(inline="always")
def _join(hashed, value):
    mixed = (hashed ^ (hashed >> _31)) * _SCRAMBLE + value
    return (mixed ^ (mixed >> _29)) * _MULTIPLY


@numba.njit(inline="always")
def hash_letter(hashed, code):
    """The hash of a word with one more letter."""
    mixed = (hashed ^ U64(code)) * _MULTIPLY
    return mixed ^ (mixed >> _29)


@numba.njit(nogil=True, cache=True)
def _hash_bytes(text_B, start, end):
    hashed, word, filled = U64(end - start), U64(0), 0
    for at in range(start, end):
        word |= U64(text_B[at]) << U64(8 * filled)
        filled += 1
        if filled == 8:
            hashed, word, filled = _join(hashed, word), U64(0), 0
    return _join(hashed, word)


@numba.njit(nogil=True, cache=True)
def _strip(text_B, start, end, flags):
    """The bytes between the white space at both ends."""
    while start < end:
        code, size = _decode(text_B, start)
        if not flags[code] & SPACE:
            break
        start += size
    while start < end:
        at = end - 1
        while text_B[at] & 0xC0 == 0x80:
            at -= 1
        code, size = _decode(text_B, at)
        if not flags[code] & SPACE:
            break
        end = at
    return start, end


@numba.njit(inline="always")
def _closes(code):
    """Quotes and brackets that may stand behind the end of a sentence."""
    return (
        code == 0x22 or code == 0x27 or code == 0x29 or code == 0x5D or code == 0x201D or code == 0x2019
        or code == 0x300D or code == 0x300F or code == 0xFF09 or code == 0x300B
    )  # fmt: skip


@numba.njit(inline="always")
def _is_lorem(text_B, at, end):
    if at + len(_LOREM) > end:
        return False
    for offset in range(len(_LOREM)):  # noqa: SIM110  numba compiles no generator
        if text_B[at + offset] | 0x20 != _LOREM[offset]:
            return False
    return True


@numba.njit(inline="always")
def _is_mixed(word_flags):
    """Whether a word has letters of two alphabets."""
    return ((word_flags & LATIN) != 0) + ((word_flags & GREEK) != 0) + ((word_flags & CYRILLIC) != 0) > 1


@numba.njit(inline="always")
def _keep_word(token_hashes_T, token_lengths_T, token_flags_T, token, word_hash, length, flags, is_all_symbols):
    token_hashes_T[token], token_lengths_T[token] = word_hash, length
    token_flags_T[token] = (flags & LETTER) | (SYMBOL if is_all_symbols else 0)


@numba.njit(inline="always")
def _keep_line(lines_N4, line, start, end, characters, flags, last, ends_in_dots):
    lines_N4[line, 0], lines_N4[line, 1], lines_N4[line, 2] = start, end, characters
    lines_N4[line, 3] = flags | (_ENDED if last & TERMINAL else 0) | (_ELLIPSIS if ends_in_dots else 0)


@numba.njit(inline="always")
def _in_sentence(code, kind, ending, is_open):
    """The state of a sentence behind a character, and how many it ended.

    A sentence ends behind a mark that white space follows (`ending` is 1), or behind a wide one (2).
    """
    if kind & SPACE:
        ended = is_open and (ending != 0 or code == 10)
        return 0, is_open and not ended, 1 if ended else 0
    if kind & TERMINAL:
        return (2 if code >= _WIDE else max(ending, 1)), True, 0
    if ending == 0:
        return 0, True, 0
    if _closes(code):
        return ending, is_open, 0
    return 0, True, 1 if ending == 2 else 0


@numba.njit(inline="always")
def _in_dots(code, dots, run_of_dots):
    """Dots towards the next ellipsis, dots at the end of the line so far, whether it ends in an ellipsis, and ellipses begun."""
    if code != 46:
        return 0, 0, code == 0x2026, 1 if code == 0x2026 else 0
    dots, run_of_dots = dots + 1, run_of_dots + 1
    return (0 if dots == 3 else dots), run_of_dots, run_of_dots >= 3, 1 if dots == 3 else 0


@numba.njit(nogil=True, cache=True)
def _scan(text_B, start, end, flags, token_hashes_T, token_lengths_T, token_flags_T, lines_N4, out_K):
    """Tokens and lines of one text, and the counts that need no memory. Returns how many of each.

    One long loop over local variables: it is most of what quality costs, and numba keeps these in registers. What is
    left of a line without an end is a sentence too.
    """
    tokens = lines = 0
    word_hash, word_length, word_flags, is_all_symbols, is_mixed = U64(0), 0, np.uint16(0), True, False
    line_start, line_characters, line_flags, last = start, 0, _BLANK, np.uint16(0)
    dots, run_of_dots, ends_in_dots = 0, 0, False
    characters = hashes = ellipses = han = digits = capitals = garbled = simplified = traditional = common = 0
    run = longest_run = sentences = brackets = lorem = mixed = ending = 0
    is_open = False
    at = start
    while at < end:
        code, size = _decode(text_B, at)
        kind = flags[code]
        characters += 1
        if kind & WORD:
            if kind & LETTER:
                is_mixed |= (last & DIGIT) != 0 and (word_flags & LETTER) != 0
                if code | 0x20 == 0x6C:
                    lorem += _is_lorem(text_B, at, end)
            word_hash = hash_letter(word_hash, code)
            word_length += 1
            word_flags |= kind
            if not kind & SYMBOL:
                is_all_symbols = False
        elif word_length:
            _keep_word(
                token_hashes_T,
                token_lengths_T,
                token_flags_T,
                tokens,
                word_hash,
                word_length,
                word_flags,
                is_all_symbols,
            )
            tokens += 1
            mixed += is_mixed or _is_mixed(word_flags)
            word_hash, word_length, word_flags, is_all_symbols, is_mixed = U64(0), 0, np.uint16(0), True, False
        if kind & (DIGIT | UPPER | GARBLED | HAN):
            digits += (kind & DIGIT) != 0
            capitals += (kind & UPPER) != 0
            garbled += (kind & GARBLED) != 0
            han += (kind & HAN) != 0
            simplified += (kind & SIMPLIFIED) != 0
            traditional += (kind & TRADITIONAL) != 0
            common += (kind & COMMON) != 0
        ending, is_open, ended = _in_sentence(code, kind, ending, is_open)
        sentences += ended
        run = 0 if kind & SPACE else run + 1
        longest_run = max(longest_run, run)
        if code == 10:
            _keep_line(lines_N4, lines, line_start, at, line_characters, line_flags, last, ends_in_dots)
            lines += 1
            line_start, line_characters, line_flags, last = at + 1, 0, _BLANK, np.uint16(0)
            dots, run_of_dots, ends_in_dots = 0, 0, False
        else:
            line_characters += 1
            if kind & SPACE:
                dots = 0
            else:
                if last & SPACE:
                    run_of_dots = 0
                if line_flags & _BLANK:
                    line_flags = _BULLET if code == 0x2022 or code == 45 else 0
                dots, run_of_dots, ends_in_dots, begun = _in_dots(code, dots, run_of_dots)
                ellipses += begun
                hashes += code == 35
                if not kind & WORD:
                    brackets += code == 0x7B
                    token_hashes_T[tokens], token_lengths_T[tokens] = hash_letter(U64(0), code), 1
                    token_flags_T[tokens] = kind & (LETTER | SYMBOL)
                    tokens += 1
            last = kind
        at += size
    if word_length:
        _keep_word(
            token_hashes_T, token_lengths_T, token_flags_T, tokens, word_hash, word_length, word_flags, is_all_symbols
        )
        tokens += 1
        mixed += is_mixed or _is_mixed(word_flags)
    _keep_line(lines_N4, lines, line_start, end, line_characters, line_flags, last, ends_in_dots)
    lines += 1
    out_K[_CHARACTERS], out_K[_HASHES], out_K[_ELLIPSES] = characters, hashes, ellipses
    out_K[_NEW_LINES], out_K[_LINES] = lines - 1, lines
    out_K[_HAN], out_K[_DIGITS], out_K[_CAPITALS], out_K[_GARBLED] = han, digits, capitals, garbled
    out_K[_SIMPLIFIED], out_K[_TRADITIONAL], out_K[_COMMON_HAN] = simplified, traditional, common
    out_K[_SENTENCES], out_K[_CURLY_BRACKETS], out_K[_LOREM_IPSUM] = sentences + is_open, brackets, lorem
    out_K[_MIXED_TOKENS], out_K[_LONGEST_RUN] = mixed, longest_run
    return tokens, lines


@numba.njit(nogil=True, cache=True)
def _count_words(token_lengths_T, token_flags_T, tokens, out_K):
    letter_tokens = words = word_characters = longest = 0
    for token in range(tokens):
        letter_tokens += (token_flags_T[token] & LETTER) != 0
        longest = max(longest, token_lengths_T[token])
        if not token_flags_T[token] & SYMBOL:
            words += 1
            word_characters += token_lengths_T[token]
    out_K[_TOKENS], out_K[_WORDS], out_K[_WORD_CHARACTERS] = tokens, words, word_characters
    out_K[_LETTER_TOKENS], out_K[_LONGEST_TOKEN] = letter_tokens, longest


@numba.njit(nogil=True, cache=True)
def _count_scratch(text_B, start, end, flags):
    """Upper bounds of the tokens and lines of one text."""
    tokens, lines, in_word = 0, 1, False
    at = start
    while at < end:
        code, size = _decode(text_B, at)
        is_word = flags[code] & WORD != 0
        tokens += not (is_word and in_word) and not flags[code] & SPACE
        lines += code == 10
        in_word = is_word
        at += size
    return tokens, lines


@numba.njit(inline="always")
def _cleared(counts, wanted):
    """The smallest table of a power of two that leaves half of its places free, emptied; returns the mask of its places."""
    size = 8
    while size < 2 * wanted:
        size *= 2
    counts[:size] = 0
    return size - 1


@numba.njit(inline="always")
def _place(hashes, counts, mask, hashed):
    """Where a hash stands in an open-addressed table, or the free place for it."""
    place = np.int64(hashed >> U64(20)) & mask
    while counts[place] != 0 and hashes[place] != hashed:
        place = (place + 1) & mask
    return place


@numba.njit(nogil=True, cache=True)
def _count_lines(text_B, lines_N4, lines, short, hashes, counts, out_K):
    filled = repeated = repeated_characters = content = ended = short_lines = repeated_content = bullets = ellipses = 0
    longest = 0
    mask = _cleared(counts, lines)
    for line in range(lines):
        length, line_flags = lines_N4[line, 2], lines_N4[line, 3]
        if not length:
            continue
        filled += 1
        longest = max(longest, length)
        hashed = _hash_bytes(text_B, lines_N4[line, 0], lines_N4[line, 1])
        place = _place(hashes, counts, mask, hashed)
        is_repeated = counts[place] != 0
        hashes[place], counts[place] = hashed, 1
        repeated += is_repeated
        repeated_characters += length if is_repeated else 0
        if not line_flags & _BLANK:
            content += 1
            ended += (line_flags & _ENDED) != 0
            bullets += (line_flags & _BULLET) != 0
            ellipses += (line_flags & _ELLIPSIS) != 0
            short_lines += length <= short
            repeated_content += length if is_repeated else 0
    out_K[_FILLED_LINES], out_K[_REPEATED_LINES], out_K[_REPEATED_LINE_CHARACTERS] = (
        filled,
        repeated,
        repeated_characters,
    )
    out_K[_CONTENT_LINES], out_K[_ENDED_LINES], out_K[_SHORT_LINES], out_K[_REPEATED_CONTENT] = (
        content,
        ended,
        short_lines,
        repeated_content,
    )
    out_K[_BULLET_LINES], out_K[_ELLIPSIS_LINES], out_K[_LONGEST_LINE] = bullets, ellipses, longest


@numba.njit(nogil=True, cache=True)
def _count_paragraphs(text_B, lines_N4, lines, hashes, counts, out_K):
    """Paragraphs are lines in a row that hold a character."""
    paragraphs = repeated = repeated_characters = 0
    mask = _cleared(counts, lines)
    line = 0
    while line < lines:
        if not lines_N4[line, 2]:
            line += 1
            continue
        first, length = line, -1
        while line < lines and lines_N4[line, 2]:
            length += lines_N4[line, 2] + 1
            line += 1
        paragraphs += 1
        hashed = _hash_bytes(text_B, lines_N4[first, 0], lines_N4[line - 1, 1])
        place = _place(hashes, counts, mask, hashed)
        if counts[place]:
            repeated += 1
            repeated_characters += length
        hashes[place], counts[place] = hashed, 1
    out_K[_PARAGRAPHS], out_K[_REPEATED_PARAGRAPHS] = paragraphs, repeated
    out_K[_REPEATED_PARAGRAPH_CHARACTERS] = repeated_characters


@numba.njit(nogil=True, cache=True)
def _count_runs(token_hashes_T, token_lengths_T, tokens, ends_T, at_T, run_hashes_T, places_T, hashes, counts, out_K):
    """Runs of 2 to 10 tokens. `at_T` holds where those runs start whose first tokens stand somewhere else too."""
    ends_T[0] = 0
    for token in range(tokens):
        ends_T[token + 1] = ends_T[token] + token_lengths_T[token]
        run_hashes_T[token], at_T[token] = token_hashes_T[token], token
    left = tokens
    for length in range(2, _LONGEST + 1):
        while left and at_T[left - 1] + length > tokens:
            left -= 1
        mask = _cleared(counts, left)
        most = 1
        for number in range(left):
            start = at_T[number]
            hashed = _join(run_hashes_T[start], token_hashes_T[start + length - 1])
            run_hashes_T[start] = hashed
            place = _place(hashes, counts, mask, hashed)
            hashes[place] = hashed
            counts[place] += 1
            places_T[number] = place
            most = max(most, counts[place])
        if length <= 4:
            out_K[_TOP_2 + length - 2] = _top(ends_T, at_T, places_T, counts, left, most, length, tokens)
        else:
            out_K[_REPEATED_5 + length - 5] = _repeated(ends_T, at_T, places_T, counts, left, length)
        left = _keep_repeated(at_T, places_T, counts, left)


@numba.njit(nogil=True, cache=True)
def _top(ends_T, at_T, places_T, counts, left, most, length, tokens):
    if tokens < length:
        return 0
    if most == 1:
        return ends_T[length] + length - 1
    for number in range(left):
        if counts[places_T[number]] == most:
            start = at_T[number]
            return most * (ends_T[start + length] - ends_T[start] + length - 1)
    return 0


@numba.njit(nogil=True, cache=True)
def _repeated(ends_T, at_T, places_T, counts, left, length):
    """A count turns negative where its run was read; one that stands alone stays what it is."""
    characters = next_start = 0
    for number in range(left):
        start, place = at_T[number], places_T[number]
        if start < next_start or -2 < counts[place] < 2:
            continue
        if counts[place] < 0:
            characters += ends_T[start + length] - ends_T[start]
            next_start = start + length
        else:
            counts[place] = -counts[place]
    return characters


@numba.njit(nogil=True, cache=True)
def _keep_repeated(at_T, places_T, counts, left):
    kept = 0
    for number in range(left):
        if not -2 < counts[places_T[number]] < 2:
            at_T[kept] = at_T[number]
            kept += 1
    return kept


@numba.njit(nogil=True, cache=True)
def _count_stop_words(token_hashes_T, tokens, stop_words_W, stop_columns_W, maybe_stop_M, out_K):
    seen = 0
    for token in range(tokens):
        hashed = token_hashes_T[token]
        if maybe_stop_M[hashed >> STOP_SHIFT]:
            for word in range(len(stop_words_W)):
                if stop_words_W[word] == hashed and not seen >> word & 1:
                    seen |= 1 << word
                    out_K[stop_columns_W[word]] += 1


@numba.njit(nogil=True, cache=True)
def measure_texts(text_B, starts_D, ends_D, flags, stop_words_W, stop_columns_W, maybe_stop_M, short, out_DK):
    """Fill the columns of every text. Holds 60 to 80 bytes for each token of the longest one."""
    most_tokens = most_lines = 1
    for text in range(len(starts_D)):
        size = ends_D[text] - starts_D[text]
        if size > most_tokens or size >= most_lines:  # a shorter text may have more lines than a long one
            tokens, lines = (
                (size, size + 1) if size <= _SHORT else _count_scratch(text_B, starts_D[text], ends_D[text], flags)
            )
            most_tokens, most_lines = max(most_tokens, tokens), max(most_lines, lines)
    places = 8
    while places < 2 * max(most_tokens, most_lines):
        places *= 2
    hashes, counts = np.empty(places, np.uint64), np.empty(places, np.int32)
    token_hashes, token_lengths = np.empty(most_tokens, np.uint64), np.empty(most_tokens, np.int32)
    token_flags, run_hashes = np.empty(most_tokens, np.uint16), np.empty(most_tokens, np.uint64)
    at, found, ends = (
        np.empty(most_tokens, np.int32),
        np.empty(most_tokens, np.int32),
        np.empty(most_tokens + 1, np.int32),
    )
    lines_N4 = np.empty((most_lines, 4), np.int64)
    for text in range(len(starts_D)):
        start, end = _strip(text_B, starts_D[text], ends_D[text], flags)
        out_K = out_DK[text]
        tokens, lines = _scan(text_B, start, end, flags, token_hashes, token_lengths, token_flags, lines_N4, out_K)
        _count_words(token_lengths, token_flags, tokens, out_K)
        _count_stop_words(token_hashes, tokens, stop_words_W, stop_columns_W, maybe_stop_M, out_K)
        _count_lines(text_B, lines_N4, lines, short, hashes, counts, out_K)
        _count_paragraphs(text_B, lines_N4, lines, hashes, counts, out_K)
        _count_runs(token_hashes, token_lengths, tokens, ends, at, run_hashes, found, hashes, counts, out_K)
