"""CSV and TSV (RFC 4180, and what else is called so): the delimiter and the encoding are told from the first megabyte."""

import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from danlu.data.decode import decode
from danlu.data.extract.blocks import Unreadable
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.grid import records_of
from danlu.data.extract.items import Found, Item

_SAMPLE_BYTES = 1 << 20
_DELIMITERS = ",\t;|"
_SAMPLE_ROWS = 50


def read_csv(item: Item, config: ExtractConfig) -> Iterator[Found]:
    """One document per row, or the table as one: `grid` tells which."""
    sample = item.stream.read(_SAMPLE_BYTES)
    found = decode(sample if len(sample) < _SAMPLE_BYTES else sample[: sample.rfind(b"\n") + 1])
    if found is None:
        raise Unreadable("undecodable", "no encoding fits", "UTF-8, UTF-16, GB18030 or Windows-1252")
    text, encoding = found
    csv.field_size_limit(config.max_text_bytes)  # the module's own bound, 128 KiB, is shorter than an article
    lines = io.TextIOWrapper(
        io.BufferedReader(_Joined(sample, item.stream)),
        "utf-8" if encoding == "mixed" else encoding,
        "replace",
        newline="",
    )
    try:
        yield from records_of(csv.reader(lines, delimiter=_delimiter(text)), item.source, config)
    except csv.Error as error:
        raise Unreadable("damaged", f"a quote that never ends: {error}", "extract.max_text_bytes") from None


class _Joined(io.RawIOBase):
    """Bytes that were read ahead, then the rest of their stream."""

    def __init__(self, start: bytes, rest: BinaryIO) -> None:
        self._start, self._rest = start, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer."""
        if self._start:
            data, self._start = self._start[: len(buffer)], self._start[len(buffer) :]
        else:
            data = self._rest.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _delimiter(text: str) -> str:
    """The delimiter that cuts most of the first rows into the same number of cells, more of them at a tie."""

    def score(delimiter: str) -> tuple[float, int]:
        lines = itertools.islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), _SAMPLE_ROWS)
        widths = Counter(len(row) for row in lines if row)
        width, rows = max(widths.items(), key=lambda pair: (pair[1], pair[0]), default=(1, 0))
        return (rows / max(widths.total(), 1) if width > 1 else 0.0), width

    return max(_DELIMITERS, key=score)
