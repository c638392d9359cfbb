"""ZIP and tar archives: their members as items, in the archive's order, and a reason for each that is not read.

Members that would leave the archive's folder (absolute paths, `..`, drive letters), links, devices, encrypted members and
second members of the same name are refused. Hidden files are refused too, as they are no sources in a folder. Nothing is
unpacked to a path. A tar that was cut short gives what lies before the cut; a ZIP's list of members stands at its end
(APPNOTE 6.3.10, section 4.3), so without it the members are looked for from the start.
"""

import io
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from danlu.data.extract.blocks import Unreadable
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.items import Found, Item, Refused

_ENCRYPTED = 0x1
_UTF_8 = 0x800
_END = b"PK\x05\x06"
_DRIVE = re.compile(r"^[A-Za-z]:")


def read_zip(item: Item, config: ExtractConfig) -> Iterator[Found]:
    """Every file of a ZIP archive."""
    _check_list(item.stream, config)
    try:
        archive = zipfile.ZipFile(item.stream)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        yield from _salvaged(item)
        raise Unreadable("cut short", str(error), "a whole archive") from None
    names: set[str] = set()
    with archive:
        for member in archive.infolist():
            if not member.is_dir():
                yield _zip_member(archive, member, item, names)


def _zip_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, item: Item, names: set[str]) -> Found:
    name = _zip_name(member)
    source = f"{item.source}#{name}"
    reason = _refused(name, names)
    if member.external_attr >> 28 == 0o12:  # the upper half holds the mode of Unix, its first digits the kind of file
        reason = Unreadable("link", "a link in an archive", "a file")
    elif member.flag_bits & _ENCRYPTED:
        reason = Unreadable("encrypted", "a member with a password", "a member without a password")
    if reason:
        return Refused(source, reason)
    try:
        return Item(source, _Member(archive.open(member)))  # type: ignore[arg-type]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        return Refused(source, Unreadable("damaged", str(error), "a whole member"))


class _Member(io.RawIOBase):
    """A member's stream: what is wrong with its data is said as a reason."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; raises Unreadable where the data is damaged."""
        try:
            data = self._stream.read(len(buffer))
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
            raise Unreadable("damaged", str(error) or "the data ends too early", "a whole member") from None
        buffer[: len(data)] = data
        return len(data)


def _zip_name(member: zipfile.ZipInfo) -> str:
    """The name as its writer meant it: Windows in Chinese writes GB18030 where the format says code page 437."""
    if member.flag_bits & _UTF_8:
        return member.filename
    raw = member.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeError:
            continue
    return member.filename


def _refused(name: str, names: set[str]) -> Unreadable | None:
    """Why a member of this name is not read; its name counts as taken from here on."""
    parts = name.replace("\\", "/").split("/")
    if parts[0] == "" or ".." in parts or _DRIVE.match(name) or "\0" in name:
        return Unreadable("unsafe path", "a path that leaves the archive", "a path inside the archive")
    if any(part.startswith(".") and part != "." for part in parts) or parts[0] == "__MACOSX":
        return Unreadable("hidden file", "a name that starts with a dot", "a file that is shown")
    if name in names:
        return Unreadable("duplicate member", "a second member of this name", "each name once")
    names.add(name)
    return None


def _check_list(file: BinaryIO, config: ExtractConfig) -> None:
    """Refuse a list of members that would not fit into memory, before it is read."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - 65557, 0))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 16:
        return
    listed = struct.unpack_from("<I", tail, at + 12)[0]
    largest = size if listed == 0xFFFFFFFF else min(listed, size)  # ZIP64 says the number elsewhere
    if largest > config.max_members * 46 and listed != 0xFFFFFFFF:
        raise Unreadable("too many members", f"a list of {largest} bytes", "extract.max_members")


def _salvaged(item: Item) -> Iterator[Found]:
    """Members of a ZIP whose list is lost, from their own headers (section 4.3.7), as far as these say their sizes."""
    item.stream.seek(0)
    names: set[str] = set()
    while (head := item.stream.read(30))[:4] == b"PK\x03\x04" and len(head) == 30:
        flags, method, packed, _, name_size, extra_size = struct.unpack_from("<6xHH8xIIHH", head)
        name = item.stream.read(name_size).decode("utf-8", "replace")
        item.stream.seek(extra_size, io.SEEK_CUR)
        if flags & (_ENCRYPTED | 0x8) or method not in (0, 8):  # 0x8: the sizes stand behind the data
            return
        data = item.stream.read(packed)
        if len(data) < packed:
            return
        reason = _refused(name, names)
        if reason:
            yield Refused(f"{item.source}#{name}", reason)
        elif not name.endswith("/"):
            stream: Any = io.BytesIO(data) if method == 0 else _Inflated(data)
            yield Item(f"{item.source}#{name}", stream)


class _Inflated(io.RawIOBase):
    """Raw DEFLATE data, inflated as it is read."""

    def __init__(self, data: bytes) -> None:
        self._left, self._object = data, zlib.decompressobj(-15)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; raises Unreadable where the data is damaged."""
        try:
            data = self._object.decompress(self._left, len(buffer))
        except zlib.error as error:
            raise Unreadable("damaged", str(error), "a whole member") from None
        self._left = self._object.unconsumed_tail
        buffer[: len(data)] = data
        return len(data)


def read_tar(item: Item, config: ExtractConfig) -> Iterator[Found]:
    """Every file of a tar archive, in one pass."""
    names: set[str] = set()
    count = 0
    try:
        with tarfile.open(fileobj=item.stream, mode="r|", encoding="utf-8", errors="surrogateescape") as archive:
            for member in archive:
                archive.members = []  # type: ignore[attr-defined]  # it would keep every one
                count += 1
                if count > config.max_members:
                    raise Unreadable("too many members", f"more than {config.max_members}", "extract.max_members")
                if not member.isdir():
                    yield _tar_member(archive, member, item, names)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise Unreadable("cut short", str(error), "a whole archive") from None


def _tar_member(archive: tarfile.TarFile, member: tarfile.TarInfo, item: Item, names: set[str]) -> Found:
    name = _tar_name(member.name)
    source = f"{item.source}#{name}"
    if member.issym() or member.islnk():
        return Refused(source, Unreadable("link", "a link in an archive", "a file"))
    if not member.isfile():
        return Refused(source, Unreadable("device", "a device or a pipe", "a file"))
    reason = _refused(name.removeprefix("./"), names)
    stream = archive.extractfile(member)
    if reason or stream is None:
        return Refused(source, reason or Unreadable("damaged", "no data", "a whole member"))
    return Item(source, _Member(stream))  # type: ignore[arg-type]


def _tar_name(name: str) -> str:
    raw = name.encode("utf-8", "surrogateescape")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeError:
            continue
    return raw.decode("utf-8", "backslashreplace")
