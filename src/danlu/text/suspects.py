"""Which texts hold anything that a repair could change, so that the costly rules read only those.

The rules of danlu.data.normalise are regular expressions over code points. Every one of them needs a character of SUSPECT, a
run of blank lines, or a note in brackets behind a Han character: a text without any of these is left as it is by all of them.
"""

import re
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danlu.text.arrow import offsets_and_bytes
from danlu.text.characters import CODE_POINTS
from danlu.text.suspects_kernels import find

SUSPECT = (
    "\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u0300-\u036f\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff"
    "ÃÂâãäåæçèéêïðŸ€™œ"
    "\u0370-\u052f\ufb00-\ufb06\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uff9f\U0001d400-\U0001d7ff"
    "āáǎàōóǒòēěīíǐìūúǔùǖǘǚǜ"
)
"""Characters of a class in a regular expression: invisible ones, debris of wrong decoding, look-alikes, tones of pinyin."""


@cache
def _suspect() -> NDArray[np.bool_]:
    pattern = re.compile(f"[{SUSPECT}]")
    return np.array([pattern.match(chr(code)) is not None for code in range(CODE_POINTS)])


def suspects(texts: pa.Array) -> NDArray[np.bool_]:
    """Which of the texts may need repair (D,)."""
    text_B, starts_D, ends_D = offsets_and_bytes(texts)
    found_D = np.zeros(len(texts), bool)
    find(text_B, starts_D, ends_D, _suspect(), found_D)
    return found_D
