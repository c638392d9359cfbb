"""The tables by which danlu.model.bulk_kernels encodes: kinds of characters, tokens by rank, a trie of their bytes.

Tokens are numbered by rank: the 256 bytes first, then what each merge makes, first merge first. Only merges that a token's
own bytes come to are live: where a vocabulary lists several ways to one token (LLaMA 3), merging takes one of them, always.

Letters in shapes: C code points, V tokens by rank, S slots, B bytes.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from danlu.model import bulk_kernels
from danlu.model.bulk_kernels import BREAK, DIGIT, LETTER, NUMBER, OTHER, SPACE, UNSURE
from danlu.model.byte_level import BYTE_CHARACTERS, ByteLevelBpe, to_bytes

_CODE_POINTS = 0x110000
_COMPOSED = (
    (0, 0x300), (0x370, 0x483), (0x48A, 0x900), (0x1100, 0x1113), (0x1E00, 0x302A), (0x3041, 0x3097), (0x30A0, 0xA000),
    (0xAC00, 0xD7A4), (0xE000, 0x10000), (0x1F000, 0x1FB00), (0x20000, 0x2A6E0),
)  # fmt: skip
"""Blocks whose characters join none before them but combining marks; each character is asked for itself. Others NFC may change."""


class Utf8Pieces(NamedTuple):
    """Bytes of pieces, one after the other, and where each begins and ends."""

    bytes_B: NDArray[np.uint8]
    starts_V: NDArray[np.int64]
    ends_V: NDArray[np.int64]

    @classmethod
    def of(cls, pieces: list[bytes]) -> "Utf8Pieces":
        """The pieces in their order."""
        ends = np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
        starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
        return cls(np.frombuffer(bytearray(b"".join(pieces) or b"\0"), np.uint8), starts, ends)


class Pairs(NamedTuple):
    """A table of pairs of tokens by open addressing."""

    table_S: NDArray[np.int64]
    shift: np.uint64

    @classmethod
    def of(cls, left_N: NDArray[np.int64], right_N: NDArray[np.int64], values_NK: NDArray[np.int64]) -> "Pairs":
        """Every pair with its values; of equal pairs the first counts."""
        bits = max(int(2 * len(left_N)).bit_length(), 4)
        table_S = np.full((1 << bits, 1 + values_NK.shape[1]), -1, np.int64)
        shift = np.uint64(64 - bits)
        bulk_kernels.put_pairs((left_N << 32) | right_N, values_NK, table_S, shift)
        return cls(table_S, shift)


@dataclass(frozen=True)
class Tables:
    """What the kernel is given beside the texts."""

    kinds_C: NDArray[np.uint8]
    split: tuple[int, ...]
    trie_S: NDArray[np.int32]
    whole_first: bool
    parts_V: NDArray[np.int32]
    """(V, 3): the two tokens that merging makes each of (itself, for a byte), and its longest prefix that is a token, or -1."""
    size_V: NDArray[np.int32]
    """Bytes of each token."""
    ids_V: NDArray[np.int32]
    """The vocabulary's id of each token."""
    pairs: Pairs


def tables_of(bpe: ByteLevelBpe) -> Tables | None:
    """The tables of a tokenizer; None for one whose text is split in a way that is not known here."""
    if bpe.split is None:
        return None
    known = {piece: data for piece in bpe.pieces if (data := to_bytes(piece)) is not None}
    live = _live(bpe, known)
    if live is None:
        return None
    names, parts_V = live
    live_names = set(names)
    whole = [piece for piece in known if piece not in live_names] if bpe.whole_first else []
    pieces = [known.get(piece) or to_bytes(piece) or b"" for piece in [*names, *whole]]
    missing = [byte for byte, character in enumerate(BYTE_CHARACTERS) if character not in known]
    kinds_C = _unsure_with(_kinds(bpe.composed), missing) if missing else _kinds(bpe.composed)
    trie_S = _trie(pieces, len(names))
    return Tables(
        kinds_C,
        (*(int(value) for value in bpe.split), int(bpe.composed or bool(missing))),
        trie_S,
        bpe.whole_first,
        np.column_stack([parts_V, _prefixes(pieces[: len(names)])]).astype(np.int32),
        np.array([len(piece) for piece in pieces], np.int32),
        np.array([bpe.pieces.get(piece, -1) for piece in [*names, *whole]], np.int32),
        Pairs.of(parts_V[256:, 0], parts_V[256:, 1], np.arange(256, len(names), dtype=np.int64)[:, None]),
    )


