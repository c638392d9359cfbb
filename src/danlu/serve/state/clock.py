"""Seconds that never jump, the same in all processes that share a database, and that go on over restarts of the machine.

The time of day jumps when somebody sets it; the time since the machine started does not, and is the same for every process, but begins
anew with the machine. So the database keeps what the two read last: after a restart of the machine the clock goes on from there, by as much as
the time of day says has gone by, and never backwards.
"""

import sqlite3
import time
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS clock(one INTEGER PRIMARY KEY CHECK (one = 1), boot TEXT, offset_s REAL, read_s REAL, wall_s REAL) STRICT;
"""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_LONGEST_OFF_S = 40 * 86_400.0
"""A time of day that was set wrong while the machine was off frees no more than the longest window would have."""


class SharedClock:
    """Call `read` inside a transaction that may write."""

    def __init__(self) -> None:
        self._boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
        self._offset_s: float | None = None
        self._noted_s = 0.0

    def read(self, connection: sqlite3.Connection) -> float:
        """Seconds."""
        if self._offset_s is None:
            self._offset_s = self._opened(connection)
        now_s = time.clock_gettime(time.CLOCK_MONOTONIC) + self._offset_s
        if now_s - self._noted_s > 10:
            self._noted_s = now_s
            connection.execute("UPDATE clock SET read_s = max(read_s, ?), wall_s = ?", (now_s, time.time()))
        return now_s

    def _opened(self, connection: sqlite3.Connection) -> float:
        """What is added to the machine's own clock."""
        row = connection.execute("SELECT boot, offset_s, read_s, wall_s FROM clock").fetchone()
        if row is not None and row[0] == self._boot:
            return float(row[1])
        since_boot_s = time.clock_gettime(time.CLOCK_MONOTONIC)
        offset_s = 0.0
        if row is not None:
            off_s = min(max(0.0, time.time() - row[3]), _LONGEST_OFF_S)
            offset_s = row[2] + off_s - since_boot_s
        connection.execute(
            "INSERT OR REPLACE INTO clock VALUES (1, ?, ?, ?, ?)",
            (self._boot, offset_s, since_boot_s + offset_s, time.time()),
        )
        return offset_s
