"""What a store of vectors elsewhere must do to follow an index: read from the index's log of changes, inside one transaction.

The index is the truth. Its log says which passages went; what came is read from its rows, with who may see it. A store that slept
through more than the log keeps, or that holds another index, takes everything again.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from danlu.core.databases import read_only
from danlu.retrieve.tables.schema import ENCODER, read_fact

DATABASE = "database"
"""The fact that holds a random name of one live index: a copy that started anew has another."""


@dataclass(frozen=True)
class Held:
    """What a store says of itself."""

    stamp: str
    """The encoder's hash and the live index's random name."""
    owner: str
    """The folder of the live index."""
    generation: int
    rows: int


@dataclass(frozen=True)
class Row:
    """One passage as a store holds it."""

    id: int
    vector: bytes
    """Float16, little-endian."""
    principals: tuple[str, ...]


def stamp_of(connection: sqlite3.Connection) -> str:
    """Names an index: only its own vectors may be compared with its encoder's questions."""
    return f"{read_fact(connection, ENCODER)}:{read_fact(connection, DATABASE)}"


def owner_of(connection: sqlite3.Connection) -> str:
    """The folder of the index's file: two indexes of one folder follow one another, those of two are strangers."""
    return str(database_of(connection).parent)


def database_of(connection: sqlite3.Connection) -> Path:
    """The index's file."""
    return Path(connection.execute("PRAGMA database_list").fetchone()[2]).resolve()


def dimensions_of(connection: sqlite3.Connection) -> int:
    """Numbers in a vector; 0 in an empty index, which cannot tell."""
    found = connection.execute("SELECT length(vector) FROM vectors LIMIT 1").fetchone()
    return found[0] // 2 if found else 0


def can_follow(connection: sqlite3.Connection, held: Held | None) -> bool:
    """Whether the log of changes leads from what a store holds to this transaction's state; otherwise it takes everything again.

    A store that is ahead of this transaction is one that another process brought there since it began, or one that belongs to an
    index which was put back from a copy: the file says which.
    """
    if held is None or held.stamp != stamp_of(connection) or not held.rows:
        return False
    if held.generation > int(read_fact(connection, "generation")):
        return held.generation <= _newest_generation(connection)
    if held.generation == int(read_fact(connection, "generation")):
        return True
    return reaches_back(connection, held.generation)


def reaches_back(connection: sqlite3.Connection, generation: int) -> bool:
    """Whether the log holds every change after a generation."""
    oldest = connection.execute("SELECT min(generation) FROM changes").fetchone()[0]
    return oldest is not None and oldest <= generation + 1


def _newest_generation(connection: sqlite3.Connection) -> int:
    with closing(read_only(database_of(connection))) as newest:
        return int(read_fact(newest, "generation"))


def removed_since(connection: sqlite3.Connection, generation: int) -> list[tuple[int, int]]:
    """First and last ids of passages that were taken out after a generation."""
    return connection.execute(
        "SELECT first_passage, last_passage FROM changes WHERE generation > ? AND what = 'removed'", (generation,)
    ).fetchall()


def access_changed_since(connection: sqlite3.Connection, generation: int) -> bool:
    """Whether who may see what was set anew after a generation."""
    query = "SELECT 1 FROM changes WHERE generation > ? AND what = 'access' LIMIT 1"
    return connection.execute(query, (generation,)).fetchone() is not None


def put_since(connection: sqlite3.Connection, generation: int | None, batch_rows: int) -> Iterator[list[Row]]:
    """Passages of documents that were put after a generation and are still there, in batches; None gives every passage."""
    of_those = "" if generation is None else (
        " WHERE documents.doc_id IN (SELECT doc_id FROM changes WHERE generation > ? AND what = 'put')"
    )  # fmt: skip
    found = connection.execute(
        "SELECT vectors.id, vectors.vector, (SELECT json_group_array(principal) FROM access WHERE access.doc_id ="
        " documents.doc_id) FROM documents CROSS JOIN vectors ON vectors.id BETWEEN first_passage AND last_passage"
        f"{of_those}",
        () if generation is None else (generation,),
    )
    while batch := found.fetchmany(batch_rows):
        yield [Row(id, vector, _names(principals)) for id, vector, principals in batch]


def spans(connection: sqlite3.Connection) -> list[tuple[int, int, tuple[str, ...]]]:
    """Of every document with passages: its first id, its last one, and who may see it."""
    query = (
        "SELECT first_passage, last_passage, (SELECT json_group_array(principal) FROM access WHERE access.doc_id ="
        " documents.doc_id) FROM documents WHERE last_passage >= first_passage"
    )
    return [(first, last, _names(principals)) for first, last, principals in connection.execute(query)]


@lru_cache(maxsize=1000)
def _names(principals: str) -> tuple[str, ...]:
    return tuple(sorted(json.loads(principals)))
