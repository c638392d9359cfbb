"""Vectors in PostgreSQL, by its extension pgvector (VectorStore of danlu.retrieve.outside.stores).

NAME holds passage id, vector (halfvec: the 16-bit floats of the index, bit for bit) and principals; NAME_state one row that says whose
they are and of which generation. All of a change is one transaction under one lock, so that a process that dies in the middle of it
leaves what was there, and several at once do it once.

Up to 200,000 rows every allowed row is compared. Above, HNSW (Malkov and Yashunin 2016, as pgvector builds it: m 16, ef_construction 64)
goes on looking until it has enough rows that may be seen (`hnsw.iterative_scan`, pgvector 0.8); where it ends with too few, all are compared.
"""

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from queue import Empty, SimpleQueue
from typing import Any, LiteralString

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from danlu.retrieve.outside.pg_session import Session, Values
from danlu.retrieve.outside.store_changes import (
    Held,
    Row,
    access_changed_since,
    can_follow,
    dimensions_of,
    owner_of,
    put_since,
    removed_since,
    spans,
    stamp_of,
)
from danlu.retrieve.outside.stores import CONNECT_S, QUERY_S, StoreDown
from danlu.retrieve.tables.schema import EVERYONE

_INDEXED_FROM = 200_000
"""Rows from which HNSW pays: comparing 100,000 of 200 took 58 ms on two busy cores, and building HNSW for them a minute and a half
(benchmarks/retrieve_stores.py)."""
_MOST_INDEXED_DIMENSIONS = 4_000
"""Of a halfvec in an index of pgvector's; longer ones are compared one by one."""
_MOST_LOOKED_AT = 1_000
"""pgvector's highest `hnsw.ef_search`."""
_CHANGE_S = 60
"""Seconds for one statement of a change, 5,000 rows at most: a hundred times what it takes."""
_BUILD_S = 3_600
"""Seconds for building the HNSW index: a million rows of 384 take some minutes."""
_OLDEST = (0, 8)
"""Of pgvector: the first whose HNSW goes on until enough rows passed the filter."""
_HEADER, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
"""Around the rows of PostgreSQL's binary COPY format."""
_TEXT = 25
"""The object id of PostgreSQL's type text."""


