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

    A disk that is full or cannot be written is a WorkFailed, and so is a database that another program holds: the same may work later.
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
            raise WorkFailed(
                "{path} cannot be used: {problem}",
                "Another program is writing to it: try again.",
                path=database,
                problem=error,
            ) from None
        if code == sqlite3.SQLITE_CANTOPEN:
            next_step = Phrase(
                "It is gone, or must not be opened: look at its folder and at its rights, then try again."
            )
        raise UserError(
            "{path} cannot be used: {problem}", "{next_step}", path=database, problem=error, next_step=next_step
        ) from None


def read_only(path: Path, immutable: bool = False) -> sqlite3.Connection:
    """Open a database that is there, to read it, whatever signs its path holds: `#` and `?` mean something in an address.

    `immutable` says that nobody writes it, so that no log is looked for beside it. Raises sqlite3.DatabaseError when it is missing.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(address + ("&immutable=1" if immutable else ""), uri=True)


def connect(
    path: Path,
    timeout_s: float,
    isolation_level: Literal["DEFERRED"] | None = "DEFERRED",
    mode: Literal["rwc", "rw"] = "rwc",
) -> sqlite3.Connection:
    """Open or make a database with a write-ahead log: readers go on while one writes. Its threads may share the connection.

    In `mode` "rw" none is made. Raises sqlite3.DatabaseError when the file is none, or is locked for `timeout_s` seconds.
    """
    address = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(
        address, timeout=timeout_s, isolation_level=isolation_level, check_same_thread=False, uri=True
    )
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


def empty_log(connection: sqlite3.Connection) -> bool:
    """Write what the log holds into the file, and cut it to nothing; False when readers kept it as long as the connection waits."""
    is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy


_RETRY_S = 0.005
