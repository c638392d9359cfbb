"""Write src/danlu/text/characters.bin: what kind of character each code point is, by one pinned version of Unicode.

    pip install unicodedata2==18.0.0 regex==2026.11.15 opencc==1.4.2
    python scripts/make_characters.py

Python's own tables change with Python; these change only when this script is run again, and their hash is part of the
identity of every stage that counts by them. General categories are Unicode's (Unicode License v3); Sentence_Terminal is
read through `regex`; which Han characters are simplified or traditional alone follows OpenCC's tables (Apache-2.0), one
character at a time. SYMBOLS is the set that FineWeb's filters count as no words (a fact of theirs, oddities included).
"""

import zlib
from hashlib import sha256
from pathlib import Path

import numpy as np
import opencc
import regex
import unicodedata2

from danlu.text import characters as kinds

SYMBOLS = frozenset("!/—”:％１〈&(、━\\【#%「」，】；+^]~“《„';’{|∶´[=-`*．（–？！：$～«〉,><》)?）。…@_.\"}►»")
# U+FFFD stands for what could not be decoded, and its own bytes read as GBK are 锟斤拷; 锟 is in hardly any other word.
_CONTROLS = (*range(9), *range(11, 13), *range(13, 32), *range(127, 160))
_SPACES = frozenset("\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\u2028\u2029")
_TARGET = Path(__file__).parent.parent / "src" / "danlu" / "text" / "characters.bin"


def main() -> None:
    """Write the table, a 16-bit set of flags for each code point, compressed."""
    table = np.array([_flags(code) for code in range(kinds.CODE_POINTS)], dtype="<u2")
    _TARGET.write_bytes(zlib.compress(table.tobytes(), 9))
    print(f"TABLE_SHA256 = {sha256(table.tobytes()).hexdigest()}: put it into {kinds.__file__}")
    print(f"{_TARGET.stat().st_size} bytes, Unicode {unicodedata2.unidata_version}")


def _flags(code: int) -> int:
    character = chr(code)
    category = unicodedata2.category(character)
    if category == "Cs":
        return kinds.GARBLED
    flags = 0
    for flag, holds in (
        (kinds.SPACE, category == "Zs" or character in _SPACES),
        (kinds.LETTER, category[0] == "L"),
        (kinds.DIGIT, category == "Nd"),
        (kinds.LATIN, category[0] == "L" and code < 0x250),
        (kinds.GREEK, category[0] == "L" and 0x370 <= code < 0x400),
        (kinds.CYRILLIC, category[0] == "L" and 0x400 <= code < 0x530),
        (kinds.UPPER, category in ("Lu", "Lt")),
        (kinds.SYMBOL, character in SYMBOLS or code in _CONTROLS or _is_terminal(character)),
        (kinds.TERMINAL, _is_terminal(character)),
        (
            kinds.GARBLED,
            category in ("Co", "Cn") or character in "\ufffd锟" or (code in _CONTROLS and character not in _SPACES),
        ),
    ):
        flags |= flag if holds else 0
    if _is_alone(code):
        flags |= kinds.ALONE
    elif category[0] in "LMN" or character == "_":
        flags |= kinds.WORD
    return flags | (_han(character) if regex.match(r"\p{Han}", character) and category[0] == "L" else 0)


def _is_terminal(character: str) -> bool:
    return regex.match(r"\p{Sentence_Terminal}", character) is not None


def _is_alone(code: int) -> bool:
    """Scripts that are written without spaces: each character is a token."""
    return any(first <= code <= last for first, last in kinds.ALONE_RANGES)


def _han(character: str) -> int:
    flags = kinds.HAN
    if _TO_SIMPLIFIED.convert(character) != character:
        flags |= kinds.TRADITIONAL
    elif _TO_TRADITIONAL.convert(character) != character:
        flags |= kinds.SIMPLIFIED
    return flags | (kinds.COMMON if _is_common(character) else 0)


def _is_common(character: str) -> bool:
    """The first levels: rows 16 to 55 of GB 2312, and A440 to C67E of Big5."""
    simplified, traditional = (character.encode(name, errors="ignore") for name in ("gb2312", "big5"))
    return b"\xb0\xa1" <= simplified <= b"\xd7\xf9" or b"\xa4\x40" <= traditional <= b"\xc6\x7e"


_TO_SIMPLIFIED, _TO_TRADITIONAL = opencc.OpenCC("t2s"), opencc.OpenCC("s2t")

if __name__ == "__main__":
    main()
