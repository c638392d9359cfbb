"""Phrases of a list found through their disguises: width, case, accents, look-alike letters, l33t, traditional characters, and
signs pushed between the characters.

The table of what each character is taken for is written by scripts/make_skeletons.py. A search costs one pass over the code points and
one through an Aho-Corasick automaton; only a hit is looked at character by character. The price of seeing through so much is that
`1`, `i` and `l` are one letter, and that a ligature counts as its first letter.
"""

import zlib
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from ahocorasick_rs import AhoCorasick
from numpy.typing import NDArray

from danlu.text.words.automaton import Hit, Phrase
from danlu.text.words.folding import fold, is_han, is_word_char

_WIDEST_GAP = 3
"""Characters between two of a phrase: more of them, and it is not read as one word any more."""
_MARKS = frozenset("，。！？；：、,.!?;:…")
"""What ends a clause: between two Han characters it is no disguise, unless it stands between all of them."""
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")


@cache
def skeletons() -> NDArray[np.uint32]:
    """What each code point is taken for (0x110000,); 0 for what stands for nothing."""
    table = np.arange(0x110000, dtype=np.uint32)
    pairs = np.frombuffer(zlib.decompress(_packed()), np.dtype("<u4")).reshape(-1, 2)
    table[pairs[:, 0]] = pairs[:, 1]
    return table


@cache
def skeletons_hash() -> str:
    """SHA-256 of the table, for the identity of what is found by it."""
    return sha256(zlib.decompress(_packed())).hexdigest()


def _packed() -> bytes:
    return files("danlu.text.words").joinpath("skeletons.bin").read_bytes()


def skeleton(text: str) -> tuple[str, NDArray[np.int64]]:
    """What is left of the text, and for each of its characters the place it came from."""
    codes = skeletons()[np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")]
    places = np.flatnonzero(codes)
    return codes[places].tobytes().decode("utf-32-le", "surrogatepass"), places


class _Entry(NamedTuple):
    phrase: Phrase
    folded: str
    joints: tuple[bool, ...]
    """Between which of its characters the phrase itself has a space."""


class DisguisedWords:
    """A list, ready to be searched for. Immutable, so threads may share it."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        by_skeleton: dict[str, _Entry] = {}
        for phrase in phrases:
            bare, places = skeleton(phrase.text)
            joints = tuple(bool(later - sooner > 1) for sooner, later in pairwise(places))
            if len(bare) > 1:
                by_skeleton.setdefault(bare, _Entry(phrase, fold(phrase.text)[0].replace(" ", ""), joints))
        self._entries = list(by_skeleton.values())
        self._automaton = AhoCorasick(list(by_skeleton))

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, text: str) -> list[Hit]:
        """Phrases in order of where they start; of two that overlap the one that starts first, then the longer."""
        bare, places = skeleton(text)
        found = self._automaton.find_matches_as_indexes(bare, overlapping=True)
        hits: list[Hit] = []
        for which, start, end in sorted(found, key=lambda match: (match[1], -match[2])):
            at = places[start:end]
            entry, first, last = self._entries[which], int(at[0]), int(at[-1]) + 1
            if (not hits or first >= hits[-1].end) and _is_whole(text, first, last) and _reads_as(entry, text, at):
                hits.append(Hit(entry.phrase.text, entry.phrase.category, first, last))
        return hits


def _is_whole(text: str, start: int, end: int) -> bool:
    """Latin words are whole words; what cannot be seen does not part them."""
    before, after = start - 1, end
    while before >= 0 and text[before] in _INVISIBLE:
        before -= 1
    while after < len(text) and text[after] in _INVISIBLE:
        after += 1
    begins = before >= 0 and is_word_char(text[before]) and not is_han(text[start])
    goes_on = after < len(text) and is_word_char(text[after]) and not is_han(text[end - 1])
    return not (begins or goes_on)


def _reads_as(entry: _Entry, text: str, places: NDArray[np.int64]) -> bool:
    """Whether the gaps and the replaced letters are a disguise and no accident."""
    pairs = list(pairwise(places.tolist()))
    gaps = ["".join(c for c in text[sooner + 1 : later] if c not in _INVISIBLE) for sooner, later in pairs]
    if any(len(gap) > _WIDEST_GAP for gap in gaps):
        return False
    inner = [gap for gap, joint in zip(gaps, entry.joints, strict=True) if not joint]
    latin = not any(is_han(text[place]) for place in places.tolist())
    if latin:
        parted = [bool(gap) for gap in inner]
        if any(parted) and not (all(parted) and len(parted) > 1 and len(set(inner)) == 1):
            return False
        return _enough_letters(entry, "".join(text[place] for place in places.tolist()))
    marked = [any(c in _MARKS for c in gap) for gap in gaps]
    return not any(marked) or (all(gaps) and len(gaps) > 1)


def _enough_letters(entry: _Entry, written: str) -> bool:
    """Figures alone are a number; at least half must be letters, or signs that nobody writes in a number."""
    folded = fold(written)[0]
    if folded == entry.folded:
        return True
    if not any(c.isalpha() for c in entry.folded):
        return False
    return 2 * sum(c.isalpha() or c in "@$€" for c in folded) >= len(folded) and any(c.isalpha() for c in folded)
