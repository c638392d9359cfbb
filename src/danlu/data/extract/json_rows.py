"""JSON and JSON Lines data sets, one document per row.

JSON Lines are read line by line, however long the file; a line that is no JSON costs that line. A JSON file is an array of
rows, an object that holds one (`data`, `rows`, ...), or a single row; it is parsed whole.
"""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from danlu.data.decode import decode
from danlu.data.extract.blocks import Unreadable
from danlu.data.extract.config import ExtractConfig
from danlu.data.extract.items import Found, Item, Refused
from danlu.data.extract.rows import record_of


def read_json_lines(item: Item, config: ExtractConfig) -> Iterator[Found]:
    """A document per line; blank lines are none."""
    return lines_of(item.stream, item.source, config)


def lines_of(
    stream: BinaryIO, source: str, config: ExtractConfig, first: int = 1, size_bytes: int | None = None
) -> Iterator[Found]:
    """The rows on the lines of a stream, or on those that begin in its next `size_bytes`; the first has the number `first`."""
    limit = 2 * config.max_text_bytes + (1 << 20)  # escapes (\u4e2d) make a line up to twice as long as its text
    number, position = first, 0
    while (size_bytes is None or position < size_bytes) and (line := stream.readline(limit)):
        name = f"{source}#{number}"
        number, position = number + 1, position + len(line)
        if len(line) == limit and not line.endswith(b"\n"):
            position += skip_line(stream)
            yield Refused(name, Unreadable("too large", f"a line of more than {limit} bytes", "extract.max_text_bytes"))
        elif line.strip(b" \t\r\n\xef\xbb\xbf"):
            row = _parsed(line)
            yield Refused(name, row) if isinstance(row, Unreadable) else record_of(row, name, config)


def skip_line(stream: BinaryIO) -> int:
    """Read to the end of the line, and return its bytes."""
    skipped = 0
    while chunk := stream.readline(1 << 20):
        skipped += len(chunk)
        if chunk.endswith(b"\n"):
            break
    return skipped


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except UnicodeDecodeError:
        found = decode(line)
    except (ValueError, RecursionError) as error:
        return Unreadable("not JSON", str(error), "an object on each line")
    try:
        return json.loads(found[0]) if found else Unreadable("undecodable", "no encoding fits", "UTF-8")
    except (ValueError, RecursionError) as error:
        return Unreadable("not JSON", str(error), "an object on each line")


def read_json(item: Item, config: ExtractConfig) -> Iterator[Found]:
    """A document per row of an array, or one for a single object."""
    content = item.stream.read(config.max_file_bytes + 1)
    if len(content) > config.max_file_bytes:
        raise Unreadable("too large", "a JSON file is parsed whole: write it as JSON Lines", "extract.max_file_bytes")
    found = decode(content)
    if found is None:
        raise Unreadable("undecodable", "no encoding fits", "UTF-8")
    try:
        value = json.loads(found[0])
    except (ValueError, RecursionError) as error:
        raise Unreadable("not JSON", str(error), "JSON") from None
    rows = _rows(value)
    for number, row in enumerate([value] if rows is None else rows, 1):
        yield record_of(row, f"{item.source}#{number}" if rows is not None else item.source, config)


def _rows(value: Any) -> list[Any] | None:
    """The rows of a data set; None when the value is a row itself."""
    if isinstance(value, list):
        return value
    lists = [
        inner for inner in value.values() if isinstance(inner, list) and inner and all(isinstance(row, dict) for row in inner)
    ] if isinstance(value, dict) else []  # fmt: skip
    is_conversation = bool(lists) and all(
        isinstance(turn, dict) and {"role", "from"} & turn.keys() for turn in lists[0]
    )
    return lists[0] if len(lists) == 1 and not is_conversation else None
