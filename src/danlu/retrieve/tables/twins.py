"""Files that hold the same text as a document of the index: those that `deduplicate` left out as equal to it, and its own.

Whoever may see one of the files may see the text, and is told a file that they may see: a closed copy hides no open original, and no
name of a closed copy is told. A file is such a twin where its extraction is the document's too, white space apart, so that every quote
stands in it; a document without twins has no row here.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

TABLE = """
CREATE TABLE twins(twin_id TEXT PRIMARY KEY, doc_id TEXT, source TEXT, extraction TEXT, principals TEXT);
CREATE INDEX twins_of_document ON twins(doc_id);
"""


@dataclass(frozen=True)
class Twin:
    """A file, or a document in one, that holds the text of another one."""

    doc_id: str
    """Its own id."""
    source: str
    extraction: str | None
    """None where it is that of the document to the letter."""


def add_twins(connection: sqlite3.Connection, doc_id: str, twins: Iterable[Twin]) -> None:
    """Note the twins of a document, and the document's own name; nobody sees it by any of them yet."""
    [(source,)] = connection.execute("SELECT source FROM documents WHERE doc_id = ?", (doc_id,))
    rows = [(one.doc_id, doc_id, one.source, one.extraction, "[]") for one in (Twin(doc_id, source, None), *twins)]
    connection.executemany("INSERT OR REPLACE INTO twins VALUES (?,?,?,?,?)", rows)


def remove_twins(connection: sqlite3.Connection, ids: Collection[str]) -> list[str]:
    """Take twins by their own ids out; returns the ids of the documents that they were twins of."""
    query = "DELETE FROM twins WHERE twin_id = ? AND twin_id != doc_id RETURNING doc_id"
    gone = [connection.execute(query, (id,)).fetchall() for id in sorted(ids)]
    return sorted({doc_id for rows in gone for (doc_id,) in rows})


def twin_names(connection: sqlite3.Connection) -> dict[str, str]:
    """Names of all twins, by their own ids."""
    return dict(connection.execute("SELECT twin_id, source FROM twins WHERE twin_id != doc_id").fetchall())


def set_principals(connection: sqlite3.Connection, of: Callable[[str], Collection[str]], doc_id: str) -> None:
    """Set who may see each file, by its name: of one document, or of all where `doc_id` is empty."""
    rows = _of(connection, "source, twin_id", doc_id)
    said = ((json.dumps(sorted(of(source))), twin_id) for source, twin_id in rows)
    connection.executemany("UPDATE twins SET principals = ? WHERE twin_id = ?", said)


def principals_together(connection: sqlite3.Connection, of: str = "") -> dict[str, frozenset[str]]:
    """Who may see a document that has twins, or each of them: whoever may see one of its files."""
    found: dict[str, frozenset[str]] = {}
    for doc_id, principals in _of(connection, "doc_id, principals", of):
        found[doc_id] = found.get(doc_id, frozenset()) | frozenset(json.loads(principals))
    return found


def _of(connection: sqlite3.Connection, columns: str, doc_id: str) -> list[Any]:
    where, given = ("WHERE doc_id = ?", (doc_id,)) if doc_id else ("", ())
    return connection.execute(f"SELECT {columns} FROM twins {where}", given).fetchall()


def file_to_name(
    rows: Callable[[str, Sequence[Any]], list[Any]], doc_id: str, seen_by: frozenset[str] | None
) -> tuple[str, str | None] | None:
    """The file that somebody who is `seen_by` is told for a document, with its extraction where that differs.

    None where it is the document's own: it has no twin, it may be seen, or the owner asks (None).
    """
    if seen_by is None:
        return None
    query = (
        "SELECT twin_id = doc_id, source, extraction, principals FROM twins WHERE doc_id = ? ORDER BY 1 DESC, source"
    )
    for is_own, source, extraction, principals in rows(query, (doc_id,)):
        if seen_by.intersection(json.loads(principals)):
            return None if is_own else (source, extraction)
    return None
