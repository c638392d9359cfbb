"""E-mail (RFC 5322, MIME) and mailboxes (mbox, RFC 4155): the body as text, the attachments as files of their own.

The plain text of a message is preferred to its HTML. Subject, sender, recipients, date and message id go into title and meta.
"""

import email
import email.header
import email.message
import email.policy
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime

from danlu.data.decode import decode
from danlu.data.extract.blocks import BlockWriter, Extracted, Unreadable
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.html import encoding_edits, extract_html
from danlu.data.extract.items import Found, Item, Record, Refused
from danlu.data.extract.plain import extract_text
from danlu.data.media import EMAIL

Part = email.message.Message

_HEADERS = {"from": "From", "to": "To", "cc": "Cc", "message_id": "Message-ID", "in_reply_to": "In-Reply-To"}
_START = re.compile(rb"^From \S+.*\d{4}\s*$")


def read_email(item: Item, config: ExtractConfig) -> Iterator[Found]:
    """The message, then its attachments."""
    content = item.stream.read(config.max_file_bytes + 1)
    if len(content) > config.max_file_bytes:
        raise Unreadable("too large", f"more than {config.max_file_bytes} bytes", "extract.max_file_bytes")
    message = email.message_from_bytes(content, policy=email.policy.compat32)
    meta = _meta(message)
    body, attachments = _parts(message)
    found = _body(body)
    subject = _header(message, "Subject")
    whole = replace(found, title=subject, meta={**found.meta, **meta})
    if found.text.strip() or not attachments:
        yield Record(item.source, whole)
    for number, part in enumerate(attachments, 1):
        yield _attachment(part, number, item, meta)


def _parts(message: Part) -> tuple[list[Part], list[Part]]:
    """The parts that are the body (plain text where there is any, else HTML), and those that are attached."""
    plain: list[Part] = []
    html: list[Part] = []
    attached: list[Part] = []
    stack = [message]
    while stack:
        part = stack.pop()
        kind = part.get_content_type()
        if kind == "message/rfc822" and part is not message:
            attached.append(part)
        elif part.is_multipart():
            stack += reversed([inner for inner in part.get_payload() if isinstance(inner, email.message.Message)])
        elif part.get_filename() or part.get_content_disposition() == "attachment" or not kind.startswith("text/"):
            attached.append(part)
        else:
            (html if kind == "text/html" else plain).append(part)
    return plain or html, attached


def _body(parts: list[Part]) -> Extracted:
    writer = BlockWriter()
    edits: list[tuple[str, int]] = []
    for part in parts:
        read = _page if part.get_content_type() == "text/html" else _plain
        found = read(_payload(part), part)
        writer.include(found)
        edits += found.edits
    return writer.finish(edits=tuple(edits))


def _page(content: bytes, part: Part) -> Extracted:
    return extract_html(_as_utf_8(content, part))


def _plain(content: bytes, part: Part) -> Extracted:
    found = decode(content, str(part.get_content_charset() or ""))
    if found is None:
        raise Unreadable("undecodable", "no encoding fits", "UTF-8, UTF-16, GB18030 or Windows-1252")
    text, encoding = found
    edits = () if encoding == part.get_content_charset() else encoding_edits(encoding)
    return replace(extract_text(text.encode("utf-8", "replace")), edits=edits)


def _as_utf_8(content: bytes, part: Part) -> bytes:
    try:
        return content.decode(part.get_content_charset() or "utf-8").encode()
    except (UnicodeError, LookupError):
        return content


def _payload(part: Part) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _attachment(part: Part, number: int, item: Item, meta: dict[str, str]) -> Found:
    name = _decoded(part.get_filename() or "").replace("/", "_") or f"part-{number}"
    source = f"{item.source}#{name}"
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload()
        if not isinstance(inner, list) or not inner or not isinstance(inner[0], email.message.Message):
            return Refused(source, Unreadable("damaged", "an attached message without content", "a message"))
        return Item(source, io.BytesIO(inner[0].as_bytes()), media_type=EMAIL)
    return Item(source, io.BytesIO(_payload(part)), meta={"attached_to": meta.get("message_id", item.source)})


def _meta(message: Part) -> dict[str, str]:
    meta = {name: _header(message, header) for name, header in _HEADERS.items()}
    date = _header(message, "Date")
    try:
        meta["date"] = parsedate_to_datetime(date).isoformat() if date else ""
    except (ValueError, TypeError, OverflowError):
        meta["date"] = date
    return {name: value for name, value in meta.items() if value}


def _header(message: Part, name: str) -> str:
    """A header on one line; read raw, for the library replaces bytes that are not ASCII."""
    raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
    return " ".join(_decoded(str(raw)).split())


def _decoded(value: str) -> str:
    """A header with its encoded words (RFC 2047) decoded; raw bytes in it as the text they most likely are."""
    try:
        parts = email.header.decode_header(value)
    except (email.errors.HeaderParseError, ValueError):
        return value
    texts = []
    for part, charset in parts:
        raw = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        found = decode(raw, charset or "")
        texts.append(found[0] if found else raw.decode("utf-8", "replace"))
    return "".join(texts)


def read_mbox(item: Item, config: ExtractConfig) -> Iterator[Found]:
    """Every message of a mailbox; `>From` at the start of a line is `From`."""
    for number, content in enumerate(_messages(item, config.max_file_bytes), 1):
        source = f"{item.source}#{number}"
        if content is None:
            limit = config.max_file_bytes
            yield Refused(source, Unreadable("too large", f"more than {limit} bytes", "extract.max_file_bytes"))
        else:
            yield Item(source, io.BytesIO(content), media_type=EMAIL)


def _messages(item: Item, limit: int) -> Iterator[bytes | None]:
    """The bytes of each message; None for one that is longer than `limit`."""
    lines: list[bytes] = []
    size, after_blank, started = 0, True, False
    while line := item.stream.readline(1 << 20):
        if after_blank and _START.match(line):
            if started:
                yield b"".join(lines) if size <= limit else None
            lines, size, started = [], 0, True
        else:
            size += len(line)
            if size <= limit:
                lines.append(line[1:] if line.startswith(b">From ") else line)
        after_blank = not line.strip()
    if lines:
        yield b"".join(lines) if size <= limit else None
