"""Hashes of files that were read before, so that a source of a million files is not read again to find one that changed.

A file counts as unchanged when its path, inode, size and time of change are: what git's index and make rely on. A file that
was written within two seconds of its hashing is not remembered, since a second write in the same tick of the
file system's clock would go unseen (git's "racy" entries). The price of a program that rewrites a file and sets
its old time again is a stale hash: delete the cache folder to read everything.
"""

import os
import sqlite3
import time
from pathlib import Path
from types import TracebackType

from danlu.core.hashing import hash_file

_TABLE = "CREATE TABLE IF NOT EXISTS hashes (path TEXT PRIMARY KEY, stat TEXT, sha256 TEXT) WITHOUT ROWID"
_TICK_NS = 2_000_000_000


class KnownHashes:
    """The hashes that a folder remembers; without a folder every file is read. A context: leaving it writes what is new."""

    def __init__(self, folder: Path | None) -> None:
        self._database = None if folder is None else _opened(folder)

    def __enter__(self) -> "KnownHashes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._database is not None:
            self._database.commit()
            self._database.close()

    def sha256_of(self, path: Path, found: os.stat_result) -> str:
        """The file's hash; raises OSError when it cannot be read."""
        if self._database is None:
            return hash_file(path)
        key = os.fsencode(path.absolute()).decode("utf-8", "backslashreplace")
        stat = f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"
        known = self._database.execute("SELECT sha256 FROM hashes WHERE path = ? AND stat = ?", (key, stat)).fetchone()
        if known:
            return str(known[0])
        sha256 = hash_file(path)
        if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > _TICK_NS:
            self._database.execute("INSERT OR REPLACE INTO hashes VALUES (?, ?, ?)", (key, stat, sha256))
        return sha256


def _opened(folder: Path) -> sqlite3.Connection:
    """The table of a cache folder; a damaged one is thrown away, for it only saves time."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "hashes.sqlite"
    try:
        return _with_table(path)
    except sqlite3.DatabaseError:
        path.unlink()
        return _with_table(path)


def _with_table(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=60)
    database.execute("PRAGMA synchronous = OFF")
    database.execute(_TABLE)
    database.execute("SELECT 1 FROM hashes LIMIT 1").fetchone()
    return database
