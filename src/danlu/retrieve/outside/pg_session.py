"""One loan of a PostgreSQL connection, on which every statement has a time limit of our own.

`statement_timeout` binds a server that is alive. One that is stopped, or behind a cable that was pulled, says nothing at all: then the
socket is shut from this side, which libpq reads as the end of the connection.
"""

import contextlib
import os
import socket
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql

Query = sql.Composed | sql.SQL
Values = Sequence[Any] | Mapping[str, Any] | None


class Session:
    """A connection with limits; `close` ends the loan, not the connection."""

    def __init__(self, server: psycopg.Connection[Any]) -> None:
        self.server = server
        self.is_overdue = False
        """Whether a statement was cut off by us."""
        self._line = socket.socket(fileno=os.dup(server.fileno()))
        self._timer: threading.Timer | None = None

    def run(self, query: Query, values: Values, limit_s: int) -> psycopg.Cursor[Any]:
        """Run a statement, which the server ends after `limit_s` seconds and we a second later; raises psycopg.Error."""
        self._allow(limit_s + 1)
        return self.server.execute(query, values)

    def copy(self, query: Query, content: bytes, limit_s: int) -> None:
        """Send rows in PostgreSQL's own format; raises psycopg.Error."""
        self._allow(limit_s + 1)
        with self.server.cursor() as cursor, cursor.copy(query) as copy:
            copy.write(content)

    def close(self) -> None:
        """Let the connection be."""
        if self._timer:
            self._timer.cancel()
        self._line.close()

    def _allow(self, seconds: int) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        self.is_overdue = True
        with contextlib.suppress(OSError):  # the loan ended meanwhile
            self._line.shutdown(socket.SHUT_RDWR)
