"""WARC, the format of web archives (ISO 28500:2017), read and written.

A file is written as one gzip member per record, as the standard's annex advises, so that a reader can start at any
record and a file that was cut short is good up to the cut. Equal pages fetched at equal times are equal bytes: the
record's id is a name-based UUID of its content, and gzip holds no time. The reader is our own: fastwarc needs a file that can
seek, and ends the process on some damaged ones.
"""

import gzip
import hashlib
import io
import re
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from danlu.data import media
from danlu.data.extract.blocks import Unreadable
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.items import Found, Item, Refused
from danlu.data.extract.unpack import Unpacked

_LINE = b"\r\n"
_MAX_HEADER_BYTES = 1 << 20
_MAX_LINE_BYTES = 1 << 16
_DOCUMENTS = frozenset(("response", "resource", "conversion", "revisit"))
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)


class WarcWriter:
    """Appends responses to a WARC file. A context; every record is whole on disk once `add` returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        if not self._file.tell():
            self._write(
                "warcinfo", "", datetime(1970, 1, 1, tzinfo=UTC), "application/warc-fields", b"software: danlu\r\n"
            )

    def __enter__(self) -> "WarcWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(
        self, url: str, fetched_at: datetime, status: int, headers: Sequence[tuple[str, str]], body: bytes
    ) -> tuple[int, int]:
        """Append one response, its body already without transfer or content encoding; returns its offset and length in bytes."""
        kept = [(name, value) for name, value in headers if name.lower() not in _OF_TRANSFER]
        lines = [f"HTTP/1.1 {status} {_phrase(status)}", *(f"{name}: {_one_line(value)}" for name, value in kept)]
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("utf-8", "surrogateescape")
        return self._write("response", url, fetched_at, "application/http;msgtype=response", head + body)

    def close(self) -> None:
        """End the file."""
        self._file.close()

    def _write(self, kind: str, url: str, at: datetime, content_type: str, block: bytes) -> tuple[int, int]:
        date = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        digest = hashlib.sha256(block).hexdigest()
        fields = [
            ("WARC-Type", kind), ("WARC-Record-ID", f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{url} {date} {digest}')}>"),
            *([("WARC-Target-URI", _one_line(url))] if url else []), ("WARC-Date", date),
            ("WARC-Block-Digest", f"sha256:{digest}"), ("Content-Type", content_type), ("Content-Length", str(len(block))),
        ]  # fmt: skip
        head = _LINE.join([b"WARC/1.1", *(f"{name}: {value}".encode() for name, value in fields), b"", b""])
        record = gzip.compress(head + block + _LINE * 2, mtime=0)
        start = self._file.tell()
        self._file.write(record)
        self._file.flush()
        return start, len(record)


_OF_TRANSFER = frozenset(("content-encoding", "transfer-encoding", "content-length", "connection"))
"""They say how the body travelled, and the body is stored as it is."""


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"


def _one_line(value: str) -> str:
    return " ".join(value.splitlines())


def read_warc(item: Item, config: ExtractConfig) -> Iterator[Found]:
    """The responses (and the converted texts of WET files) of a web archive; requests and metadata are no documents."""
    number = 0
    while (fields := _next_record(item.stream)) is not None:
        number += 1
        size = int(fields.get("content-length", "0"))
        url = fields.get("warc-target-uri", "").strip("<>")
        source = f"{item.source}#{url or number}"
        if fields.get("warc-type") not in _DOCUMENTS:
            _skip(item.stream, size)
            continue
        block = item.stream.read(min(size, config.max_file_bytes))
        _skip(item.stream, size - len(block))
        if size > config.max_file_bytes:
            limit = config.max_file_bytes
            yield Refused(source, Unreadable("too large", f"more than {limit} bytes", "extract.max_file_bytes"))
        elif len(block) < size:
            yield Refused(source, Unreadable("cut short", f"{len(block)} of {size} bytes", "a whole record"))
        else:
            yield _found(source, url, fields, block)


def _next_record(stream: BinaryIO) -> dict[str, str] | None:
    """The named fields of the next record, by lower-case name; None at the end. Raises Unreadable where none begins."""
    line = stream.readline(_MAX_LINE_BYTES)
    while line in (b"\r\n", b"\n"):
        line = stream.readline(_MAX_LINE_BYTES)
    if not line:
        return None
    fields = _fields(stream) if line.startswith(b"WARC/") else {}
    if not fields.get("content-length", "").isdecimal():
        raise Unreadable("damaged", "no record stands where one should begin", "a whole archive")
    return fields


def _fields(stream: BinaryIO) -> dict[str, str]:
    """Lines `name: value` up to an empty one; a line that begins with white space goes on with the one before."""
    fields: dict[str, str] = {}
    name, left = "", _MAX_HEADER_BYTES
    while (line := stream.readline(_MAX_LINE_BYTES)).strip() and left > 0:
        left -= len(line)
        text = line.decode("utf-8", "replace")
        if text[0] in " \t" and name:
            fields[name] += " " + text.strip()
        else:
            name, _, value = text.partition(":")
            name = name.strip().lower()
            fields.setdefault(name, value.strip())
    return fields


def _skip(stream: BinaryIO, size: int) -> None:
    while size > 0 and (chunk := stream.read(min(size, 1 << 20))):
        size -= len(chunk)


def _found(source: str, url: str, fields: dict[str, str], block: bytes) -> Found:
    if fields["warc-type"] == "revisit":
        return Refused(source, Unreadable("repeated capture", "a revisit record without a page", "a response"))
    head: dict[str, str] = {}
    if fields.get("content-type", "").startswith("application/http"):
        status, head, block = _http(block)
        if status != str(HTTPStatus.OK.value):
            return Refused(source, Unreadable("not a page", f"HTTP status {status}", "200"))
    declared = head.get("content-type", fields.get("content-type", ""))
    meta = {"url": url, "date": fields.get("warc-date", ""), "content_type": declared}
    charset = _CHARSET.search(declared)
    name = _name(url)
    if "html" in declared and not name.endswith((".html", ".htm")):
        name = f"{name.rstrip('/') or 'page'}.html"  # a fragment of HTML looks like text
    return Item(
        source, _decoded(block, head), called=name or source, charset=charset[1] if charset else "",
        meta={name: value for name, value in meta.items() if value},
    )  # fmt: skip


def _name(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _http(block: bytes) -> tuple[str, dict[str, str], bytes]:
    """Status, headers and body of a response."""
    stream = io.BytesIO(block)
    status = stream.readline(_MAX_LINE_BYTES).decode("latin-1").split()[1:2]
    head = _fields(stream)
    return status[0] if status else "missing", head, stream.read()


def _decoded(body: bytes, head: dict[str, str]) -> Any:
    """The body without the encodings that archives of other crawlers keep: chunks, then gzip."""
    if "chunked" in head.get("transfer-encoding", "").lower():
        body = _joined(body)
    is_gzip = "gzip" in head.get("content-encoding", "").lower() and body.startswith(b"\x1f\x8b")
    return Unpacked(io.BytesIO(body), media.GZIP) if is_gzip else io.BytesIO(body)


def _joined(body: bytes) -> bytes:
    """A chunked body (RFC 9112, section 7.1) in one piece; as it is when it is not chunked after all."""
    parts: list[bytes] = []
    at = 0
    while (end := body.find(b"\r\n", at)) >= 0:
        try:
            size = int(body[at:end].split(b";")[0], 16)
        except ValueError:
            return body
        if not size:
            return b"".join(parts)
        parts.append(body[end + 2 : end + 2 + size])
        at = end + 4 + size
    return b"".join(parts) or body
