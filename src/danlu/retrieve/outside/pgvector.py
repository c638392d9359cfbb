"""Vectors in PostgreSQL, by its extension pgvector (VectorStore of danlu.retrieve.outside.stores).

All of a change is one transaction under one lock, so that a process that dies in the middle of it leaves what was there, and several at
once do it once.

Up to 200,000 rows every allowed row is compared. Above, HNSW (Malkov and Yashunin 2016, as pgvector builds it: m 16, ef_construction 64)
goes on looking until it has enough rows that may be seen (`hnsw.iterative_scan`, pgvector 0.8); where it ends with too few, all are compared.
"""

import sqlite3
from typing import LiteralString

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from danlu.retrieve.outside.pg_session import Session, Sessions
from danlu.retrieve.outside.pg_table import Table
from danlu.retrieve.outside.store_changes import stamp_of
from danlu.retrieve.outside.stores import LIMITS, StoreLimits
from danlu.retrieve.tables.schema import EVERYONE

_INDEXED_FROM = 200_000
"""Rows from which HNSW pays: comparing 100,000 of 200 took 58 ms on two busy cores, and building HNSW for them a minute and a half
(benchmarks/retrieve_stores.py)."""
_MOST_LOOKED_AT = 1_000
"""pgvector's highest `hnsw.ef_search`."""
_SETTINGS: LiteralString = (
    "SELECT set_config('hnsw.ef_search', %s, true), set_config('hnsw.iterative_scan', 'strict_order', true)"
)
_SEARCH: LiteralString = (
    "SELECT id, -(vector <#> %(question)s::halfvec) FROM {table} {seen}"
    " ORDER BY vector <#> %(question)s::halfvec LIMIT %(depth)s"
)


class PgVectors:
    """A table of a PostgreSQL database. `url` is libpq's; a password is better in PGPASSWORD or ~/.pgpass than in it.

    Raises psycopg.ProgrammingError for a URL that libpq cannot read.
    """

    def __init__(self, url: str, table: str, indexed_from: int = _INDEXED_FROM, limits: StoreLimits = LIMITS) -> None:
        said = psycopg.conninfo.conninfo_to_dict(url)
        self.name = f"pgvector at {said.get('host', 'localhost')}:{said.get('port', 5432)}/{said.get('dbname', '')}"
        self.limits = limits
        self._table_name = table
        self._indexed_from = indexed_from
        self._sessions = Sessions(url, self.name, str(said.get("password") or ""), limits)

    def bring_to(self, connection: sqlite3.Connection, generation: int) -> None:
        """See VectorStore. A process that finds another one at it waits five seconds for it."""
        with self._sessions.lent(self.limits.query_s) as session:
            table = self._table(session)
            held = table.held()
            table.check_owner(held, connection)
        if held and (held.stamp, held.generation) == (stamp_of(connection), generation):
            return
        with self._sessions.lent(self.limits.change_s) as session, session.server.transaction():
            self._table(session).follow(connection, generation)

    def search(
        self, question_D: NDArray[np.float32], depth: int, principals: frozenset[str] | None
    ) -> dict[int, float]:
        """See VectorStore."""
        seen = sql.SQL("" if principals is None else "WHERE principals && %(who)s::text[]")
        values = {
            "question": "[" + ",".join(map(str, question_D.tolist())) + "]",
            "depth": depth,
            "who": sorted((principals or frozenset()) | {EVERYONE}),
        }
        with self._sessions.lent(self.limits.query_s) as session, session.server.transaction():
            table = self._table(session)
            held = table.held()
            if held is None or not held.rows:
                return {}
            table.run(_SETTINGS, [str(min(2 * depth, _MOST_LOOKED_AT))])
            found = table.run(_SEARCH, values, seen=seen).fetchall()
            if len(found) < min(depth, held.rows) and held.rows >= self._indexed_from:
                table.run("SET LOCAL enable_indexscan = off")
                found = table.run(_SEARCH, values, seen=seen).fetchall()
        return {int(id): float(score) for id, score in found}  # type: ignore[call-overload, arg-type]

    def close(self) -> None:
        """See VectorStore."""
        self._sessions.close()

    def _table(self, session: Session) -> Table:
        return Table(session, self._table_name, self.name, self.limits, self._indexed_from)
