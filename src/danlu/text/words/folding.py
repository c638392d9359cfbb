"""Text as a word list compares it: the disguises that cost an evader nothing are folded away.

Each code point is folded on its own (compatibility decomposition, case folding, marks and invisible characters
dropped), so a text folds the same however it is split into pieces. White space becomes one space between two
words and nothing beside a Han character, because `制 造` and `制造` read the same.
"""

import unicodedata
from functools import lru_cache

# Letters and symbols by category, blank on screen all the same: Hangul fillers and the empty Braille cell.
_BLANK_LOOKING = frozenset("\u115f\u1160\u3164\uffa0\u2800")
# Marks above and around letters, format characters such as the zero-width space, control characters.
_DROPPED_CATEGORIES = frozenset({"Mn", "Me", "Cf", "Cc"})
_HAN_RANGES = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF), (0x3007, 0x3007))


@lru_cache(maxsize=65_536)
def is_han(char: str) -> bool:
    """Whether the character is a Han ideograph."""
    return any(low <= ord(char) <= high for low, high in _HAN_RANGES)


@lru_cache(maxsize=65_536)
def is_word_char(char: str) -> bool:
    """Whether the character continues a word that is written with spaces around it."""
    return char.isalnum() and not is_han(char)


@lru_cache(maxsize=65_536)
def _folded_char(char: str) -> str:
    """The zero or more characters that stand for this one; any white space becomes one space."""
    if char.isspace():
        return " "
    # Twice, because case folding can produce characters that decompose further.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    return "".join(" " if c.isspace() else c for c in decomposed if not _is_invisible(c))


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) in _DROPPED_CATEGORIES or char in _BLANK_LOOKING


def fold(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters the offset in `text` that it came from."""
    chars: list[str] = []
    starts: list[int] = []
    last, space_at = "", None
    for offset, raw in enumerate(text):
        for char in _folded_char(raw):
            if char == " ":
                # Held back: whether a space counts depends on what follows it.
                space_at = offset if space_at is None else space_at
                continue
            if space_at is not None and last and not (is_han(last) or is_han(char)):
                chars.append(" ")
                starts.append(space_at)
            last, space_at = char, None
            chars.append(char)
            starts.append(offset)
    return "".join(chars), starts
