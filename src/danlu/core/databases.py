"""SQLite files that several threads and processes write, and what a user reads when one is missing, locked or damaged."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from danlu.core.errors import Phrase, UserError, WorkFailed

_PRIMARY = 0xFF
"""Of an error code of SQLite's: what lies above says where it came from."""


@contextmanager
def using(database: Path, next_step: Phrase) -> Iterator[None]:
    """Turn SQLite's errors inside into one UserError that names the file; `next_step` is for one that is damaged or gone.

    A disk that is full or cannot be written is a WorkFailed.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & _PRIMARY
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY):
            raise WorkFailed(
                "{path} could not be written: {problem}",
                "Make room on the disk, or let it be written. What it held before is as it was.",
                path=database,
                problem=error,
            ) from None
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            next_step = Phrase("Another program is writing to it: try again.")
        raise UserError(
            "{path} cannot be used: {problem}", "{next_step}", path=database, problem=error, next_step=next_step
        ) from None


def connect(
    path: Path, timeout_s: float, isolation_level: Literal["DEFERRED"] | None = "DEFERRED"
) -> sqlite3.Connection:
    """Open or make a database with a write-ahead log: readers go on while one writes. Its threads may share the connection.

    Raises sqlite3.DatabaseError when the file is none, or is locked for `timeout_s` seconds.
    """
    connection = sqlite3.connect(path, timeout=timeout_s, isolation_level=isolation_level, check_same_thread=False)
    until = time.monotonic() + timeout_s
    # Two that make the file at once both turn its log on, and SQLite refuses one of them without waiting out its timeout.
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return connection
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                connection.close()
                raise
            time.sleep(_RETRY_S)
        except sqlite3.DatabaseError:
            connection.close()
            raise


_RETRY_S = 0.005
