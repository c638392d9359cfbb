"""Phrases of a list found through their disguises: width, case, accents, look-alike letters, l33t, traditional characters, and
signs pushed between the characters.

The table of what each character is taken for is written by scripts/make_skeletons.py. A search costs one pass over the code points and
one through an Aho-Corasick automaton; only a hit is looked at character by character. The price of seeing through so much is that
`1`, `i` and `l` are one letter, and that a ligature counts as its first letter.
"""

import zlib
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from ahocorasick_rs import AhoCorasick
from numpy.typing import NDArray

from danlu.text.words.folding import fold, is_han, is_word_char
from danlu.text.words.lists import Hit, Phrase
from danlu.text.words.spellings import spellings

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


@lru_cache(65_536)
def skeleton_of_piece(piece: str) -> tuple[str, tuple[int, ...]]:
    """As `skeleton`, for the pieces of a stream: tokens of a vocabulary come again and again."""
    bare, places = skeleton(piece)
    return bare, tuple(places.tolist())


class _Entry(NamedTuple):
    phrase: Phrase
    folded: str
    joints: tuple[bool, ...]
    """Between which of its characters the phrase itself has a space."""


class DisguisedWords:
    """A list, ready to be searched for. Immutable, so threads may share it."""

    def __init__(self, phrases: Iterable[Phrase], *, in_pinyin: bool = False) -> None:
        """`in_pinyin`: Chinese phrases are found in pinyin too, as danlu.text.words.spellings has it."""
        by_skeleton: dict[str, _Entry] = {}
        listed = list(phrases)
        for phrase in listed:
            bare, places = skeleton(phrase.text)
            joints = tuple(bool(later - sooner > 1) for sooner, later in pairwise(places))
            if len(bare) > 1:
                by_skeleton.setdefault(bare, _Entry(phrase, fold(phrase.text)[0].replace(" ", ""), joints))
        for phrase in listed if in_pinyin else ():
            for spelling in spellings(phrase.text):
                bare, places = skeleton(spelling.text)
                joints = tuple(end in spelling.syllable_ends for end in range(1, len(bare)))
                by_skeleton.setdefault(bare, _Entry(phrase, spelling.text, joints))
        self._entries = list(by_skeleton.values())
        self._automaton = AhoCorasick(list(by_skeleton))
        self._prefixes = frozenset(bare[:n] for bare in by_skeleton for n in range(1, len(bare) + 1))
        self._longest = max(map(len, by_skeleton), default=0)

    def __len__(self) -> int:
        return len(self.phrases)

    @property
    def phrases(self) -> tuple[Phrase, ...]:
        """The phrases, as their lists wrote them."""
        return tuple(dict.fromkeys(entry.phrase for entry in self._entries))

    def find(self, text: str) -> list[Hit]:
        """Phrases in order of where they start; of two that overlap the one that starts first, then the longer."""
        bare, places = skeleton(text)
        found = self._automaton.find_matches_as_indexes(bare, overlapping=True)
        return self._hits(text, places.tolist(), found) if found else []

    def find_in(self, text: str, bare: str, places: Sequence[int]) -> list[Hit]:
        """As `find`, for a text whose skeleton is known."""
        found = self._automaton.find_matches_as_indexes(bare, overlapping=True)
        return self._hits(text, places, found) if found else []

    def held_from(self, text: str, bare: str, places: Sequence[int]) -> int:
        """Where the longest tail of `text` starts that could still become a phrase, or be seen to end one, by what follows; its length
        when there is none.
        """
        held, follows = len(text), len(text)
        for start in range(len(bare) - 1, max(0, len(bare) - self._longest) - 1, -1):
            place = places[start]
            if _is_wider(text, place + 1, follows):
                break
            if bare[start:] in self._prefixes and not _is_inside(text, place):
                held = place
            follows = place
        return held

    def _hits(self, text: str, places: Sequence[int], found: list[tuple[int, int, int]]) -> list[Hit]:
        hits: list[Hit] = []
        for which, start, end in sorted(found, key=lambda match: (match[1], -match[2])):
            at = places[start:end]
            entry, first, last = self._entries[which], at[0], at[-1] + 1
            if (not hits or first >= hits[-1].end) and _is_whole(text, first, last) and _reads_as(entry, text, at):
                hits.append(Hit(entry.phrase.text, entry.phrase.category, first, last))
        return hits


def _is_whole(text: str, start: int, end: int) -> bool:
    """Latin words are whole words; what cannot be seen does not part them."""
    after = end
    while after < len(text) and text[after] in _INVISIBLE:
        after += 1
    goes_on = after < len(text) and is_word_char(text[after]) and not is_han(text[end - 1])
    return not (goes_on or _is_inside(text, start))


def ends_open(text: str, end: int) -> bool:
    """Whether a phrase that ends here is seen to be a whole word only by what follows the text."""
    if is_han(text[end - 1]):
        return False
    return all(c in _INVISIBLE for c in text[end:])


def last_seen(text: str, end: int) -> int:
    """The place of the last character before `end` that can be seen; 0 where there is none."""
    at = end - 1
    while at > 0 and text[at] in _INVISIBLE:
        at -= 1
    return max(at, 0)


def _is_inside(text: str, start: int) -> bool:
    """Whether a phrase that starts here would start in the middle of a word."""
    if is_han(text[start]):
        return False
    before = start - 1
    while before >= 0 and text[before] in _INVISIBLE:
        before -= 1
    return before >= 0 and is_word_char(text[before])


def _is_wider(text: str, start: int, end: int) -> bool:
    """Whether more stands between two characters than may stand inside a phrase."""
    return end - start > _WIDEST_GAP and sum(c not in _INVISIBLE for c in text[start:end]) > _WIDEST_GAP


def _reads_as(entry: _Entry, text: str, places: Sequence[int]) -> bool:
    """Whether the gaps and the replaced letters are a disguise and no accident."""
    pairs = list(pairwise(places))
    gaps = ["".join(c for c in text[sooner + 1 : later] if c not in _INVISIBLE) for sooner, later in pairs]
    if any(len(gap) > _WIDEST_GAP for gap in gaps):
        return False
    inner = [gap for gap, joint in zip(gaps, entry.joints, strict=True) if not joint]
    latin = not any(is_han(text[place]) for place in places)
    if latin:
        parted = [bool(gap) for gap in inner]
        if any(parted) and not (all(parted) and len(parted) > 1 and len(set(inner)) == 1):
            return False
        return _enough_letters(entry, "".join(text[place] for place in places))
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