def _live(bpe: ByteLevelBpe, known: dict[str, bytes]) -> tuple[list[str], NDArray[np.int64]] | None:
    """The tokens that merging makes, by rank, and the parts of each; None when a part is made later than its whole."""
    bytes_first = dict.fromkeys(BYTE_CHARACTERS) | known
    names = list(bytes_first)
    number = {piece: at for at, piece in enumerate(names)}
    usable = [merge for merge in bpe.merges if all(piece in known for piece in (*merge, "".join(merge)))]
    left, right, made = (
        np.array([number[piece] for piece in pieces], np.int64)
        for pieces in ([m[0] for m in usable], [m[1] for m in usable], ["".join(m) for m in usable])
    )
    pairs = Pairs.of(left, right, np.column_stack([np.arange(len(made)), made]))
    found_V = np.empty((len(names), 3), np.int64)
    data = Utf8Pieces.of([known.get(piece) or bytes([at]) for at, piece in enumerate(names)])
    bulk_kernels.live_merges(*data, np.arange(256), *pairs, found_V)
    merged = np.flatnonzero(found_V[:, 2] >= 0)
    by_rank = [*range(256), *merged[np.argsort(found_V[merged, 2])].tolist()]
    ranks = np.full(len(names), -1, np.int64)
    ranks[by_rank] = np.arange(len(by_rank))
    parts_V = ranks[found_V[by_rank, :2]]
    parts_V[:256] = np.arange(256)[:, None]
    if not ((parts_V >= 0).all() and (parts_V[256:] < np.arange(256, len(by_rank))[:, None]).all()):
        return None
    return [names[at] for at in by_rank], parts_V


def _prefixes(pieces: list[bytes]) -> NDArray[np.int64]:
    """The longest proper prefix of each token that is a token, or -1."""
    ranks = {piece: rank for rank, piece in enumerate(pieces)}
    found = np.full(len(pieces), -1, np.int64)
    for rank, piece in enumerate(pieces):
        found[rank] = next((ranks[piece[:end]] for end in range(len(piece) - 1, 0, -1) if piece[:end] in ranks), -1)
    return found


def _trie(pieces: list[bytes], live: int) -> NDArray[np.int32]:
    """The trie of all pieces; its first row holds how many of them are live."""
    order_V = np.array(sorted(range(len(pieces)), key=pieces.__getitem__), np.int64)
    parts, slots = Utf8Pieces.of(pieces), 4 * sum(map(len, pieces)) // 2 + 4096
    while True:
        trie_S = np.full((slots + 256, 4), -1, np.int32)
        if bulk_kernels.build_trie(*parts, order_V, trie_S):
            break
        slots *= 2
    trie_S[0, 3] = live
    return trie_S[: int(np.flatnonzero(trie_S[:, 1] >= 0)[-1]) + 257].copy()


@cache
def _kinds(composed: bool) -> NDArray[np.uint8]:
    """The kind of every code point (C,), as the regular expressions of the installed `tokenizers` see it."""
    from tokenizers import pre_tokenizers

    kinds_C = np.full(_CODE_POINTS, OTHER, np.uint8)
    codes = np.arange(_CODE_POINTS, dtype="<u4")
    everything = codes[(codes < 0xD800) | (codes >= 0xE000)].tobytes().decode("utf-32-le")
    for kind, pattern in ((LETTER, r"\p{L}"), (NUMBER, r"\p{N}"), (SPACE, r"\s"), (BREAK, r"[\r\n]")):
        kinds_C[_matching(pattern, everything)] = kind
    pieces = pre_tokenizers.Digits(individual_digits=True).pre_tokenize_str(everything)
    alone = [ord(piece) for piece, _ in pieces if len(piece) == 1]
    kinds_C[[code for code in alone if _is_digit(chr(code))]] |= DIGIT
    if composed:
        kinds_C |= UNSURE
        kinds_C[
            [code for start, end in _COMPOSED for code in range(start, end) if _is_composed(chr(code))]
        ] &= ~np.uint8(UNSURE)
    return kinds_C


def _unsure_with(kinds_C: NDArray[np.uint8], missing: list[int]) -> NDArray[np.uint8]:
    """The kinds, with every code point UNSURE whose UTF-8 has a byte that is no token."""
    codes, kinds_C = np.arange(_CODE_POINTS), kinds_C.copy()
    marks = np.zeros(256, np.bool_)
    marks[missing] = True
    for start, end, lead, later in (
        (0, 0x80, 0, 0),
        (0x80, 0x800, 0xC0, 1),
        (0x800, 0x10000, 0xE0, 2),
        (0x10000, _CODE_POINTS, 0xF0, 3),
    ):
        of_size = codes[start:end]
        unsure = marks[lead | of_size >> 6 * later]
        for place in range(later):
            unsure |= marks[(of_size >> 6 * place) & 0x3F | 0x80]
        kinds_C[start:end] |= (unsure * UNSURE).astype(np.uint8)
    return kinds_C


def _is_digit(character: str) -> bool:
    """Whether `tokenizers` cuts a character out of a word as a digit."""
    from tokenizers import pre_tokenizers

    return len(pre_tokenizers.Digits(individual_digits=True).pre_tokenize_str(f"a{character}a")) == 3


def _is_composed(character: str) -> bool:
    """Whether NFC leaves a character of those blocks as it is, wherever it stands; false for what Python does not know yet."""
    known = unicodedata.category(character) != "Cn"
    return known and not unicodedata.combining(character) and unicodedata.normalize("NFC", character) == character


def _matching(pattern: str, everything: str) -> NDArray[np.uint32]:
    """The code points that match a pattern of one character."""
    from tokenizers import Regex, normalizers

    others: Any = normalizers.Replace(Regex(f"(?:(?!{pattern})[\\s\\S])+"), "")
    return np.frombuffer(others.normalize_str(everything).encode("utf-32-le"), "<u4")
