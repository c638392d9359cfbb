"""Examples for a head: a user's JSON Lines checked line by line, and parted by groups so that nothing crosses to the held-out side.

A line that is no example ends the command with its number, field and value. What is an example and still cannot be learnt
from (a repeat, an empty text) becomes a row of `rejects`.
"""

import hashlib
import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from danlu.core.errors import Phrase, UserError
from danlu.core.outside import read_lines
from danlu.text.records import REJECTS, Reject, part_name
from danlu.text.tables import write_rows

Row = dict[str, Any]
_REJECTED = "rejected: "
"""Before the rule, in the name of a count."""


def read_objects(path: Path, expected: str) -> list[tuple[int, Row]]:
    """The JSON objects of a file with their line numbers. Raises UserError for a line that is none, or when there is no line."""
    if not path.is_file():
        raise UserError("No such file: {path}", "Name a JSON Lines file after --data.", path=path)
    rows = [(number, _object(line, f"{path}:{number}", expected)) for number, line in read_lines(path)]
    if not rows:
        raise UserError("{path} has no examples", "Expected on each line: {expected}", path=path, expected=expected)
    return rows


def _object(line: str, where: str, expected: str) -> Row:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise UserError(
            "{where}: not JSON: {problem} at column {column}",
            "Expected on each line: {expected}",
            where=where,
            problem=error.msg,
            column=error.colno,
            expected=expected,
        ) from None
    if not isinstance(row, dict):
        raise UserError(
            "{where}: {kind}, and not an object",
            "Expected on each line: {expected}",
            where=where,
            kind=type(row).__name__,
            expected=expected,
        )
    return row


def text_of(row: Row, field: str, where: str, expected: str) -> str:
    """A field that must hold text; raises UserError that names the line, the field and what it holds."""
    value = row.get(field)
    if not isinstance(value, str):
        raise UserError(
            "{where}: the field {field} is {value}, and not text",
            "Expected on each line: {expected}",
            where=where,
            field=field,
            value=json.dumps(value, ensure_ascii=False)[:80] if field in row else Phrase("missing"),
            expected=expected,
        )
    return value


def groups_of(keys: Sequence[Iterable[Hashable]]) -> list[int]:
    """For each row the smallest row that it is tied to: rows that share a key, directly or through others, are one group."""
    parent = list(range(len(keys)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    first: dict[Hashable, int] = {}
    for at, of_row in enumerate(keys):
        for key in of_row:
            low, high = sorted((root(first.setdefault(key, at)), root(at)))
            parent[high] = low
    return [root(at) for at in range(len(keys))]


def is_held_out(group: str, seed: int, share: float) -> bool:
    """Whether a group only measures: by a hash of its name, so that added rows move no other."""
    return int.from_bytes(hashlib.blake2b(f"{seed}:{group}".encode(), digest_size=8).digest(), "big") / 2**64 < share


def write_jsonl(path: Path, rows: Iterable[Row]) -> None:
    """One object a line."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def read_jsonl(path: Path) -> list[Row]:
    """The rows that `write_jsonl` wrote."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def write_rejects(folder: Path, rejects: Sequence[Reject]) -> dict[str, int]:
    """Write the table `rejects`, and return counts by rule."""
    write_rows(folder / "rejects" / part_name(0), [asdict(reject) for reject in rejects], REJECTS)
    counts: dict[str, int] = {}
    for reject in rejects:
        key = f"rejected: {reject.rule}"
        counts[key] = counts.get(key, 0) + 1
    return counts


def left_out(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Of a manifest's counts those of rows that were rejected, each by its rule."""
    return [(name.removeprefix(_REJECTED), count) for name, count in counts.items() if name.startswith(_REJECTED)]
