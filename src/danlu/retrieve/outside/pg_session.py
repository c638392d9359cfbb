"""Loans of PostgreSQL connections, on which every statement has a time limit of our own.

`statement_timeout` binds a server that is alive. One that is stopped, or behind a cable that was pulled, says nothing at all: then the
socket is shut from this side, which libpq reads as the end of the connection.
"""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any

import psycopg
from psycopg import sql

from danlu.retrieve.outside.stores import StoreDown, StoreLimits

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

    def run(self, query: Query, values: Values, limit_s: float) -> psycopg.Cursor[Any]:
        """Run a statement, which the server ends after `limit_s` seconds and we a second later; raises psycopg.Error."""
        self._allow(limit_s + 1)
        return self.server.execute(query, values)

    def copy(self, query: Query, content: bytes, limit_s: float) -> None:
        """Send rows in PostgreSQL's own format; raises psycopg.Error."""
        self._allow(limit_s + 1)
        with self.server.cursor() as cursor, cursor.copy(query) as copy:
            copy.write(content)

    def limit(self, limit_s: float) -> None:
        """Have the server end statements after so many seconds; raises psycopg.Error."""
        milliseconds = max(1, round(1000 * limit_s))
        self.run(sql.SQL("SET statement_timeout = {}").format(sql.Literal(milliseconds)), None, limit_s)

    def close(self) -> None:
        """Let the connection be: nothing of this loan cuts it any more."""
        if self._timer:
            self._timer.cancel()
        self._line.close()

    def _allow(self, seconds: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        self.is_overdue = True
        with contextlib.suppress(OSError):  # the loan ended meanwhile
            self._line.shutdown(socket.SHUT_RDWR)


class Sessions:
    """The connections to one server. Threads share them. `name` says in errors which server it is."""

    def __init__(self, url: str, name: str, password: str, limits: StoreLimits) -> None:
        self._url, self._name, self._password = url, name, password
        self._connect_s = limits.connect_s
        self._idle: SimpleQueue[psycopg.Connection[Any]] = SimpleQueue()
        self._is_closed = False

    @contextlib.contextmanager
    def lent(self, limit_s: float) -> Iterator[Session]:
        """A connection on which the server ends a statement after `limit_s` seconds; raises StoreDown for its errors.

        One on which anything failed is closed, and not lent again.
        """
        session = None
        try:
            session = self._begun(limit_s)
            yield session
        except BaseException as error:
            if session:
                session.close()
                session.server.close()
            if isinstance(error, psycopg.Error):
                raise StoreDown(f"{self._name}: {self._told(error, session)}") from None
            raise
        session.close()  # before the next one can have it: its timer would cut that one off
        self._idle.put(session.server)
        if self._is_closed:
            self.close()

    def close(self) -> None:
        """Close every connection that is idle; those that are lent are closed when they come back."""
        self._is_closed = True
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _begun(self, limit_s: float) -> Session:
        """On an idle connection; on a new one where there is none that the server still knows."""
        while (server := self._next_idle()) is not None:
            session = None
            try:
                session = Session(server)
                session.limit(limit_s)
                return session
            except psycopg.OperationalError as error:
                server.close()
                if session:
                    session.close()
                    if session.is_overdue:
                        raise StoreDown(f"{self._name}: {self._told(error, session)}") from None
        session = Session(
            psycopg.connect(self._url, autocommit=True, connect_timeout=self._connect_s, application_name="danlu")
        )
        session.limit(limit_s)
        return session

    def _next_idle(self) -> psycopg.Connection[Any] | None:
        try:
            return self._idle.get_nowait()
        except Empty:
            return None

    def _told(self, error: psycopg.Error, session: Session | None) -> str:
        """What went wrong, in one line and without the password."""
        if isinstance(error, psycopg.errors.LockNotAvailable):
            return "another process is bringing it up to date"
        if isinstance(error, psycopg.errors.QueryCanceled) or (session and session.is_overdue):
            return "no answer in time"
        said = " ".join(str(error).split())
        return (said.replace(self._password, "***") if self._password else said)[:300]
