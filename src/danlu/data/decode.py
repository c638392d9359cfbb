"""Bytes to text, for files that do not say or do not know their encoding.

A byte-order mark decides; then strict UTF-8; then what the file declares; then GB18030, which holds GBK and GB2312,
when what comes out looks like Chinese; then, line by line, whichever of these fits (files pasted together from several
encodings); then Windows-1252 for single-byte text. What fits none of them is undecodable, and the caller rejects it.
"""

import codecs
import re

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NON_ASCII = re.compile("[^\x00-\x7f]")
_COMMON_SHARE = 0.7
"""In Chinese text most characters are of GB2312's first level, sorted by use; in Latin text misread as GB18030, few are."""

_LATIN = frozenset(("iso-8859-1", "latin1", "latin-1", "windows-1252", "cp1252", "ascii", "us-ascii"))
"""Declared by editors for whatever they wrote, and never failing: asked last, and read as browsers do (Windows-1252)."""
_CLAUSE = 6
"""Characters beyond ASCII in one line that are no chance any more."""


def decode(content: bytes, declared: str = "") -> tuple[str, str] | None:
    """The text and the name of its encoding (`mixed` for several in one file); None when nothing fits."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _strictly(content, encoding)
    latin = declared.lower() in _LATIN
    for encoding in ("utf-8", "" if latin else declared):
        found = _strictly(content, encoding) if encoding else None
        if found:
            return found
    said = _strictly(content, "cp1252") if latin else None
    return _chinese(content) or _by_line(content) or said or _single_byte(content)


def _strictly(content: bytes, encoding: str) -> tuple[str, str] | None:
    try:
        return content.decode(encoding), encoding
    except (UnicodeError, LookupError):
        return None


def _chinese(content: bytes) -> tuple[str, str] | None:
    found = _strictly(content, "gb18030")
    return found if found and _looks_chinese(found[0]) and not _has_utf_8(content) else None


def _has_utf_8(content: bytes) -> bool:
    """Whether a line is Chinese in UTF-8: by chance, GB18030 gives valid UTF-8 for a few characters, not for a clause."""
    lines = (line for line in content.split(b"\n") if not line.isascii())
    decoded = (_strictly(line, "utf-8") for line in lines)
    return any(found and len(_NON_ASCII.findall(found[0])) >= _CLAUSE and _looks_chinese(found[0]) for found in decoded)


def _looks_chinese(text: str) -> bool:
    """Whether the characters beyond ASCII are mostly those that Chinese uses most."""
    characters = _NON_ASCII.findall(text[:100_000])
    common = 0
    for character in characters:
        pair = character.encode("gb2312", errors="ignore")
        common += len(pair) == 2 and (0xB0 <= pair[0] <= 0xD7 or pair[0] in (0xA1, 0xA3))
    return common >= _COMMON_SHARE * len(characters)


def _by_line(content: bytes) -> tuple[str, str] | None:
    lines = []
    for line in content.split(b"\n"):
        found = _strictly(line, "utf-8") or _chinese(line)
        if found is None:
            return None
        lines.append(found[0])
    return "\n".join(lines), "mixed"


def _single_byte(content: bytes) -> tuple[str, str] | None:
    """Windows-1252, when letters beyond ASCII are as rare as they are in European text."""
    found = _strictly(content, "cp1252")
    if found is None:
        return None
    strange = _NON_ASCII.findall(found[0])
    letters = sum(character.isalpha() or character in "’‘“”–—…°§«»" for character in strange)
    return found if len(strange) < 0.2 * len(found[0]) and letters >= 0.8 * len(strange) else None
