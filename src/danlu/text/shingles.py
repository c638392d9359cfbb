"""Shingles: every run of n tokens of a text as one 64-bit number, for whole batches of texts at once.

Text is normalised first: NFKC, case folded, NFKC again; format characters (zero-width spaces, soft hyphens) and variation
selectors dropped; everything that is neither letter, digit, combining mark nor `_` only separates. A token is then a run of
letters, digits, marks and `_`; a character of a script that is written without spaces (Han, kana, Thai, Lao, Burmese,
Khmer) is a token of its own. The words of `danlu.text.segment` are for finding; here texts are compared token by token,
and a dictionary's words would change with one edit beside them.

Letters in shapes: B bytes of a batch, T tokens, S shingles, D texts.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danlu.text import shingle_kernels
from danlu.text.arrow import offsets_and_bytes
from danlu.text.language import HAN
from danlu.text.shingle_kernels import CODE_BITS

U64 = NDArray[np.uint64]
U32 = NDArray[np.uint32]
Bytes = NDArray[np.uint8]
I64 = NDArray[np.int64]

LETTER_BASE = 0x9E3779B97F4A7C15
"""A token of code points c0 c1 ... is scramble(sum of c_k * LETTER_BASE**k), modulo 2**64."""
TOKEN_BASE = 0xD6E8FEB86659FD93
"""A shingle of tokens t0 ... t(n-1) is the sum of t_k * TOKEN_BASE**(n-1-k), modulo 2**64."""

SEPARATOR, WORD, ALONE, DROPPED = range(4)
"""Kinds of characters: it ends tokens, is part of a word, is a token by itself, or is as if it were not there."""
_ALONE_CHARACTER = re.compile(
    f"[{HAN}\u3007\u3041-\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u0e01-\u0e3a\u0e40-\u0e4e\u0e50-\u0e59\u0e81-\u0ede\u1000-\u1049\u1050-\u1089\u1780-\u17d3\u17e0-\u17e9]"
)
_CODE_POINTS = 0x110000
_IDEOGRAPHS = (slice(0x3400, 0x4DC0), slice(0x4E00, 0xA000), slice(0x20000, 0x2F800), slice(0x2FA20, 0x40000))
"""Characters that fold to themselves."""
_VARIED = (
    range(0x3400),
    range(0x4DC0, 0x4E00),
    range(0xA000, 0x20000),
    range(0x2F800, 0x2FA20),
    range(0xE0000, 0xE0200),
)
"""Everywhere else there is nothing but unassigned and private characters, which separate."""
_NEEDS_NEIGHBOURS = re.compile("[\u1100-\u11ff]")
"""Parts of Korean syllables compose as combining marks do, without being marks."""


class Hashes(NamedTuple):
    """Hashes of the tokens, or of the shingles, of several texts, one text after the other."""

    values: U64
    """T or S."""
    starts: I64
    """D + 1: text i has `values[starts[i] : starts[i + 1]]`."""

    def of(self, text: int) -> U64:
        """Those of one text."""
        return self.values[self.starts[text] : self.starts[text + 1]]

    def owners(self) -> I64:
        """Which text each value belongs to."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


def fold(text: str) -> str:
    """NFKC, case folded, NFKC again, invisible characters dropped; white space and punctuation are still there."""
    if text.isascii():
        return text.lower()
    return "".join(character for character in _folded(text) if _known_kind(character) != DROPPED)


def tokens(text: str) -> list[str]:
    """The tokens of one text, as strings."""
    found: list[str] = []
    word = ""
    for character in fold(text):
        kind = _known_kind(character)
        if kind == WORD:
            word += character
            continue
        found += [word] if word else []
        word = ""
        found += [character] if kind == ALONE else []
    return [*found, word] if word else found


def token_spans(text: str) -> list[tuple[str, int, int]]:
    """The tokens of one text, each with the span of code points it came from, for showing.

    Characters are folded one by one, so where marks stand apart from their letters a token may differ from `tokens`.
    """
    found: list[tuple[str, int, int]] = []
    in_word = False
    for at, source in enumerate(text):
        for character, kind in _read_alone(source):
            if kind == WORD and in_word:
                word, start, _ = found[-1]
                found[-1] = (word + character, start, at + 1)
            elif kind != SEPARATOR:
                found.append((character, at, at + 1))
            in_word = kind == WORD
    return found


@lru_cache(1 << 14)
def _known_kind(character: str) -> int:
    """A text has a few thousand different characters at most, and asks for each again and again."""
    return _kind(character)


@lru_cache(1 << 14)
def _read_alone(character: str) -> tuple[tuple[str, int], ...]:
    """What a character folds to by itself, each with its kind."""
    return tuple((folded, _kind(folded)) for folded in fold(character))


def hash_tokens(texts: Sequence[str]) -> Hashes:
    """The tokens of a batch of texts. Holds about 10 bytes for each byte of the batch while it works."""
    text_B, ends_D = _encoded(texts)
    return hash_utf8_tokens(text_B, np.append(0, ends_D[:-1])[: len(texts)], ends_D)


