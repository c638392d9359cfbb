"""How much of a text's tokens another text has: in order, in one piece, or covered by the runs that both have.

Letters in shapes: S runs of a text, U distinct ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danlu.text.contamination import overlap_kernels
from danlu.text.contamination.shingle_set import Places, ShingleSet
from danlu.text.shingles import I64, U64, Hashes, hash_shingles

_ALIGNED = 3
"""Tokens of the runs by which two texts are laid beside each other."""


@dataclass(frozen=True)
class Runs:
    """Every run of so many tokens of a text, ready to be looked for in others."""

    tokens: U64
    distinct: ShingleSet
    first_U: I64
    """Where each distinct run begins first."""
    number_S: I64
    """Which distinct run stands at each place."""

    @classmethod
    def of(cls, tokens: U64, length: int = _ALIGNED) -> "Runs":
        """Those of one text; none when it is shorter."""
        shingles = hash_shingles(_alone(tokens), length).values
        values, first, number = np.unique(shingles, return_index=True, return_inverse=True)
        return cls(tokens, ShingleSet.of(values, length), first, number)

    def places_in(self, tokens: U64) -> Places:
        """Where they stand in another text."""
        return self.distinct.places_in(_alone(tokens))

    def found(self, which: I64) -> NDArray[np.bool_]:
        """(U,) Which distinct runs have one of these numbers."""
        found = np.zeros(len(self.first_U), bool)
        found[which] = True
        return found


def window(own: Runs, tokens: U64) -> U64:
    """The part of a text that lies along the diagonal of most shared runs, with room for edits."""
    places = own.places_in(tokens)
    if not len(places.at_M):
        return tokens[:0]
    length = len(own.tokens)
    room = max(4, length // 4)
    start = overlap_kernels.window_start(places.at_M, places.which_M, own.first_U, length, room)
    return tokens[max(0, start) : max(0, start + length + 2 * room)]


def covered(own: Runs, tokens: U64, content: NDArray[np.bool_]) -> tuple[int, int]:
    """How many tokens of a text's content stand in runs that the other text has too: in all, and in one stretch."""
    found = own.found(own.places_in(tokens).which_M)
    whole, stretch = overlap_kernels.covered(own.number_S, found, own.distinct.length, content)
    return int(whole), int(stretch)


def common_subsequence(first: U64, second: U64) -> int:
    """Length of the longest common subsequence, by the bits of long numbers (Hyyrö 2004, Bit-parallel LCS-length computation revisited)."""
    return int(overlap_kernels.common_subsequence(first, np.sort(first), second))


def position(wanted: U64, tokens: U64, start: int) -> int | None:
    """Where the tokens stand in a text in one piece, from `start` on."""
    needle, hay = wanted.tobytes(), tokens.tobytes()
    at = hay.find(needle, 8 * start)
    while at % 8 and at >= 0:
        at = hay.find(needle, at + 1)
    return at // 8 if at >= 0 else None


def _alone(tokens: U64) -> Hashes:
    """A batch of one text."""
    return Hashes(tokens, np.array([0, len(tokens)]))
