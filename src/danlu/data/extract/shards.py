"""Cut the source files into shards: what one worker reads in one go, and what is reused when none of it changed.

Where a shard ends follows from the names of the files in it (content-defined boundaries, as in Muthitacharoen et al., "A
low-bandwidth network file system", SOSP 2001), so a file that is added or removed changes its own shard and at most one more.
A large file of rows or of text is a shard for every 32 MiB of it; any other large file is one alone.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.data import media
from danlu.data.extract.long_text import is_wide
from danlu.data.forgotten import ForgottenMembers
from danlu.data.lock import SourceFile, SourceLock

MAX_FILES = 4096
MAX_BYTES = 32 << 20
LONG_TEXTS = (media.TEXT, media.MARKDOWN, media.CODE)
"""Kinds whose files are cut at blank lines, into as many documents as their length makes."""
_SLOW = 8
"""Pages and pictures cost as much time as so many times their bytes of text."""
_SLOW_KINDS = frozenset((media.PDF, media.DOCX, media.PPTX, *media.IMAGES, *media.AUDIO, *media.VIDEO, media.DICOM))


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a large file: bytes of JSON Lines or of text, or row groups of Parquet, from `start` to before `end`."""

    start: int
    end: int
    rows_before: int
    """Lines that end before `start`, or rows in earlier groups."""


@dataclass(frozen=True, slots=True)
class Job:
    """One file to read, or a span of one."""

    file: SourceFile
    media_type: str
    span: Span | None = None
    forgotten: tuple[str, ...] = ()
    """Names inside it that are not kept."""

    def facts(self) -> list[Any]:
        """All of it that shapes what comes out."""
        span = [self.span.start, self.span.end] if self.span else None
        facts = [self.file.source, self.file.sha256, self.file.licence, self.media_type, span]
        return [*facts, self.forgotten] if self.forgotten else facts


def shards_of(
    rows: Iterable[dict[str, Any]], sources: SourceLock, forgotten: ForgottenMembers | None = None
) -> Iterator[tuple[Job, ...]]:
    """The shards of the collected files, in the order of the files."""
    members = forgotten.members if forgotten else {}
    waiting: list[Job] = []
    size = 0
    for row in rows:
        file, kind = sources.by_id[row["doc_id"]], sys.intern(row["media_type"])
        cost = file.size_bytes * (_SLOW if kind in _SLOW_KINDS else 1)
        if waiting and (size + cost > MAX_BYTES or len(waiting) == MAX_FILES):
            yield tuple(waiting)
            waiting, size = [], 0
        spans, names = spans_of(file, kind), members.get(file.source, ())
        if spans:
            yield from ((Job(file, kind, span, names),) for span in spans)
            continue
        waiting.append(Job(file, kind, None, names))
        size += cost
        if _ends_a_shard(file, cost):
            yield tuple(waiting)
            waiting, size = [], 0
    if waiting:
        yield tuple(waiting)


def _ends_a_shard(file: SourceFile, cost: int) -> bool:
    """Drawn by the file's id: the larger a file, the likelier, so that shards are half as large as they may be on average."""
    return int(file.doc_id, 16) < 2**64 * (2 * cost / MAX_BYTES + 2 / MAX_FILES)


def spans_of(file: SourceFile, kind: str) -> list[Span]:
    """The spans of a large file of rows or of text; none for any other."""
    if file.size_bytes <= 2 * MAX_BYTES:
        return []
    if kind == media.JSON_LINES or (kind in LONG_TEXTS and not _is_wide(file.path)):
        return _byte_spans(file.path)
    return _group_spans(file.path) if kind == media.PARQUET else []


def _is_wide(path: Path) -> bool:
    with path.open("rb") as stream:
        return is_wide(stream.read(1 << 20))


def _byte_spans(path: Path) -> list[Span]:
    spans, lines, start = [], 0, 0
    with path.open("rb") as stream:
        while chunk := stream.read(MAX_BYTES):
            spans.append(Span(start, start + len(chunk), lines))
            lines += chunk.count(b"\n")
            start += len(chunk)
    return spans


def _group_spans(path: Path) -> list[Span]:
    """Row groups, as many as make 64 MiB unpacked; none when the file is damaged, which its reader will say."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        facts = pq.read_metadata(path)
    except (pa.ArrowException, OSError, ValueError):
        return []
    spans, start, size, rows, rows_before = [], 0, 0, 0, 0
    for number in range(facts.num_row_groups):
        group = facts.row_group(number)
        size, rows = size + group.total_byte_size, rows + group.num_rows
        if size >= 2 * MAX_BYTES or number + 1 == facts.num_row_groups:
            spans.append(Span(start, number + 1, rows_before))
            start, size, rows_before, rows = number + 1, 0, rows_before + rows, 0
    return spans