def hash_arrow_tokens(texts: pa.Array | pa.ChunkedArray) -> Hashes:
    """The tokens of an Arrow array of strings without nulls, read where they lie."""
    return hash_utf8_tokens(*offsets_and_bytes(texts))


def hash_utf8_tokens(text_B: Bytes, starts_D: I64, ends_D: I64) -> Hashes:
    """The tokens of texts that lie in one buffer, text i in `text_B[starts_D[i] : ends_D[i]]`.

    A text with a character that folds together with its neighbours, or to several, is folded as a whole and read again:
    about one in 300 in Chinese and English, every one in scripts that write vowels as marks.
    """
    hashed, slow_D = _hash(text_B, starts_D, ends_D, character_table())
    if not slow_D.any():
        return hashed
    slow = np.flatnonzero(slow_D).tolist()
    parts = [bytes(text_B[starts_D[text] : ends_D[text]]).decode("utf-8", "surrogatepass") for text in slow]
    folded_B, folded_ends = _encoded([_folded(part) for part in parts])
    again, _ = _hash(folded_B, np.append(0, folded_ends[:-1]), folded_ends, _folded_table())
    return _spliced(hashed, again, slow)


def hash_shingles(hashed: Hashes, length: int, short_counts: bool = False) -> Hashes:
    """Every run of `length` tokens of each text, in order. A text of fewer tokens has none; with `short_counts` it is one."""
    shingles_S = np.empty(len(hashed.values), np.uint64)
    starts_D = np.empty(len(hashed.starts), np.int64)
    count = shingle_kernels.hash_shingles(hashed.values, hashed.starts, length, short_counts, shingles_S, starts_D)
    return Hashes(shingles_S[:count], starts_D)


def scramble(values: U64) -> U64:
    """The finaliser of SplitMix64 (Steele, Lea & Flood 2014, doi 10.1145/2660193.2660195), so that all bits depend on all bits."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _encoded(texts: Sequence[str]) -> tuple[Bytes, I64]:
    """The texts one after the other, and where each ends."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    ends_D = np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)))
    return np.frombuffer(b"".join(encoded), np.uint8), ends_D


def _hash(text_B: Bytes, starts_D: I64, ends_D: I64, table: U32) -> tuple[Hashes, NDArray[np.bool_]]:
    tokens_T = np.empty(int((ends_D - starts_D).sum()), np.uint64)
    token_starts_D, slow_D = np.zeros(len(starts_D) + 1, np.int64), np.zeros(len(starts_D), bool)
    given_B = text_B.view()
    given_B.flags.writeable = False  # as Arrow's are: for writable bytes numba would compile the kernel once more
    count = shingle_kernels.hash_tokens(given_B, starts_D, ends_D, table, tokens_T, token_starts_D, slow_D, None, None)
    return Hashes(tokens_T[:count], token_starts_D), slow_D


def _spliced(hashed: Hashes, again: Hashes, slow: Sequence[int]) -> Hashes:
    """`hashed`, with the tokens of `again` for the texts `slow`, which have none there."""
    counts_D = np.diff(hashed.starts)
    counts_D[slow] = np.diff(again.starts)
    pieces, position = [], 0
    for number, text in enumerate(slow):
        pieces += [hashed.values[position : hashed.starts[text]], again.of(number)]
        position = int(hashed.starts[text])
    return Hashes(np.concatenate([*pieces, hashed.values[position:]]), np.append(0, np.cumsum(counts_D)))


@cache
def character_table() -> U32:
    """What each code point becomes, and the kind of it; `slow` ones depend on their neighbours or become several."""
    entries = np.arange(_CODE_POINTS, dtype=np.uint32)
    for ideographs in _IDEOGRAPHS:
        entries[ideographs] |= ALONE << CODE_BITS
    for code in (code for codes in _VARIED for code in codes):
        character = chr(code)
        result = _folded(character)
        folded = ord(result) if len(result) == 1 else code
        slow = (len(result) > 1 and any(map(_kind, result))) or any(map(_is_combining, result))
        entries[code] = folded | _kind(chr(folded)) << CODE_BITS | slow << (CODE_BITS + 2)
    entries.flags.writeable = False
    return entries


@cache
def _folded_table() -> U32:
    """The table for text that is folded already: every character is what it is, and none is slow."""
    entries = np.arange(_CODE_POINTS, dtype=np.uint32) | character_table() & np.uint32(3 << CODE_BITS)
    entries.flags.writeable = False
    return entries


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _is_combining(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or _NEEDS_NEIGHBOURS.match(character) is not None


def _kind(character: str) -> int:
    if _ALONE_CHARACTER.match(character):
        return ALONE
    category = unicodedata.category(character)
    if category == "Cf" or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return DROPPED
    return WORD if category[0] in "LMN" or character == "_" else SEPARATOR
