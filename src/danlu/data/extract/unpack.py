"""Compressed files as streams: gzip (RFC 1952), bzip2, xz and zstd (RFC 8878), many of them one after the other.

Nothing is believed that a header says: what comes out is counted as it comes out, and a file that unpacks to far more than
any document does is a bomb. A file that was cut short gives what lies before the cut, and then says where it broke.
"""

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from danlu.data import media
from danlu.data.extract.blocks import Unreadable

_CHUNK = 1 << 18
_FREE_BYTES = 64 << 20
"""Whatever the ratio, this much may come out of a file: small files of zeros or of one repeated line are no attack."""


class TooMuch(Unreadable):
    """A file unpacks to more than its bound: reading it ends here, whatever container it stands in."""


@dataclass
class Meter:
    """What has come out of one file of the sources so far, over all containers in it."""

    packed_bytes: int
    max_ratio: int
    max_bytes: int
    unpacked_bytes: int = 0

    def add(self, size: int) -> None:
        """Count; raises TooMuch over a bound."""
        self.unpacked_bytes += size
        if self.unpacked_bytes > self.max_bytes:
            raise TooMuch("unpacks to too much", f"more than {self.max_bytes} bytes", "extract.max_unpacked_bytes")
        if self.unpacked_bytes > max(_FREE_BYTES, self.packed_bytes * self.max_ratio):
            raise TooMuch(
                "unpacks to too much", f"more than {self.max_ratio} times its size", "extract.max_unpack_ratio"
            )


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """zlib's object in the shape of its younger siblings: what it has not taken yet, it keeps for itself."""

    def __init__(self) -> None:
        self._object = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._object.decompress(self._object.unconsumed_tail + data, max_length)


_FRESH: dict[str, Callable[[], Any]] = {
    media.GZIP: _Gzip,
    media.BZIP2: bz2.BZ2Decompressor,
    media.XZ: lzma.LZMADecompressor,
}
COMPRESSED = (*_FRESH, media.ZSTD)


class Unpacked(io.RawIOBase):
    """The bytes inside a compressed stream. `broken` says, once reading has ended, why it ended before the end."""

    def __init__(self, stream: BinaryIO, kind: str) -> None:
        self._stream, self._fresh = stream, _FRESH.get(kind)
        self._zstd = _zstd(stream) if self._fresh is None else None
        self._open: _Decompressor | None = None
        self._read = self._given = 0
        self._left = b""
        self.broken: Unreadable | None = None

    def readable(self) -> bool:
        """True: it is read and nothing else."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as one step of decompression does; 0 at the end, and where it broke."""
        if self.broken is not None:
            return 0
        try:
            data = self._zstd.read(len(buffer)) if self._zstd else self._next(len(buffer))
        except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError) as error:
            self._break("damaged", str(error))
            return 0
        buffer[: len(data)] = data
        self._given += len(data)
        return len(data)

    def _break(self, rule: str, problem: str) -> None:
        where = f"after {self._given} bytes of its content: {problem}"
        self.broken = (
            Unreadable("damaged", where, "a whole file")
            if rule == "damaged"
            else Unreadable("cut short", where, "a whole file")
        )

    def _next(self, size: int) -> bytes:
        while True:
            if self._open is None and not self._begin():
                return b""
            assert self._open is not None
            data = self._open.decompress(self._left, size)
            self._left = b""
            if self._open.eof:
                self._left, self._open = self._open.unused_data, None
            elif not data:
                self._left = self._stream.read(_CHUNK)
                self._read += len(self._left)
                if not self._left:
                    self._break("cut short", "the file ends before its data does")
                    return b""
            if data:
                return data

    def _begin(self) -> bool:
        """Open the next of the streams that stand one after the other; padding with zeros ends a file (xz, tapes)."""
        assert self._fresh is not None
        while not self._left.strip(b"\0"):
            self._left = self._stream.read(_CHUNK)
            if not self._left:
                return False
        self._left = self._left.lstrip(b"\0") if self._read else self._left
        self._read += len(self._left)
        self._open = self._fresh()
        return True


def _zstd(stream: BinaryIO) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd")


class Metered(io.RawIOBase):
    """A stream whose bytes are counted."""

    def __init__(self, stream: BinaryIO | io.RawIOBase, meter: Meter) -> None:
        self._stream, self._meter = stream, meter

    def readable(self) -> bool:
        """True: it is read and nothing else."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Pass bytes on and count them; raises TooMuch over a bound."""
        data = self._stream.read(min(len(buffer), _CHUNK)) or b""
        buffer[: len(data)] = data
        self._meter.add(len(data))
        return len(data)
