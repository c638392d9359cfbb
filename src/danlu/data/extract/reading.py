"""Read one file of the sources to its documents: detect, dispatch, and go into containers without end of memory.

What a member is called never becomes a path: nothing is written to disk by name. A container's reader may fail in the
middle: what it gave before is kept, and one reject says where it broke.
"""

import io
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from danlu.core.errors import WorkFailed
from danlu.data import detect, media
from danlu.data.extract.blocks import Extracted, Unreadable
from danlu.data.extract.items import Found, Item, Record, Refused
from danlu.data.extract.json_rows import lines_of, skip_line
from danlu.data.extract.long_text import pieces, pieces_of_span
from danlu.data.extract.outcomes import Outcome, Reading, document_of, reject_of
from danlu.data.extract.parquet_rows import groups_of
from danlu.data.extract.readers import CONTAINERS, READERS, unread
from danlu.data.extract.shards import LONG_TEXTS, Span
from danlu.data.extract.unpack import COMPRESSED, Metered, TooMuch, Unpacked
from danlu.text.records import Reject

_IN_MEMORY_BYTES = 32 << 20


def read_item(item: Item, reading: Reading, depth: int = 0) -> Iterator[Outcome]:
    """Every document in `item`, and a reject for everything in it that is none."""
    count = given = 0
    try:
        for outcome in _outcomes(item, reading, depth):
            count += not isinstance(outcome, Reject)
            given += 1
            yield outcome
        if not given:
            raise Unreadable("no documents", "0 members or rows", "1 document")
    except TooMuch as reason:
        if depth:
            raise
        yield reject_of(item.source, reason, reading)
    except Unreadable as reason:
        where = f"{reason.value} (after {count} documents)" if count else reason.value
        yield reject_of(item.source, Unreadable(reason.rule, where, reason.threshold), reading)
    except WorkFailed:
        raise
    except Exception as error:  # noqa: BLE001  parsers raise whatever they like on damaged files
        found = f"{type(error).__name__}: {error}"[:300]
        yield reject_of(item.source, Unreadable("crashed the reader", found, "text"), reading)


def _outcomes(item: Item, reading: Reading, depth: int) -> Iterator[Outcome]:
    with ExitStack() as opened:
        item, kind = _detected(item, reading, opened)
        yield from _of_kind(item, kind, reading, depth)


def _of_kind(item: Item, kind: str, reading: Reading, depth: int) -> Iterator[Outcome]:
    if kind in COMPRESSED:
        yield from _unpacked(item, kind, reading, depth)
    elif kind in CONTAINERS:
        if depth > reading.config.max_depth:
            raise Unreadable("nested too deep", f"{depth} containers around it", "extract.max_depth")
        yield from _contained(item, kind, reading, depth)
    elif kind in LONG_TEXTS:
        yield from _text(item, kind, reading, depth)
    elif kind in READERS:
        yield document_of(_single(item, kind, reading), item, kind, reading)
    else:
        raise unread(kind)


def _detected(item: Item, reading: Reading, opened: ExitStack) -> tuple[Item, str]:
    """The item with a stream that its reader can use, and its kind."""
    if item.media_type:
        return item, item.media_type
    if item.stream.seekable():
        return item, detect.media_type_of(item.name, item.stream)
    stream: Any = item.stream
    if not isinstance(stream, io.BufferedReader):
        stream = io.BufferedReader(stream, detect.SAMPLE_BYTES)
    item = replace(item, stream=stream)
    head = stream.peek(detect.SAMPLE_BYTES)
    if detect.needs_all(head):
        item = replace(item, stream=_spooled(stream, reading, opened))
        return item, detect.media_type_of(item.name, item.stream)
    return item, detect.media_type_of_start(item.name, head)


def _spooled(stream: BinaryIO, reading: Reading, opened: ExitStack) -> BinaryIO:
    """The stream as a file that can seek: in memory while it is small."""
    file: Any = opened.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=str(reading.spool)))  # noqa: SIM115
    while chunk := stream.read(1 << 18):
        file.write(chunk)
    file.seek(0)
    return file  # type: ignore[no-any-return]


def _unpacked(item: Item, kind: str, reading: Reading, depth: int) -> Iterator[Outcome]:
    """What lies in a compressed file: it goes by the file's name without the ending, and stays one file."""
    inner = Unpacked(item.stream, kind)
    stream: Any = io.BufferedReader(Metered(inner, reading.meter), detect.SAMPLE_BYTES)
    if not stream.peek(1):
        raise inner.broken or Unreadable("empty", "0 bytes", "1 byte")
    within = replace(item, stream=stream, called=_without_ending(item.name), media_type="", size_bytes=None)
    told = False
    for outcome in read_item(within, reading, depth + 1):
        told = isinstance(outcome, Reject) and outcome.source == item.source
        yield outcome
    if inner.broken and not told:  # what lies inside may have said already that it ends too early
        raise inner.broken


