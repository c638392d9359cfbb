"""Han characters that sound alike: what an input method by pinyin offers for the same letters.

Readings are pypinyin's (MIT; from Unihan and 漢語拼音辭典), without tones, since nobody types them. Only the 6,763 characters of GB 2312 count:
the others are offered last by every input method, and hardly ever taken by mistake.
"""

from collections import defaultdict
from functools import cache
from itertools import product
from unicodedata import normalize

_COMMON = [bytes((row, cell)) for row, cell in product(range(0xB0, 0xF8), range(0xA1, 0xFF))]
"""The rows of characters of GB 2312; five cells of them are empty."""
_MOST_READINGS = 2
"""Of a character, the commonest first (假: jia; 行: xing, hang): pypinyin lists readings of old books after them."""
_TONES = dict.fromkeys(map(ord, "\u0300\u0301\u0304\u030c"))
"""The diaeresis stays: nü is another syllable than nu."""


def sounding_like(character: str) -> str:
    """The characters that share a reading with a Han character, itself left out; empty for a rare one."""
    readings, spoken = _sounds()
    alike = {other for reading in readings.get(character, ()) for other in spoken[reading]}
    return "".join(sorted(alike - {character}))


@cache
def _sounds() -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """The readings of each common character, and the characters of each reading."""
    from pypinyin.pinyin_dict import pinyin_dict

    readings: dict[str, tuple[str, ...]] = {}
    spoken: dict[str, list[str]] = defaultdict(list)
    for character in b"".join(_COMMON).decode("gb2312", errors="ignore"):
        plain = normalize("NFD", pinyin_dict.get(ord(character), "")).translate(_TONES)
        readings[character] = tuple(dict.fromkeys(plain.split(",")))[:_MOST_READINGS] if plain else ()
        for reading in readings[character]:
            spoken[reading].append(character)
    return readings, {reading: "".join(found) for reading, found in spoken.items()}
