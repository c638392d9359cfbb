"""Fields that documents have: a name that none of them has is told, with those that are spelt most like it.

A field is a column of the document or a key of its `meta`. Reading stops at the first row group that shows all names, so the
check costs next to nothing where nothing is misspelt.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError
from danlu.data.nearest import nearest_first
from danlu.text.tables import read_groups

COLUMNS = ("source", "title", "media_type", "language", "licence")
"""Columns of a document that say something of it; any other name is a key of `meta`."""
_SHOWN = 8


def check_fields(setting: str, names: Iterable[str], parts: Sequence[Path]) -> None:
    """Raises UserError for the first of `names` that no document of `parts` has a value for; nothing where there is no document."""
    missing = set(names)
    known: set[str] = set()
    for part in parts if missing else ():
        for table in read_groups(part, [*COLUMNS, "meta"]):
            for row in table.to_pylist():
                known.update(_fields_of(row))
            missing -= known
            if not missing:
                return
    if missing and known:
        raise unknown_field(setting, min(missing), known)


def unknown_field(setting: str, name: str, known: Iterable[str]) -> UserError:
    """The error for a field that no document has, with what there is."""
    return UserError(
        "{setting}: no document has the field {name}",
        "Correct the name. The documents have: {fields}.",
        setting=setting,
        name=name,
        fields=", ".join(nearest_first(name, sorted(known))[:_SHOWN]),
    )


def _fields_of(row: dict[str, Any]) -> Iterator[str]:
    yield from (name for name in COLUMNS if row[name])
    yield from (name for name, value in json.loads(row["meta"] or "{}").items() if value not in (None, ""))
