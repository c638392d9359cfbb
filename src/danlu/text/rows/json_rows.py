"""Files of JSON rows, one way for training rows and token dumps: JSON lines, one JSON array, or one object over several lines.

UTF-8, with or without BOM.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from danlu.core.errors import Phrase, UserError
from danlu.text.rows.shapes import Unfit

SUFFIXES = (".jsonl", ".json", ".ndjson")
_BLANKS = b"\xef\xbb\xbf \t\r\n"


def json_rows(path: Path) -> Iterator[tuple[int, object]]:
    """Each row by its number (the line, or the position in an array); a line that is not JSON comes as an `Unfit`.

    Raises UserError for an array that cannot be read, since none of its rows can be told from the others.
    """
    # Many a .json file of the hub holds JSON lines: what it is, its first character tells.
    if path.suffix == ".json":
        with path.open("rb") as file:
            is_array = file.read(4096).lstrip(_BLANKS)[:1] == b"["
        if is_array:
            return _from_array(path)
        if (only := _only_object(path)) is not None:
            return iter([(1, only)])
    return _from_lines(path)


def _only_object(path: Path) -> dict[str, Any] | None:
    """The single object that the lines of a file make together; None where the first line is a row by itself."""
    with path.open("rb") as file:
        first = next((line for line in file if line.strip(_BLANKS)), b"")
    if not isinstance(_parse(first), Unfit):
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _from_lines(path: Path) -> Iterator[tuple[int, object]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip(_BLANKS):
                yield number, _parse(line)


def _parse(line: bytes) -> object:
    try:
        return json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Unfit(Phrase("is not UTF-8 at byte {byte}", byte=error.start))
    except json.JSONDecodeError as error:
        return Unfit(Phrase("is not JSON: {problem} at character {at}", problem=error.msg, at=error.pos))
    except (RecursionError, ValueError):  # thousands of brackets, or a number of thousands of digits
        return Unfit(Phrase("is JSON that is nested too deeply or holds a number too long to read"))


def _from_array(path: Path) -> Iterator[tuple[int, object]]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UserError(
            "{path} is not JSON: {problem}", "a JSON array of rows is expected", path=path, problem=error
        ) from None
    yield from enumerate(rows, start=1)
