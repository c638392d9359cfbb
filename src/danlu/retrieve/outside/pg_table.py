"""The table of one index in PostgreSQL, on one session: what it holds, and how it is brought to what the index holds.

NAME holds passage id, vector (halfvec) and principals; NAME_state one row that says whose they are and of which generation.
"""

import sqlite3
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql

from danlu.retrieve.outside.pg_copy import copied_rows, copied_spans
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
from danlu.retrieve.outside.stores import StoreDown, StoreLimits

_MOST_INDEXED_DIMENSIONS = 4_000
"""Of a halfvec in an index of pgvector's; longer ones are compared one by one."""
_BUILD_S = 3_600
"""Seconds for building the HNSW index: a million rows of 384 take some minutes."""
_OLDEST = (0, 8)
"""Of pgvector: the first whose HNSW goes on until enough rows passed the filter."""


@dataclass(frozen=True)
class Table:
    """A table with its state. Methods raise psycopg.Error and StoreDown."""

    session: Session
    name: str
    server: str
    """The server's name in errors."""
    limits: StoreLimits
    indexed_from: int
    """Rows from which HNSW is built."""

    def run(
        self, text: LiteralString, values: Values = None, limit_s: float = 0, **parts: sql.Composable
    ) -> psycopg.Cursor[tuple[object, ...]]:
        """Run a statement in which {table} and {state} stand for the names; `limit_s` 0 is that of a query."""
        return self.session.run(self._sql(text, **parts), values, limit_s or self.limits.query_s)

    def held(self) -> Held | None:
        """What it says of itself; None where it was never filled."""
        if not self._there(f"{self.name}_state"):
            return None
        rows = self.run("SELECT stamp, owner, generation, rows FROM {state}").fetchall()
        return Held(*rows[0]) if rows else None  # type: ignore[arg-type]

    def check_owner(self, held: Held | None, connection: sqlite3.Connection) -> None:
        """Raise StoreDown when it holds the vectors of another folder's index."""
        if held and held.owner != owner_of(connection):
            raise StoreDown(
                f"the table {self.name} of {self.server} holds the vectors of {held.owner}: give one of the two another"
                " name in danlu.yaml, or drop the table and its _state if that folder is gone"
            )

    def follow(self, connection: sqlite3.Connection, generation: int) -> None:
        """Take what the index has changed up to a generation, inside one transaction and behind the lock of the table."""
        self.run("SET LOCAL lock_timeout = {limit}", limit=sql.Literal(f"{round(1000 * self.limits.query_s)}ms"))
        self.run("SELECT pg_advisory_xact_lock(hashtext(%s))", [self.name])
        held = self.held()
        self.check_owner(held, connection)
        if held is None or not can_follow(connection, held):
            rows = self._refill(connection)
        elif held.generation < generation:
            rows = held.rows + self._changed(connection, held.generation)
        else:
            return
        self._index(rows)
        self.run("DELETE FROM {state}")
        values = [stamp_of(connection), owner_of(connection), generation, rows]
        self.run("INSERT INTO {state} VALUES (%s, %s, %s, %s)", values)

    def _refill(self, connection: sqlite3.Connection) -> int:
        """Everything anew; returns the number of rows."""
        self.run("CREATE EXTENSION IF NOT EXISTS vector")
        self._check_version()
        # In the order in which a search locks them: the other way about, the two would wait for one another.
        self.run("DROP TABLE IF EXISTS {state}, {table}")
        self.run("CREATE TABLE {state} (stamp text, owner text, generation bigint, rows bigint)")
        dimensions = dimensions_of(connection)
        if not dimensions:
            return 0
        columns: LiteralString = "(id bigint PRIMARY KEY, vector halfvec({count}) NOT NULL, principals text[] NOT NULL)"
        self.run("CREATE TABLE {table} " + columns, count=sql.Literal(dimensions))
        rows = sum(self._put(batch) for batch in put_since(connection, None, self.limits.batch_rows))
        self.run("CREATE INDEX ON {table} USING gin (principals)", limit_s=self.limits.change_s)
        self.run("ANALYZE {table}", limit_s=self.limits.change_s)
        return rows

    def _changed(self, connection: sqlite3.Connection, since: int) -> int:
        """What changed since a generation; returns by how many rows there are more."""
        more = 0
        for span in removed_since(connection, since):
            delete: LiteralString = "DELETE FROM {table} WHERE id BETWEEN %s AND %s"
            more -= self.run(delete, span, limit_s=self.limits.change_s).rowcount
        more += sum(self._put(batch) for batch in put_since(connection, since, self.limits.batch_rows))
        if access_changed_since(connection, since):
            self._set_access(connection)
        return more

    def _put(self, rows: list[Row]) -> int:
        into = self._sql("COPY {table} FROM STDIN (FORMAT BINARY)")
        self.session.copy(into, copied_rows(rows), self.limits.change_s)
        return len(rows)

    def _set_access(self, connection: sqlite3.Connection) -> None:
        self.run("CREATE TEMP TABLE seen_by (first bigint, last bigint, who text[]) ON COMMIT DROP")
        into = sql.SQL("COPY seen_by FROM STDIN (FORMAT BINARY)")
        self.session.copy(into, copied_spans(spans(connection)), self.limits.change_s)
        update: LiteralString = (
            "UPDATE {table} SET principals = who FROM seen_by"
            " WHERE id BETWEEN first AND last AND principals IS DISTINCT FROM who"
        )
        self.run(update, limit_s=self.limits.change_s)

    def _index(self, rows: int) -> None:
        """Build the approximate index once there are enough rows."""
        hnsw = f"{self.name}_hnsw"
        if rows < self.indexed_from or self._there(hnsw) or self._dimensions() > _MOST_INDEXED_DIMENSIONS:
            return
        self.run("SET LOCAL statement_timeout = 0")
        build: LiteralString = "CREATE INDEX {hnsw} ON {table} USING hnsw (vector halfvec_ip_ops)"
        self.run(build, limit_s=_BUILD_S, hnsw=sql.Identifier(hnsw))

    def _dimensions(self) -> int:
        return int(str(self.run("SELECT vector_dims(vector) FROM {table} LIMIT 1").fetchall()[0][0]))

    def _there(self, relation: str) -> bool:
        # Not by to_regclass: what it did not find before a wait for the lock, it does not look for again after it.
        query: LiteralString = "SELECT 1 FROM pg_class WHERE relname = %s AND pg_table_is_visible(oid)"
        return self.run(query, [relation]).fetchone() is not None

    def _check_version(self) -> None:
        version = str(self.run("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchall()[0][0])
        if tuple(map(int, version.split(".")[:2])) < _OLDEST:
            raise StoreDown(f"{self.server} has pgvector {version}, and 0.8 or later is needed")

    def _sql(self, text: LiteralString, **parts: sql.Composable) -> sql.Composed:
        names = {"table": sql.Identifier(self.name), "state": sql.Identifier(f"{self.name}_state")}
        return sql.SQL(text).format(**names, **parts)
