"""Write src/danlu/text/words/skeletons.bin: what each character is taken for when a word list is searched for in disguise.

    pip install unicodedata2==18.0.0 opencc==1.4.2
    python scripts/make_skeletons.py

Width, case and accents fold by Unicode's compatibility decomposition (Unicode License v3), traditional characters to simplified ones
by OpenCC's table (Apache-2.0); the letters that look alike are our own list. The file holds pairs (code point, what it stands for),
0 for what stands for nothing.
"""

import zlib
from pathlib import Path

import numpy as np
import opencc
import unicodedata2

_LOOKALIKES = {
    "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "ё": "e", "є": "e", "һ": "h", "н": "h", "і": "i", "ї": "i", "ј": "j", "к": "k", "м": "m",
    "о": "o", "р": "p", "ԛ": "q", "г": "r", "ѕ": "s", "т": "t", "и": "u", "ѵ": "v", "ԝ": "w", "ш": "w", "х": "x", "у": "y", "ɡ": "g", "ı": "i",
    "α": "a", "β": "b", "γ": "y", "ε": "e", "η": "n", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p", "σ": "o", "τ": "t", "υ": "u", "χ": "x", "ω": "w",
    "ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ŧ": "t", "æ": "a", "œ": "o", "ß": "s", "þ": "p", "ð": "d",
    "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s", "€": "e", "£": "l", "¥": "y",
}  # fmt: skip
"""Cyrillic, Greek and other letters by the Latin letter they look like; digits and signs as in l33t."""
_ONE_SHAPE = {"l": "i"}
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_TARGET = Path(__file__).parent.parent / "src" / "danlu" / "text" / "words" / "skeletons.bin"
_TO_SIMPLIFIED = opencc.OpenCC("t2s")


def main() -> None:
    """Write the pairs of all characters that do not stand for themselves, compressed."""
    pairs = [(code, _skeleton(code)) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    changed = np.array([pair for pair in pairs if pair[0] != pair[1]], dtype="<u4")
    _TARGET.write_bytes(zlib.compress(changed.tobytes(), 9))
    print(f"{len(changed)} characters, {_TARGET.stat().st_size} bytes, Unicode {unicodedata2.unidata_version}")


def _skeleton(code: int) -> int:
    character = chr(code)
    if unicodedata2.category(character) in ("Cn", "Co"):
        return code
    found = _first(character)
    if not found:
        return 0
    found = _LOOKALIKES.get(found, found)
    found = _TO_SIMPLIFIED.convert(found)[:1]
    return ord(_ONE_SHAPE.get(found, found))


def _first(character: str) -> str:
    """The first letter, digit or ideograph of what it decomposes to; nothing for punctuation, spaces and marks."""
    folded = unicodedata2.normalize("NFKD", unicodedata2.normalize("NFKD", character).casefold())
    for c in folded:
        if c in _LOOKALIKES or (unicodedata2.category(c)[0] in "LN" and c not in _BLANK):
            return c
    return ""


if __name__ == "__main__":
    main()
