"""What kind of character each code point is, by one version of Unicode that does not change with Python's.

The table is written by scripts/make_characters.py, which names its sources; its hash is part of the identity of every stage
that counts by it.
"""

import zlib
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

CODE_POINTS = 0x110000
TABLE_SHA256 = "a9a185870bb9db0a62e24b345bf929e606b703a3aa83ba3c798f110678200434"
SPACE, LETTER, WORD, ALONE, SYMBOL, TERMINAL = 1, 2, 4, 8, 16, 32
"""White space; alphabetic; makes words together with its neighbours; is a token by itself; is no word by itself
(punctuation, in FineWeb's sense); ends a sentence."""
HAN, DIGIT, UPPER, GARBLED, SIMPLIFIED, TRADITIONAL, COMMON = 64, 128, 256, 512, 1024, 2048, 4096
"""Han; decimal digit; capital; what decoding errors leave (replacement, private use, unassigned, control); Han characters
that only simplified or only traditional Chinese has; Han characters of the first level of GB 2312 or Big5, which were put
there because they are used most: text read in a wrong encoding has few of them."""
LATIN, GREEK, CYRILLIC = 8192, 16384, 32768
"""Letters of alphabets that share shapes."""
ALONE_RANGES = (
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFD), (0x3007, 0x3007),  # Han
    (0x3041, 0x309A), (0x309D, 0x309F), (0x30A1, 0x30FA), (0x30FC, 0x30FF),  # kana
    (0x0E01, 0x0E3A), (0x0E40, 0x0E4E), (0x0E50, 0x0E59), (0x0E81, 0x0EDE),  # Thai, Lao
    (0x1000, 0x1049), (0x1050, 0x1089), (0x1780, 0x17D3), (0x17E0, 0x17E9),  # Burmese, Khmer
)  # fmt: skip


@cache
def character_flags() -> NDArray[np.uint16]:
    """Flags of every code point (0x110000,)."""
    table = np.frombuffer(zlib.decompress(_packed()), np.dtype("<u2"))
    assert len(table) == CODE_POINTS
    return table


def _packed() -> bytes:
    return files("danlu.text").joinpath("characters.bin").read_bytes()
