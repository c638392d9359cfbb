"""Letters that only look like those of the word they stand in: mended where the word says which alphabet it is of.

The pairs are those of Unicode's confusables (UTS 39) whose shapes are the same in common typefaces, between Latin and
Cyrillic or Greek. A word is mended only when every strange letter has a twin in the alphabet of most of its letters;
words of one alphabet, and symbols such as the Greek in "μm", stay.
"""

import re
import unicodedata

_CYRILLIC = dict(zip("АВЕЅІЈКМНОРСТУХаеѕіјорсухһԁԛԝ", "ABESIJKMHOPCTYXaesijopcyxhdqw", strict=True))
_GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo", strict=True))
_TO_LATIN = _CYRILLIC | _GREEK
_TO_CYRILLIC = {latin: cyrillic for cyrillic, latin in _CYRILLIC.items()}

MIXED_WORD = r"\b(?=\w*[A-Za-z])(?=\w*[\u0370-\u052f])\w+\b"
WIDE_LETTERS = "[\ufb00-\ufb06\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uff9f\U0001d400-\U0001d7ff]+"
"""Ligatures, full-width letters and digits, half-width kana, and the letters made for formulas: NFKC says what they stand for."""


def mend_mixed_word(match: re.Match[str]) -> str:
    """The word in one alphabet, or as it was when that is not certain."""
    word = match.group()
    latin = len(re.findall("[A-Za-z]", word))
    cyrillic = len(re.findall("[\u0400-\u052f]", word))
    strange = re.findall("[\u0370-\u052f]", word)
    if latin >= len(strange) and all(letter in _TO_LATIN for letter in strange):
        return "".join(_TO_LATIN.get(letter, letter) for letter in word)
    if cyrillic > latin and all(letter in _TO_CYRILLIC for letter in re.findall("[A-Za-z]", word)):
        return "".join(_TO_CYRILLIC.get(letter, letter) for letter in word)
    return word


def fold_width(match: re.Match[str]) -> str:
    """What the letters stand for."""
    return unicodedata.normalize("NFKC", match.group())
