"""Hashes that identity and content rest on: SHA-256 over canonical bytes.

Canonical JSON is sorted, compact and UTF-8, so that equal facts have equal bytes on every machine.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from danlu.core.databases import read_only

ID_LENGTH = 16
"""Hex digits of a printed id: 64 bits, so two artifacts of one project collide with p < 1e-9 at 10^5 artifacts."""


def canonical_json(facts: Any) -> bytes:
    """Encode plain JSON data so that equal data has equal bytes."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def hash_facts(facts: Any) -> str:
    """SHA-256 of canonical JSON, in full."""
    return hashlib.sha256(canonical_json(facts)).hexdigest()


def hash_rows(rows: Iterable[Any]) -> str:
    """`hash_facts` of the list of these rows, which are never all in memory."""
    digest = hashlib.sha256(b"[")
    for number, row in enumerate(rows):
        digest.update((b"," if number else b"") + canonical_json(row))
    digest.update(b"]")
    return digest.hexdigest()


def short_id(facts: Any) -> str:
    """The printed id of `facts`."""
    return hash_facts(facts)[:ID_LENGTH]


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_database(path: Path) -> str:
    """SHA-256 of an SQLite database's schema and rows, in order: two files with equal rows are equal content.

    Tables that a virtual table keeps for itself (FTS5's shadow tables) follow from the rows that were put in and
    are left out: their layout depends on when segments were merged.
    """
    digest = hashlib.sha256()
    with closing(read_only(path, immutable=True)) as connection:
        query = (
            "SELECT tables.name, schema.sql, tables.wr FROM pragma_table_list AS tables JOIN sqlite_schema AS schema USING (name)"
            " WHERE tables.schema = 'main' AND tables.type IN ('table', 'virtual') ORDER BY tables.name"
        )
        for name, sql, is_without_rowid in connection.execute(query).fetchall():
            digest.update(canonical_json([name, sql]))
            order = _primary_key(connection, name) if is_without_rowid else "rowid"
            for row in connection.execute(f'SELECT * FROM "{name}" ORDER BY {order}'):
                digest.update(canonical_json([value.hex() if isinstance(value, bytes) else value for value in row]))
    return digest.hexdigest()


def _primary_key(connection: sqlite3.Connection, table: str) -> str:
    columns = connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", (table,))
    return ", ".join(f'"{name}"' for (name,) in columns)


def hash_content(folder: Path, facts_files: Iterable[str]) -> str:
    """One hash over an artifact's files by relative path, leaving out `facts_files` (manifest, times of a run) at its top."""
    left_out = set(facts_files)
    hashes = {}
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if path.is_file() and place.parts[0] not in left_out:
            hashes[place.as_posix()] = hash_database(path) if path.suffix == ".sqlite" else hash_file(path)
    return hash_facts(hashes)
