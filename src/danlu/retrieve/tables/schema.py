"""The tables of an index: SQLite holds everything that a search or a citation needs, and is the truth.

documents  one row per document: what its source says of it (meta, JSON), its extraction (what citations quote), the map from its cleaned text back to it, where its
           pages begin in the cleaned text, and the ids of its passages, which lie side by side. offsets and pages are little-endian int64: (start, end, source start,
           source end, kept) and (offset, page)
passages   one row per passage: where it stands, its headings, its text. An id is never used twice
vectors    one unit vector per passage, float16
lexical, postings, leg_sizes  what the lexical legs read (danlu.retrieve.tables.postings)
synonyms, definitions  other names that the documents define (danlu.retrieve.tables.synonyms)
general    how often a term stands in text at large, for the refusal gate; empty in a blind index, which answers nothing
access     who may see a document: names of principals, `*` for everyone. A document without a row is seen by nobody
twins      other files with the text of a document (danlu.retrieve.tables.twins); filled in an index that follows its files
sources    the files that the documents came from, with hash and licence; filled in an index that follows them
changes    what each generation did, for processes that hold vectors in memory
facts      the generation, the encoder's hash, the sum of the vectors, fusion weights and the refusal gate, as JSON

An index that was built by a stage and one that takes changes have the same tables.
"""

import json
import sqlite3
from pathlib import Path
from typing import Any

from danlu.core.databases import using
from danlu.core.errors import Phrase, UserError
from danlu.core.hashing import hash_content
from danlu.retrieve.tables import twins
from danlu.retrieve.tables.postings import TABLES
from danlu.retrieve.tables.synonyms import TABLE

EVERYONE = "*"
"""The principal that everybody is."""

ENCODER = "encoder"
"""The fact that holds the hash of the encoder that made the vectors."""
VECTOR_SUM = "vector sum"
"""The fact that holds the sum of all vectors: what is near to everything is near to nothing."""

_APPLICATION_ID = 0x64616E6C
"""Marks the file as danlu's: the letters `danl`."""
_VERSION = 4
"""Of the tables. Raised with any change: an index of another version is made again, never converted."""

_TABLES = f"""
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
CREATE TABLE documents(doc_id TEXT PRIMARY KEY, source TEXT, title TEXT, licence TEXT, language TEXT, media_type TEXT,
  meta TEXT, extraction TEXT, offsets BLOB, pages BLOB, first_passage INTEGER, last_passage INTEGER, generation INTEGER);
CREATE TABLE passages(id INTEGER PRIMARY KEY AUTOINCREMENT, doc_id TEXT, section TEXT, headings TEXT, language TEXT,
  start INTEGER, "end" INTEGER, text TEXT);
CREATE TABLE vectors(id INTEGER PRIMARY KEY, vector BLOB);
CREATE TABLE general(term TEXT PRIMARY KEY, share REAL) WITHOUT ROWID;
CREATE TABLE access(doc_id TEXT, principal TEXT, PRIMARY KEY (doc_id, principal)) WITHOUT ROWID;
CREATE INDEX access_of_principal ON access(principal);
CREATE TABLE sources(file TEXT PRIMARY KEY, sha256 TEXT, licence TEXT);
CREATE TABLE changes(generation INTEGER PRIMARY KEY, what TEXT, doc_id TEXT, first_passage INTEGER, last_passage INTEGER);
CREATE TABLE facts(name TEXT PRIMARY KEY, value TEXT);
{TABLES}{TABLE}{twins.TABLE}"""

_NEXT_STEP = Phrase("Delete the folder that it lies in, then `danlu run` again.")


def create(path: Path, encoder: str) -> sqlite3.Connection:
    """A new, empty index at generation 1 for the vectors of the encoder with this hash; one that lay there is replaced."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(_TABLES)
    write_fact(connection, "generation", 1)
    write_fact(connection, ENCODER, encoder)
    return connection


def encoder_hash(folder: Path) -> str:
    """The content of an encoder's folder: only what one encoder made can be compared."""
    return hash_content(folder, ())


def check(connection: sqlite3.Connection, path: Path, encoder: Path | None) -> None:
    """Raise UserError when the file is no index, one of another version of danlu, or one of another encoder than the folder's."""
    with using(path, _NEXT_STEP):
        application, version = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        )
    if application != _APPLICATION_ID:
        raise UserError(
            "{path} is not an index of danlu's", "Name one that `danlu index` or `danlu run` made.", path=path
        )
    if version != _VERSION:
        raise UserError(
            "{path} is an index of version {version}, and this danlu reads version {expected}",
            "`danlu run` makes it again.",
            path=path,
            version=version,
            expected=_VERSION,
        )
    if encoder is not None and read_fact(connection, ENCODER) != encoder_hash(encoder):
        raise UserError(
            "The vectors of {path} were made by another encoder than that of {folder}",
            "`danlu run` makes both again.",
            path=path,
            folder=encoder,
        )


def read_fact(connection: sqlite3.Connection, name: str) -> Any:
    """A fact that the builder wrote; None when it did not."""
    row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return json.loads(row[0]) if row else None


def write_fact(connection: sqlite3.Connection, name: str, value: Any) -> None:
    """Put one fact, replacing what was there."""
    connection.execute("INSERT OR REPLACE INTO facts VALUES (?,?)", (name, json.dumps(value, sort_keys=True)))
