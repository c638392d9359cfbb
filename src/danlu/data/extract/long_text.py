"""A text that is longer than a document may be, cut at blank lines, else at line ends, holding one piece at a time.

The cuts are found in bytes: in UTF-8 and in every encoding of East Asia that danlu reads, the byte of a new line is never
part of another character. UTF-16 and UTF-32 are turned into UTF-8 on the way.
"""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from danlu.data.decode import decode, unmarked_unicode

_CHUNK = 1 << 20
_BLANK_LINE = re.compile(rb"\n[ \t\r]*\n")
_WIDE = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
_WIDE_MARKS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_GROWTH = {"utf-8": 1, "utf-8-sig": 1}
"""Bytes of UTF-8 for a byte of the file; two at most in other encodings: one byte of Windows-1252, three for two of GBK."""


def pieces(start: bytes, rest: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    """Pieces that are at most `max_bytes` long in UTF-8; `start` was read of the stream already."""
    encoding = _encoding(start[:_CHUNK])
    chunks = _chunks(start, rest)
    if encoding in _WIDE:
        chunks, encoding = _as_utf_8(chunks, encoding), "utf-8"
    limit = max_bytes // _GROWTH.get(encoding, 2)
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) > limit:
            cut = _cut(held, limit)
            yield bytes(held[:cut])
            del held[:cut]
    if held.strip():
        yield bytes(held)


def _encoding(sample: bytes) -> str:
    """The encoding of a sample whose last character may be cut; empty when none fits."""
    wide = next((encoding for mark, encoding in _WIDE_MARKS if sample.startswith(mark)), "") or unmarked_unicode(sample)
    found = None if wide else decode(sample[: sample.rfind(b"\n") + 1] or sample)
    return wide or (found[1] if found else "")


def _cut(held: bytearray, limit: int) -> int:
    """Where to cut: after the last blank line in the second half, else after the last line, else between characters."""
    at = max((match.end() for match in _BLANK_LINE.finditer(held, limit // 2, limit)), default=0)
    at = at or held.rfind(b"\n", 0, limit) + 1
    if at:
        return at
    at = limit
    while at > limit - 4 and held[at] & 0xC0 == 0x80:  # inside a character of UTF-8
        at -= 1
    return at


def _chunks(start: bytes, rest: BinaryIO) -> Iterator[bytes]:
    yield start
    while chunk := rest.read(_CHUNK):
        yield chunk


def _as_utf_8(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode()
