"""A text that is longer than a document may be, cut at blank lines, else at line ends, holding one piece at a time.

The cuts are found in bytes: in UTF-8 and in every encoding of East Asia that danlu reads, the byte of a new line is never
part of another character. UTF-16 and UTF-32 are turned into UTF-8 on the way. A piece is named by the place of its first
byte, in the file or, in those two encodings, in its UTF-8: a citation leads there without reading what comes before.
"""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from danlu.data.decode import decode, unmarked_unicode

_CHUNK_BYTES = _SAMPLE_BYTES = 1 << 20
_BLANK_LINE = re.compile(rb"\n[ \t\r]*\n")
_WIDE = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
_WIDE_MARKS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_GROWTH = {"utf-8": 1, "utf-8-sig": 1}
"""Bytes of UTF-8 for a byte of the file; two at most in other encodings: one byte of Windows-1252, three for two of GBK."""


def pieces(start: bytes, rest: BinaryIO, max_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Pieces that are at most `max_bytes` long in UTF-8, each with its first byte's place; `start` was read of the stream already."""
    encoding = _encoding(start[:_SAMPLE_BYTES])
    chunks = _chunks(start, rest)
    if encoding in _WIDE:
        chunks, encoding = _as_utf_8(chunks, encoding), "utf-8"
    return _pieces(chunks, max_bytes // _GROWTH.get(encoding, 2), 0)


def pieces_of_span(stream: BinaryIO, span: tuple[int, int], max_bytes: int) -> Iterator[tuple[int, bytes]]:
    """The pieces of a file between two planned places; the spans that meet at a place find the same cut near it, each alone."""
    limit = max_bytes // _GROWTH.get(_encoding(_read_at(stream, 0, _SAMPLE_BYTES)), 2)
    start, end = (_cut_after(stream, place, limit) for place in span)
    stream.seek(start)
    return _pieces(_chunks_until(stream, end - start), limit, start)


def is_wide(sample: bytes) -> bool:
    """Whether a file that starts like this has more than one byte for a line's end, so that no place in it stands for itself."""
    return _encoding(sample[:_SAMPLE_BYTES]) in _WIDE


def _cut_after(stream: BinaryIO, place: int, limit: int) -> int:
    """A place to cut a file: the first blank line from `place` on, else the first line's end, else between characters."""
    if not place:
        return 0
    window = _read_at(stream, place, limit)
    found = _BLANK_LINE.search(window)
    if found or (line := window.find(b"\n") + 1):
        return place + (found.end() if found else line)
    return place + next((at for at, byte in enumerate(window[:4]) if byte & 0xC0 != 0x80), 0)


def _read_at(stream: BinaryIO, place: int, size_bytes: int) -> bytes:
    stream.seek(place)
    return stream.read(size_bytes)


def _chunks_until(stream: BinaryIO, size_bytes: int) -> Iterator[bytes]:
    while size_bytes > 0 and (chunk := stream.read(min(size_bytes, _CHUNK_BYTES))):
        size_bytes -= len(chunk)
        yield chunk


def _pieces(chunks: Iterator[bytes], limit: int, position: int) -> Iterator[tuple[int, bytes]]:
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) > limit:
            cut = _cut(held, limit)
            yield position, bytes(held[:cut])
            del held[:cut]
            position += cut
    if held.strip():
        yield position, bytes(held)


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
    while chunk := rest.read(_CHUNK_BYTES):
        yield chunk


def _as_utf_8(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode()
