"""Other spellings of a Chinese phrase that evaders write: all of it in pinyin, or one character of it.

`法轮功` is then also found as `falungong`, `fa lun gong`, `fǎ lún gōng` (accents fold away) and `法lun功`. Each spelling is one more pattern
of the automaton: a text is still read once. A whole phrase in pinyin that is a common English word (`bang`, `women`) is left out, and so is one of
fewer than five letters: the price would be false alarms. Readings are pypinyin's (MIT), by phrase, so that 银行 is yinhang.
"""

from collections.abc import Iterator
from typing import NamedTuple

from danlu.text.words.folding import is_han

_FEWEST_LETTERS = 5
_MOST_CHARACTERS = 8
"""Longer phrases are not written in pinyin, and would have as many patterns as characters."""
_COMMON_WORD = 2.5
"""Zipf frequency (van Heuven et al. 2014) from which a word is common: once in three million."""


class Spelling(NamedTuple):
    """A phrase as it may be written, and after which of its letters a gap is no disguise but how it is written."""

    text: str
    syllable_ends: frozenset[int]


def spellings(phrase: str) -> Iterator[Spelling]:
    """Of a phrase of two to eight Han characters; none of others."""
    if not 2 <= len(phrase) <= _MOST_CHARACTERS or not all(map(is_han, phrase)):
        return
    from pypinyin import lazy_pinyin

    syllables = lazy_pinyin(phrase, errors="ignore")
    if len(syllables) != len(phrase):
        return
    whole = "".join(syllables)
    if len(whole) >= _FEWEST_LETTERS and not _is_common(whole):
        yield Spelling(whole, frozenset(_ends(syllables)))
    for place, syllable in enumerate(syllables):
        yield Spelling(phrase[:place] + syllable + phrase[place + 1 :], frozenset())


def _ends(syllables: list[str]) -> Iterator[int]:
    end = 0
    for syllable in syllables[:-1]:
        end += len(syllable)
        yield end


def _is_common(word: str) -> bool:
    from wordfreq import zipf_frequency

    return float(zipf_frequency(word, "en")) >= _COMMON_WORD