_PACKED_ENDINGS = {".gz", ".bz2", ".xz", ".zst", ".zstd", ".lzma"}
_SHORT_ENDINGS = {".tgz": ".tar", ".tbz2": ".tar", ".txz": ".tar"}


def _without_ending(source: str) -> str:
    ending = PurePosixPath(source).suffix.lower()
    known = ending in _PACKED_ENDINGS or ending in _SHORT_ENDINGS
    return source[: -len(ending)] + _SHORT_ENDINGS.get(ending, "") if known else source


def _contained(item: Item, kind: str, reading: Reading, depth: int) -> Iterator[Outcome]:
    yield from _found(CONTAINERS[kind](item, reading.config), item, kind, reading, depth)


def _found(everything: Iterator[Found], item: Item, kind: str, reading: Reading, depth: int) -> Iterator[Outcome]:
    for found in everything:
        if isinstance(found, Item):
            stream: Any = io.BufferedReader(Metered(found.stream, reading.meter), detect.SAMPLE_BYTES)
            yield from read_item(replace(found, stream=stream, meta={**item.meta, **found.meta}), reading, depth + 1)
        elif isinstance(found, Refused):
            yield reject_of(found.source, found.reason, reading)
        elif not found.found.text.strip():
            yield reject_of(found.source, Unreadable("empty", "0 letters", "1 letter"), reading)
        else:
            yield document_of(found.found, item, kind, reading, found)


def _single(item: Item, kind: str, reading: Reading) -> Extracted:
    limit = reading.config.max_file_bytes
    content = item.stream.read(limit + 1)
    if len(content) > limit:
        raise Unreadable("too large", f"more than {limit} bytes", "extract.max_file_bytes")
    if not content:
        raise Unreadable("empty", "0 bytes", "1 byte")
    if item.charset and kind == media.HTML:
        content = _as_utf_8(content, item.charset)
    return READERS[kind](content, item.name, reading.config)


def _as_utf_8(content: bytes, charset: str) -> bytes:
    """A page in the encoding that its server declared; as it is where that does not fit."""
    try:
        return content.decode(charset).encode()
    except (UnicodeError, LookupError):
        return content


def _text(item: Item, kind: str, reading: Reading, depth: int) -> Iterator[Outcome]:
    """A text of one document, or of as many as its length makes."""
    limit = reading.config.max_text_bytes
    start = item.stream.read(limit + 1)
    if len(start) <= limit:
        yield document_of(_single(replace(item, stream=io.BytesIO(start)), kind, reading), item, kind, reading)
        return
    yield from _cut(pieces(start, item.stream, limit), item, kind, reading)


def _cut(found: Iterator[tuple[int, bytes]], item: Item, kind: str, reading: Reading) -> Iterator[Outcome]:
    for place, piece in found:
        name = f"{item.source}#byte-{place}"
        try:
            read = replace(READERS[kind](piece, item.name, reading.config), media_type=kind)
        except Unreadable as reason:
            yield reject_of(name, reason, reading)
            continue
        cut = replace(read, edits=(*read.edits, ("cut at the length of a document", 1)))
        yield document_of(cut, item, kind, reading, Record(name, cut))


def read_span(item: Item, span: Span, reading: Reading) -> Iterator[Outcome]:
    """What lies in a span of a large file: the lines that begin in it, its row groups, or the documents of a long text."""
    if item.media_type in LONG_TEXTS:
        found = pieces_of_span(item.stream, (span.start, span.end), reading.config.max_text_bytes)
        yield from _cut(found, item, item.media_type, reading)
        return
    if item.media_type == media.PARQUET:
        rows = groups_of(item, reading.config, range(span.start, span.end), span.rows_before + 1)
    else:
        rows = _lines(item, span, reading)
    yield from _found(rows, item, item.media_type, reading, 0)


def _lines(item: Item, span: Span, reading: Reading) -> Iterator[Found]:
    first, start = span.rows_before + 1, span.start
    if start:
        item.stream.seek(start - 1)
        if item.stream.read(1) != b"\n":
            start += skip_line(item.stream)
            first += 1
    return lines_of(item.stream, item.source, reading.config, first, max(span.end - start, 0))
