"""Waivers: findings that somebody accepted, with a reason; a waived finding stays in sight.

A file of JSON lines, or a YAML list, of {"check": "contamination.near", "item": 17, "reason": "..."}. `item` is the row of
an evaluation item, or the SHA-256 of its normalised text (its first 12 digits do), as the finding prints it; without `item`
the whole check is waived, in any group. `by` says who accepted it; it must where a waiver lets data into a corpus.
"""

import difflib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from danlu.core.errors import Phrase, UserError

_MIN_DIGITS = 12
"""Of a SHA-256: 48 bits tell a million items apart."""
_FIELDS = frozenset(("check", "item", "reason", "by"))
_OF_ITEMS = "contamination."


@dataclass(frozen=True)
class Waiver:
    """One accepted finding."""

    check: str
    reason: str
    place: int
    """Line of a file of JSON lines, entry of a YAML list; counted from 1."""
    item: int | str | None = None
    by: str = ""
    """Who accepted it."""

    def covers(self, check: str, row: int, digest: str) -> bool:
        """Whether it accepts what `check` found of the item in this row; `digest` is the item's SHA-256 in hexadecimal."""
        if self.item is None or self.check != check:
            return False
        return self.item == row if isinstance(self.item, int) else digest.startswith(self.item)


@dataclass(frozen=True)
class Waivers:
    """All waivers of a run."""

    entries: tuple[Waiver, ...] = ()

    def of_items(self, check: str) -> tuple[Waiver, ...]:
        """Those that name an item of this check."""
        return tuple(waiver for waiver in self.entries if waiver.check == check and waiver.item is not None)


def read_waivers(path: Path, checks: Collection[str], *, signed: bool = False) -> Waivers:
    """Read a file of waivers of `checks`, by name; `signed` ones say who gave them.

    Raises UserError that names the place of the first one that is malformed.
    """
    if not path.is_file():
        raise UserError("{path}: no such file", "name a file of waivers with --waive", path=path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError("{path} is not UTF-8: {error}", "Save it as UTF-8.", path=path, error=error) from None
    rows = _from_yaml(path, text) if path.suffix in (".yaml", ".yml") else _from_lines(path, text)
    entries = tuple(_waiver(path, place, row, checks, signed) for place, row in rows)
    _refuse_twice(path, entries)
    return Waivers(entries)


def _from_lines(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    for place, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield place, json.loads(line)
            except ValueError as error:
                raise _malformed(path, place, Phrase("it is not JSON: {problem}", problem=error)) from None


def _from_yaml(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    import yaml

    try:
        rows = yaml.safe_load(text) or []
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise UserError("{path} is not YAML: {problem}", "a list of waivers is expected", path=path, problem=problem) from None  # fmt: skip
    if not isinstance(rows, list):
        raise UserError("{path} holds no list", "a list of waivers is expected", path=path)
    yield from enumerate(rows, start=1)


def _waiver(path: Path, place: int, row: Any, checks: Collection[str], signed: bool) -> Waiver:
    if not isinstance(row, dict):
        raise _malformed(path, place, Phrase("it is no object"))
    unknown = sorted(set(map(str, row)) - _FIELDS)
    if unknown:
        raise _malformed(path, place, Phrase("it has a field {field!r}", field=unknown[0]))
    check, item, reason = row.get("check"), row.get("item"), row.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise _malformed(path, place, Phrase("it gives no reason"))
    by = row.get("by", "")
    if not isinstance(by, str) or (signed and not by.strip()):
        raise _malformed(path, place, Phrase("it does not say who gave it: add `by`"))
    _refuse_unknown(path, place, check, checks)
    if item is not None and not str(check).startswith(_OF_ITEMS):
        raise _malformed(path, place, Phrase("{check} has no items: waive the whole check", check=check))
    return Waiver(str(check), reason.strip(), place, _item(path, place, item), by.strip())


def _item(path: Path, place: int, item: Any) -> int | str | None:
    is_row = isinstance(item, int) and not isinstance(item, bool) and item >= 1
    is_digest = (
        isinstance(item, str) and _MIN_DIGITS <= len(item) <= 64 and not set(item.lower()) - set("0123456789abcdef")
    )
    if item is not None and not is_row and not is_digest:
        raise _malformed(path, place, Phrase("its item {item!r} is neither a row nor a SHA-256", item=item))
    return item.lower() if isinstance(item, str) else item


def _refuse_unknown(path: Path, place: int, check: Any, checks: Collection[str]) -> None:
    if check in checks:
        return
    near = difflib.get_close_matches(str(check), checks, 1, cutoff=0)
    raise UserError(
        "{path}, waiver {place}: no check is named {check!r}",
        "did you mean {near}?",
        path=path,
        place=place,
        check=check,
        near=near[0],
    )


def _refuse_twice(path: Path, entries: tuple[Waiver, ...]) -> None:
    seen: dict[tuple[str, int | str | None], int] = {}
    for waiver in entries:
        first = seen.setdefault((waiver.check, waiver.item), waiver.place)
        if first != waiver.place:
            raise _malformed(path, waiver.place, Phrase("it says the same as waiver {first}", first=first))


def _malformed(path: Path, place: int, problem: Phrase) -> UserError:
    return UserError(
        "{path}, waiver {place}: {problem}",
        'expected {{"check": ..., "reason": ...}}, with "item" for one evaluation item',
        path=path,
        place=place,
        problem=problem,
    )