class PgVectors:
    """A table of a PostgreSQL database. `url` is libpq's; a password is better in PGPASSWORD or ~/.pgpass than in it.

    Raises psycopg.ProgrammingError for a URL that libpq cannot read.
    """

    def __init__(self, url: str, table: str, indexed_from: int = _INDEXED_FROM) -> None:
        said = psycopg.conninfo.conninfo_to_dict(url)
        self.name = f"pgvector at {said.get('host', 'localhost')}:{said.get('port', 5432)}/{said.get('dbname', '')}"
        self._url = url
        self._password = str(said.get("password") or "")
        self._table = table
        self._indexed_from = indexed_from
        self._idle: SimpleQueue[psycopg.Connection[Any]] = SimpleQueue()

    def generation(self) -> int:
        """See VectorStore."""
        with self._session(QUERY_S) as session:
            held = self._held(session)
        return held.generation if held else 0

    def bring_to(self, connection: sqlite3.Connection, generation: int) -> None:
        """See VectorStore. A process that finds another one at it waits five seconds for it."""
        with self._session(QUERY_S) as session:
            held = self._held(session)
            self._check_owner(held, connection)
        if held and (held.stamp, held.generation) == (stamp_of(connection), generation):
            return
        with self._session(_CHANGE_S) as session, session.server.transaction():
            self._run(session, "SET LOCAL lock_timeout = {limit}", limit=sql.Literal(f"{QUERY_S}s"))
            self._run(session, "SELECT pg_advisory_xact_lock(hashtext(%s))", [self._table])
            self._follow(session, connection, generation)

    def search(
        self, question_D: NDArray[np.float32], depth: int, principals: frozenset[str] | None
    ) -> dict[int, float]:
        """See VectorStore."""
        query: LiteralString = (
            "SELECT id, -(vector <#> %(question)s::halfvec) FROM {table} {seen}"
            " ORDER BY vector <#> %(question)s::halfvec LIMIT %(depth)s"
        )
        seen = sql.SQL("" if principals is None else "WHERE principals && %(who)s::text[]")
        values = {
            "question": "[" + ",".join(map(str, question_D.tolist())) + "]",
            "depth": depth,
            "who": sorted((principals or frozenset()) | {EVERYONE}),
        }
        looked_at = str(min(2 * depth, _MOST_LOOKED_AT))
        with self._session(QUERY_S) as session, session.server.transaction():
            held = self._held(session)
            if held is None or not held.rows:
                return {}
            settings = (
                "SELECT set_config('hnsw.ef_search', %s, true), set_config('hnsw.iterative_scan', 'strict_order', true)"
            )
            self._run(session, settings, [looked_at])
            found = self._run(session, query, values, seen=seen).fetchall()
            if len(found) < min(depth, held.rows) and held.rows >= self._indexed_from:
                self._run(session, "SET LOCAL enable_indexscan = off")
                found = self._run(session, query, values, seen=seen).fetchall()
        return dict(found)

    def close(self) -> None:
        """See VectorStore."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _follow(self, session: Session, connection: sqlite3.Connection, generation: int) -> None:
        held = self._held(session)
        self._check_owner(held, connection)
        if held is None or not can_follow(connection, held):
            rows = self._refill(session, connection)
        elif held.generation < generation:
            rows = held.rows + self._changed(session, connection, held.generation)
        else:
            return
        self._index(session, rows)
        self._run(session, "DELETE FROM {state}")
        values = [stamp_of(connection), owner_of(connection), generation, rows]
        self._run(session, "INSERT INTO {state} VALUES (%s, %s, %s, %s)", values)

    def _refill(self, session: Session, connection: sqlite3.Connection) -> int:
        """Everything anew; returns the number of rows."""
        self._run(session, "CREATE EXTENSION IF NOT EXISTS vector")
        self._check_version(session)
        # In the order in which a search locks them: the other way about, the two would wait for one another.
        self._run(session, "DROP TABLE IF EXISTS {state}, {table}")
        self._run(session, "CREATE TABLE {state} (stamp text, owner text, generation bigint, rows bigint)")
        dimensions = dimensions_of(connection)
        if not dimensions:
            return 0
        columns: LiteralString = "(id bigint PRIMARY KEY, vector halfvec({count}) NOT NULL, principals text[] NOT NULL)"
        self._run(session, "CREATE TABLE {table} " + columns, count=sql.Literal(dimensions))
        rows = sum(self._put(session, batch) for batch in put_since(connection, None))
        self._run(session, "CREATE INDEX ON {table} USING gin (principals)", limit_s=_CHANGE_S)
        self._run(session, "ANALYZE {table}", limit_s=_CHANGE_S)
        return rows

    def _changed(self, session: Session, connection: sqlite3.Connection, since: int) -> int:
        """What changed since a generation; returns by how many rows there are more."""
        more = 0
        for span in removed_since(connection, since):
            delete: LiteralString = "DELETE FROM {table} WHERE id BETWEEN %s AND %s"
            more -= self._run(session, delete, span, limit_s=_CHANGE_S).rowcount
        more += sum(self._put(session, batch) for batch in put_since(connection, since))
        if access_changed_since(connection, since):
            self._set_access(session, connection)
        return more

    def _put(self, session: Session, rows: list[Row]) -> int:
        content = _HEADER + b"".join(map(_copied, rows)) + _END
        session.copy(self._sql("COPY {table} FROM STDIN (FORMAT BINARY)"), content, _CHANGE_S)
        return len(rows)

    def _set_access(self, session: Session, connection: sqlite3.Connection) -> None:
        self._run(session, "CREATE TEMP TABLE seen_by (first bigint, last bigint, who text[]) ON COMMIT DROP")
        rows = (_fields(_number(first), _number(last), _array(who)) for first, last, who in spans(connection))
        session.copy(sql.SQL("COPY seen_by FROM STDIN (FORMAT BINARY)"), _HEADER + b"".join(rows) + _END, _CHANGE_S)
        update: LiteralString = (
            "UPDATE {table} SET principals = who FROM seen_by"
            " WHERE id BETWEEN first AND last AND principals IS DISTINCT FROM who"
        )
        self._run(session, update, limit_s=_CHANGE_S)

    def _index(self, session: Session, rows: int) -> None:
        """Build the approximate index once there are enough rows."""
        hnsw = f"{self._table}_hnsw"
        if (
            rows < self._indexed_from
            or self._there(session, hnsw)
            or self._dimensions(session) > _MOST_INDEXED_DIMENSIONS
        ):
            return
        self._run(session, "SET LOCAL statement_timeout = 0")
        build: LiteralString = "CREATE INDEX {hnsw} ON {table} USING hnsw (vector halfvec_ip_ops)"
        self._run(session, build, limit_s=_BUILD_S, hnsw=sql.Identifier(hnsw))

    def _dimensions(self, session: Session) -> int:
        query: LiteralString = "SELECT vector_dims(vector) FROM {table} LIMIT 1"
        return int(self._run(session, query).fetchall()[0][0])

    def _there(self, session: Session, relation: str) -> bool:
        # Not by to_regclass: what it did not find before a wait for the lock, it does not look for again after it.
        query: LiteralString = "SELECT 1 FROM pg_class WHERE relname = %s AND pg_table_is_visible(oid)"
        return self._run(session, query, [relation]).fetchone() is not None

    def _held(self, session: Session) -> Held | None:
        if not self._there(session, f"{self._table}_state"):
            return None
        rows = self._run(session, "SELECT stamp, owner, generation, rows FROM {state}").fetchall()
        return Held(*rows[0]) if rows else None

    def _check_owner(self, held: Held | None, connection: sqlite3.Connection) -> None:
        if held and held.owner != owner_of(connection):
            raise StoreDown(
                f"the table {self._table} of {self.name} holds the vectors of {held.owner}: give one of the two another"
                " name in danlu.yaml, or drop the table and its _state if that folder is gone"
            )

    def _check_version(self, session: Session) -> None:
        query: LiteralString = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
        version = self._run(session, query).fetchall()[0][0]
        if tuple(map(int, version.split(".")[:2])) < _OLDEST:
            raise StoreDown(f"{self.name} has pgvector {version}, and 0.8 or later is needed")

    def _run(
        self,
        session: Session,
        text: LiteralString,
        values: Values = None,
        limit_s: int = QUERY_S,
        **parts: sql.Composable,
    ) -> psycopg.Cursor[Any]:
        return session.run(self._sql(text, **parts), values, limit_s)

    def _sql(self, text: LiteralString, **parts: sql.Composable) -> sql.Composed:
        names = {"table": sql.Identifier(self._table), "state": sql.Identifier(f"{self._table}_state")}
        return sql.SQL(text).format(**names, **parts)

    @contextmanager
    def _session(self, limit_s: int) -> Iterator[Session]:
        """A connection on which the server ends a statement after `limit_s` seconds; raises StoreDown for its errors."""
        session = None
        try:
            session = self._begun(limit_s)
            yield session
            self._idle.put(session.server)
        except psycopg.Error as error:
            raise StoreDown(f"{self.name}: {self._told(error, session)}") from None
        finally:
            if session:
                session.close()

    def _begun(self, limit_s: int) -> Session:
        """On an idle connection; on a new one where there is none that the server still knows."""
        while True:
            try:
                session = Session(self._idle.get_nowait())
            except Empty:
                break
            try:
                self._limit(session, limit_s)
                return session
            except psycopg.OperationalError as error:
                session.close()
                session.server.close()
                if session.is_overdue:
                    raise StoreDown(f"{self.name}: {self._told(error, session)}") from None
        session = Session(
            psycopg.connect(self._url, autocommit=True, connect_timeout=CONNECT_S, application_name="danlu")
        )
        self._limit(session, limit_s)
        return session

    def _limit(self, session: Session, limit_s: int) -> None:
        self._run(session, "SET statement_timeout = {limit}", limit=sql.Literal(f"{limit_s}s"))

    def _told(self, error: psycopg.Error, session: Session | None) -> str:
        """What went wrong, in one line and without the password."""
        if isinstance(error, psycopg.errors.LockNotAvailable):
            return "another process is bringing it up to date"
        if isinstance(error, psycopg.errors.QueryCanceled) or (session and session.is_overdue):
            return "no answer in time"
        said = " ".join(str(error).split())
        return (said.replace(self._password, "***") if self._password else said)[:300]


def _copied(row: Row) -> bytes:
    return _fields(_number(row.id), _half_vector(row.vector), _array(row.principals))


def _fields(*fields: bytes) -> bytes:
    return struct.pack(">h", len(fields)) + b"".join(struct.pack(">i", len(field)) + field for field in fields)


def _number(value: int) -> bytes:
    return struct.pack(">q", value)


def _half_vector(vector: bytes) -> bytes:
    """Pgvector's halfvec_recv: dimensions, an unused number, then the floats, all big-endian."""
    numbers = np.frombuffer(vector, dtype="<f2").astype(">f2")
    return struct.pack(">hh", len(numbers), 0) + numbers.tobytes()


@lru_cache(maxsize=1000)
def _array(words: tuple[str, ...]) -> bytes:
    """PostgreSQL's array_recv of text: one dimension, or none for an empty one; no nulls; numbered from 1."""
    shape = struct.pack(">ii", len(words), 1) if words else b""
    encoded = [word.encode() for word in words]
    elements = b"".join(struct.pack(">i", len(word)) + word for word in encoded)
    return struct.pack(">iii", 1 if words else 0, 0, _TEXT) + shape + elements
