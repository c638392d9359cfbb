"""Pinyin that a page printed above or beside Chinese characters, and that extraction left between them.

Only syllables with a tone mark count, and only where there are several: one word of pinyin in a sentence is what the author
meant to say.
"""

import re
from collections.abc import Iterator

from danlu.text.language import HAN
from danlu.text.offsets import Edit

RULE = "pinyin notes"
_TONED = "āáǎàōóǒòēéěèīíǐìūúǔùǖǘǚǜ"
_TONE = re.compile(f"[{_TONED}]")
_SYLLABLE = f"[a-zü]{{0,4}}[{_TONED}][a-zü]{{0,3}}"
_LEAST = 3
"""Notes in one text: fewer are left alone."""
_NOTE = re.compile(
    rf"(?<=[{HAN}])[ ]?[（(][ ]?{_SYLLABLE}(?:[ ]?[a-zü{_TONED}]{{1,6}}){{0,3}}[ ]?[)）]"
    rf"|(?<=[{HAN}])[ ]?{_SYLLABLE}[ ]?(?=[{HAN}，。！？、；：]|$)"
    rf"|^[ \t]*(?:{_SYLLABLE}[ ,.，。]*(?:[a-zü]{{1,4}}[ ,.，。]+)?){{2,}}\n(?=[^\n]*[{HAN}])",
    re.MULTILINE,
)


def pinyin_notes(text: str) -> Iterator[Edit]:
    """Edits that take the notes out, in order."""
    if not _TONE.search(text):
        return
    found = [match.span() for match in _NOTE.finditer(text)]
    if len(found) >= _LEAST:
        yield from (Edit(start, end, "", RULE) for start, end in found)
