"""Rows in PostgreSQL's binary COPY format, in which a vector travels as the 16-bit floats that the index holds, bit for bit.

https://www.postgresql.org/docs/16/sql-copy.html ("Binary Format"); halfvec as pgvector's halfvec_recv reads it.
"""

import struct
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from danlu.retrieve.outside.store_changes import Row

_HEADER, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
"""Around the rows."""
_TEXT = 25
"""The object id of PostgreSQL's type text."""


def copied_rows(rows: Iterable[Row]) -> bytes:
    """Id, vector and principals of passages."""
    return _file(_fields(_number(row.id), _half_vector(row.vector), _array(row.principals)) for row in rows)


def copied_spans(spans: Iterable[tuple[int, int, tuple[str, ...]]]) -> bytes:
    """First id, last id and principals of documents."""
    return _file(_fields(_number(first), _number(last), _array(who)) for first, last, who in spans)


def _file(rows: Iterable[bytes]) -> bytes:
    return _HEADER + b"".join(rows) + _END


def _fields(*fields: bytes) -> bytes:
    return struct.pack(">h", len(fields)) + b"".join(struct.pack(">i", len(field)) + field for field in fields)


def _number(value: int) -> bytes:
    return struct.pack(">q", value)


def _half_vector(vector: bytes) -> bytes:
    """Dimensions, an unused number, then the floats, all big-endian."""
    numbers = np.frombuffer(vector, dtype="<f2").astype(">f2")
    return struct.pack(">hh", len(numbers), 0) + numbers.tobytes()


@lru_cache(maxsize=1000)
def _array(words: tuple[str, ...]) -> bytes:
    """As array_recv reads it: one dimension, or none for an empty one; no nulls; numbered from 1."""
    shape = struct.pack(">ii", len(words), 1) if words else b""
    encoded = [word.encode() for word in words]
    elements = b"".join(struct.pack(">i", len(word)) + word for word in encoded)
    return struct.pack(">iii", 1 if words else 0, 0, _TEXT) + shape + elements
