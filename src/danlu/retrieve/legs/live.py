"""A live index: answers while it takes changes, from any number of threads and processes.

Every change is one transaction and one or two generations; every query is one transaction too (SQLite's write-ahead log gives it
the state at its begin). When a change returns, it is on the disk, and no query that begins afterwards, in any process, sees
what was before.
"""

import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

import numpy as np

from danlu.core.databases import connect, empty_log, using
from danlu.core.errors import Phrase, UserError
from danlu.model.encoder import LsaEncoder, load_encoder
from danlu.retrieve.legs.change import Change
from danlu.retrieve.legs.memory import Memory
from danlu.retrieve.legs.search import Searcher
from danlu.retrieve.legs.vector_cache import VectorCache
from danlu.retrieve.outside.store_changes import DATABASE
from danlu.retrieve.outside.stores import Outside, StoreDown, VectorStore
from danlu.retrieve.tables.faiss_cache import WORTH_FROM
from danlu.retrieve.tables.schema import check, read_fact, write_fact
from danlu.retrieve.tables.writing import Version

TIMEOUT_S = 30
"""How long a change waits for another process's: a document of a million characters takes some seconds."""
_MOST_CHANGES = 10_000
"""Kept in the log. A process that slept through more reads all vectors again: 40 ms for 100,000 passages."""
_NEXT_STEP = Phrase("Delete it: it is made again from the release, with what was forgotten left out.")


class LiveIndex:
    """An index that changes. Threads may share it; each process opens its own."""

    def __init__(
        self, path: Path, encoder: Path | None, store: VectorStore | None = None, cached_from: int = WORTH_FROM
    ) -> None:
        """Open the database; raises UserError when it is missing, damaged, no index, or one of another encoder.

        `encoder` is the encoder's folder. With None nothing can be put or asked, only taken out and compacted.
        `store` holds the vectors that are searched; None keeps them in memory, from `cached_from` vectors on in a FAISS cache.
        """
        self.path = path
        self._encoder = (
            load_encoder(encoder) if encoder else LsaEncoder({}, np.zeros(0, np.float32), np.zeros((0, 1), np.float32))
        )
        self._outside = Outside(store) if store else None
        self._cache = VectorCache(path, cached_from)
        self._memory = Memory(self._outside, self._cache)
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        self._is_closed = False
        if not path.is_file():
            raise UserError("There is no index {path}", "`danlu run` makes one.", path=path)
        with using(path, _NEXT_STEP):
            connection = self._connect()
            check(connection, path, encoder)
            self._idle.put(connection)
            self._opened_file = _identity(path)
        if store:
            self._name_database()

    def is_there(self) -> bool:
        """Whether the file still is the one that was opened: deleted and made again, it is another index."""
        try:
            return _identity(self.path) == self._opened_file
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Close every connection that is idle; one at work is closed when it comes back."""
        self._is_closed = True
        if self._outside:
            self._outside.close()
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    @contextmanager
    def reading(self, principals: frozenset[str] | None) -> Iterator[Searcher]:
        """One view for one question: nothing changes in it while it is open. None sees everything."""
        with using(self.path, _NEXT_STEP), self._connected() as connection:
            connection.execute("BEGIN")
            try:
                yield Searcher(connection, self._memory, self._encoder, principals)
            finally:
                connection.rollback()

    def put(self, version: Version) -> None:
        """Put a document, or a new version of it."""
        self.change([version])

    def remove(self, doc_id: str) -> int:
        """Take a document out; returns the number of its passages, 0 when it was not there."""
        return self.change(removed=[doc_id])

    def change(
        self, put: Sequence[Version] = (), removed: Sequence[str] = (), file: tuple[str, str, str] | None = None
    ) -> int:
        """Put documents and take others out, all at once, and note the file they came from (name, SHA-256, licence).

        Returns the number of passages that were taken out, earlier versions of what was put among them.
        """
        with self.writing() as change:
            count = sum([*map(change.remove, removed), *map(change.put, put)])
            change.follow([file] if file else ())
            return count

    def grant(self, access: Mapping[str, frozenset[str]]) -> None:
        """Set who may see each of these documents, by document id."""
        with self.writing() as change:
            change.grant(access)

    @contextmanager
    def writing(self) -> Iterator[Change]:
        """A change that reads and writes in one transaction: all of it is kept at the end, or nothing after an exception."""
        with self._writing() as connection:
            change = Change(connection, self._encoder)
            yield change
            change.flush()

    def bring_store(self) -> str:
        """Bring the store of the vectors up to date; returns why it is not, empty when it is, or when there is none."""
        if self._outside is None:
            return ""
        with using(self.path, _NEXT_STEP), self._connected() as connection:
            connection.execute("BEGIN")
            try:
                self._outside.bring_to(connection, int(read_fact(connection, "generation")))
            except StoreDown as trouble:
                return str(trouble)
            finally:
                connection.rollback()
        return ""

    def compact(self, least_free: float = 0.0, wait_s: float = TIMEOUT_S) -> bool:
        """Shorten the log of changes, give free pages back, and overwrite what was deleted, in the file and in its log.

        The file is written anew only where `least_free` of it is free. Returns False when the log could not be emptied, since
        somebody read in it for `wait_s` seconds: what was deleted is in no answer, and still in those bytes.
        """
        with self._writing() as connection:
            self._cache.forget(connection)
            newest = connection.execute("SELECT max(generation) FROM changes").fetchone()[0] or 0
            connection.execute("DELETE FROM changes WHERE generation <= ?", (newest - _MOST_CHANGES,))
        with using(self.path, _NEXT_STEP), self._connected() as connection:
            connection.execute(f"PRAGMA busy_timeout = {round(wait_s * 1000)}")
            free, pages = (
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count")
            )
            if free >= least_free * pages:
                connection.execute("VACUUM")
            is_emptied = empty_log(connection)
            connection.execute(f"PRAGMA busy_timeout = {TIMEOUT_S * 1000}")
            return is_emptied

    def cache_vectors(self) -> bool:
        """Build the FAISS cache of the vectors where it pays and none fits; returns whether it did. It takes 12 CPU-seconds a million."""
        if self._outside is not None:
            return False
        with using(self.path, _NEXT_STEP), self._connected() as connection:
            is_worth_it = self._cache.pays(connection)
        if not is_worth_it:
            return False
        self._name_database()
        with using(self.path, _NEXT_STEP), self._connected() as connection:
            connection.execute("BEGIN")
            try:
                return self._cache.bring(connection)
            finally:
                connection.rollback()

    def _name_database(self) -> None:
        with using(self.path, _NEXT_STEP), self._connected() as connection:
            if read_fact(connection, DATABASE) is not None:
                return  # to look is not to write: opening waits for nobody
        with self._writing() as connection:
            if read_fact(connection, DATABASE) is None:
                write_fact(connection, DATABASE, secrets.token_hex(8))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is kept, or nothing."""
        with using(self.path, _NEXT_STEP), self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.rollback()
                raise

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.put(connection)
        if self._is_closed:
            self.close()

    def _connect(self) -> sqlite3.Connection:
        connection = connect(
            self.path, TIMEOUT_S, isolation_level=None, mode="rw"
        )  # never an empty one for one that went
        # A change that was acknowledged survives a power cut; deleted text is overwritten, not only unlinked.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        return connection


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
