"""One change of a live index: what is read and written in one transaction, so that it stands on what it saw."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from danlu.model.encoder import Encoder
from danlu.retrieve.tables.schema import read_fact, write_fact
from danlu.retrieve.tables.twins import (
    Twin,
    add_twins,
    principals_together,
    remove_twins,
    set_principals,
    twin_names,
)
from danlu.retrieve.tables.writing import Version, Writer, next_generation

File = tuple[str, str, str]
"""A file that documents came from: name, SHA-256, licence."""


class Change:
    """A transaction that nobody else writes beside. It lives as long as `danlu.retrieve.legs.live.LiveIndex.writing`."""

    def __init__(self, connection: sqlite3.Connection, encoder: Encoder) -> None:
        self._connection = connection
        self._writer = Writer(connection, encoder)

    def sources(self) -> dict[str, str]:
        """Names of all documents, by id."""
        return dict(self._connection.execute("SELECT doc_id, source FROM documents").fetchall())

    def fact(self, name: str) -> Any:
        """A fact of the index; None when nobody wrote it."""
        return read_fact(self._connection, name)

    def note(self, name: str, value: Any) -> None:
        """Write a fact."""
        write_fact(self._connection, name, value)

    def put(self, version: Version) -> int:
        """Put a document, or a new version of it; returns the number of passages of the version before."""
        count = self.remove(version.document.doc_id)
        self._writer.put(version, next_generation(self._connection, "put", version.document.doc_id, 0, 0))
        return count

    def remove(self, doc_id: str) -> int:
        """Take a document out; returns the number of its passages, 0 when it was not there. One that is a twin is that no more."""
        self.part([doc_id])
        first, last = self._writer.take_out(doc_id)
        if last >= first:
            next_generation(self._connection, "removed", doc_id, first, last)
        return last - first + 1

    def grant(self, access: Mapping[str, frozenset[str]]) -> None:
        """Set who may see each of these documents, by document id."""
        for doc_id, principals in access.items():
            self._writer.grant(doc_id, principals)
        next_generation(self._connection, "access", "", 0, 0)

    def twins(self) -> dict[str, str]:
        """Names of the files that hold the text of a document beside its own, by their ids."""
        return twin_names(self._connection)

    def join(self, doc_id: str, twins: Sequence[Twin]) -> None:
        """Note files that hold the text of a document; nobody sees it before `grant_by_name`."""
        add_twins(self._connection, doc_id, twins)

    def part(self, ids: Collection[str]) -> None:
        """Take files out of those that hold the text of a document: it is seen by those who may see one that is left."""
        if parted := remove_twins(self._connection, ids):
            together = principals_together(self._connection)
            self.grant({doc_id: together[doc_id] for doc_id in parted})

    def grant_by_name(self, of: Callable[[str], frozenset[str]], doc_id: str = "") -> None:
        """Let whoever may see one of the files of a text see it, where several hold it: of one document, or of all."""
        set_principals(self._connection, of, doc_id)
        if together := principals_together(self._connection, doc_id):
            self.grant(together)

    def follow(self, files: Iterable[File], gone: Iterable[str] = ()) -> None:
        """Note files that the documents came from, and names that are there no longer."""
        self._connection.executemany("INSERT OR REPLACE INTO sources VALUES (?,?,?)", files)
        self._connection.executemany("DELETE FROM sources WHERE file = ?", ((name,) for name in gone))

    def flush(self) -> None:
        """Write what is gathered over documents: the transaction is not whole without it."""
        self._writer.flush()
