"""What a text counts and dates: numbers with units, ranges, percentages, dates, times, versions; zh and en to one form.

Patterns are tried from the most specific to the plainest, and what one has taken no other sees, so that the 3 of 2024-03-05 is
never a number by itself.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from danlu.retrieve.claims.counts import COUNTED, DIGIT_NAME, NOT_COUNTED
from danlu.retrieve.claims.dates import DATED
from danlu.retrieve.claims.numerals import ENGLISH_NUMERAL
from danlu.retrieve.claims.quantity import ANY_CASE, Quantity, bound, stripped
from danlu.retrieve.claims.units import WORD_UNIT

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x2013: 0x2D, 0x2212: 0x2D, 0xA0: 0x20}


def half_width(text: str) -> str:
    """Full-width Latin letters, digits and marks as plain ones, dashes as hyphens; the length stays."""
    return text.translate(_WIDE)


_IDENTIFIER = re.compile(
    r"(?:https?://|www\.)[^\s，。；、]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![\w:])(?:~?/|\./|--?)[A-Za-z_][\w./+=-]*"
    r"|(?<!\w)(?!v\d)(?:[A-Za-z_][A-Za-z0-9_]*)(?:[-./_:+@#][A-Za-z0-9_]+)*(?:\+\+|#)?",
    re.ASCII,
)
"""Names hold digits that count nothing: python3.11, /dev/sda1, utf-8."""
_KEPT_WORDS = re.compile(
    rf"{ENGLISH_NUMERAL}|\b(?:USD|EUR|CNY|RMB|to|and)\b|{WORD_UNIT.pattern.replace('?P<unit>', '?:')}", ANY_CASE
)
LONGEST_REMEMBERED = 500
"""Characters of a text whose words and quantities are remembered: clauses and sentences are, and no user fills memory with messages."""


def quantities(text: str) -> tuple[Quantity, ...]:
    """All of them, in the order of the text; those of identifiers (python3.11) are left to names."""
    return _remembered(text) if len(text) <= LONGEST_REMEMBERED else _quantities(text)


@lru_cache(maxsize=4096)  # the clauses of one passage are read for each sentence that cites it
def _remembered(text: str) -> tuple[Quantity, ...]:
    return _quantities(text)


def _quantities(text: str) -> tuple[Quantity, ...]:
    return tuple(sorted(_found(half_width(text)), key=lambda quantity: quantity.start))


def _found(text: str) -> Iterator[Quantity]:
    whole, rest = text, text
    for kind, pattern, read in DATED:
        for match in pattern.finditer(rest):
            value = read(match)
            if value is not None and match.group().strip():
                start, end = stripped(match)
                yield Quantity(kind, value, "", bound(whole, start, end), start, end)
                rest = _without(rest, start, end)
    rest = _IDENTIFIER.sub(_words_alone, rest)
    for pattern, count in COUNTED:
        for match in pattern.finditer(rest):
            quantity = count(whole, match)
            if quantity is not None:
                yield quantity
            if quantity is not None or pattern is DIGIT_NAME or pattern is NOT_COUNTED:
                rest = _without(rest, *match.span())


def _without(text: str, start: int, end: int) -> str:
    return text[:start] + "\0" * (end - start) + text[end:]


def _words_alone(match: re.Match[str]) -> str:
    """Words stay to be read, since a number or a unit may be among them; a name gives way."""
    word = match.group()
    plain = word.isalpha() or all(_KEPT_WORDS.fullmatch(part) for part in word.split("-"))
    return word if plain else "\0" * len(word)
