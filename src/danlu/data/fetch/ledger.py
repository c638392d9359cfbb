"""The ledger of a fetch: what was asked for, and what became of every page, file and row.

The truth while work goes on is an SQLite database below `.fetch/` in the output folder, so that a kill at any moment
costs what was in flight and nothing else. What a user reads of it is in account.py. Memory does not grow with the
number of items.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError

STATE = ".fetch"
ACCOUNT = "fetch.json"
LINES = "fetch.jsonl"

WAITING, FETCHED, SKIPPED, FAILED = "waiting", "fetched", "skipped", "failed"

KEPT_AS_IT_WAS = "not refreshed, kept as it was"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (
  label TEXT PRIMARY KEY, source TEXT NOT NULL, identity TEXT NOT NULL, facts TEXT NOT NULL DEFAULT '{}',
  started_at TEXT NOT NULL, finished_at TEXT
);
CREATE TABLE IF NOT EXISTS items (
  id INTEGER PRIMARY KEY, label TEXT NOT NULL, item TEXT NOT NULL, state TEXT NOT NULL, reason TEXT, value TEXT,
  depth INTEGER NOT NULL DEFAULT 0, hops INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0, path TEXT,
  found_on TEXT, status INTEGER, file TEXT, start INTEGER, length INTEGER, size_bytes INTEGER, rows INTEGER,
  sha256 TEXT, etag TEXT, modified TEXT, licence TEXT, fetched_at TEXT, UNIQUE (label, item)
);
CREATE INDEX IF NOT EXISTS items_by_state ON items (label, state, depth, id);
CREATE INDEX IF NOT EXISTS items_by_content ON items (label, sha256);
CREATE INDEX IF NOT EXISTS items_by_path ON items (label, path);
CREATE INDEX IF NOT EXISTS items_by_reason ON items (label, reason, value);
"""
_PLAIN = {"state": WAITING, "depth": 0, "hops": 0} | dict.fromkeys(("reason", "value", "path", "found_on"))


@dataclass(frozen=True)
class Asked:
    """One source as it stands in the ledger."""

    label: str
    source: str
    facts: dict[str, Any]
    is_finished: bool


class FetchLedger:
    """The state of a fetch in its folder. `danlu.data.fetch.account.opened` gives one."""

    def __init__(self, folder: Path, database: sqlite3.Connection) -> None:
        self.folder = folder
        self.database = database
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA journal_mode = WAL")
        # A commit is not synced: what the machine loses with its power is fetched again. A kill loses nothing.
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(_SCHEMA)
        self.asked: set[str] = set()
        """Sources that this run asks for."""
        self.brought: Counter[str] = Counter()
        """By source: pages, files or rows whose content this run brought."""

    def ask(self, label: str, source: str, identity: str) -> Asked:
        """Note a source, or find it as an earlier run left it; raises UserError when its folder holds another one.

        `source` and `identity` are stored: they must hold no password.
        """
        self.asked.add(label)
        row = self.database.execute("SELECT * FROM sources WHERE label = ?", (label,)).fetchone()
        if row is None:
            with self.database:
                self.database.execute(
                    "INSERT INTO sources (label, source, identity, started_at) VALUES (?, ?, ?, ?)",
                    (label, source, identity, now()),
                )
            return Asked(label, source, {}, False)
        if row["identity"] != identity:
            raise UserError(
                "{folder} holds {held} already, and not {asked}",
                "Name a new folder after --out, or ask for the same as before.",
                folder=self.folder / label,
                held=row["identity"],
                asked=identity,
            )
        return Asked(label, source, json.loads(row["facts"]), row["finished_at"] is not None)

    def note(self, label: str, **facts: Any) -> None:
        """Remember facts of a source, such as the revision that was fetched."""
        with self.database:
            self.database.execute(
                "UPDATE sources SET facts = json_patch(facts, ?) WHERE label = ?", (json.dumps(facts), label)
            )

    def finish(self, label: str, is_finished: bool) -> None:
        """Note that a source has nothing waiting any more, or that it has again."""
        with self.database:
            self.database.execute(
                "UPDATE sources SET finished_at = ? WHERE label = ?", (now() if is_finished else None, label)
            )

    def add(self, label: str, item: str, **facts: Any) -> bool:
        """Note an item, `waiting` unless another state is given; False when it is known already."""
        row = {"label": label, "item": item, "state": WAITING} | facts
        names = ", ".join(row)
        with self.database:
            done = self.database.execute(
                f"INSERT OR IGNORE INTO items ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values())
            )
        self._count(label, row)
        return done.rowcount == 1

    def add_all(self, label: str, rows: Iterable[dict[str, Any]]) -> int:
        """Note many items in one transaction; the number that was new."""
        with self.database:
            before = self.database.total_changes
            self.database.executemany(
                "INSERT OR IGNORE INTO items (label, item, state, reason, value, depth, hops, path, found_on)"
                " VALUES (:label, :item, :state, :reason, :value, :depth, :hops, :path, :found_on)",
                ({**_PLAIN, "label": label, **row} for row in rows),
            )
            return self.database.total_changes - before

    def settle(
        self, label: str, item: str, state: str, reason: str | None = None, value: Any = None, **facts: Any
    ) -> None:
        """Note what became of an item, in one transaction."""
        row = {"state": state, "reason": reason, "value": None if value is None else str(value)} | facts
        with self.database:
            self.database.execute(
                f"UPDATE items SET {', '.join(f'{name} = ?' for name in row)} WHERE label = ? AND item = ?",
                (*row.values(), label, item),
            )
        self._count(label, row)

    def _count(self, label: str, row: Mapping[str, Any]) -> None:
        if row["state"] == FETCHED and row.get("file"):
            self.brought[label] += row.get("rows", 1)

    def settle_all(self, label: str, state: str, reason: str, value: Any) -> None:
        """Note the same end for everything of a source that still waits; what an earlier run fetched stays fetched."""
        with self.database:
            self.database.execute(
                "UPDATE items SET state = iif(file IS NULL, ?, ?), reason = iif(file IS NULL, ?, ?), value = ?"
                " WHERE label = ? AND state = ?",
                (state, FETCHED, reason, KEPT_AS_IT_WAS, str(value), label, WAITING),
            )

    def reopen(self, label: str, state: str, reasons: Sequence[str] = (), value: str | None = None) -> int:
        """Let items wait again: those in `state`, or only those that have it for one of the reasons, with that value."""
        marks = f" AND reason IN ({', '.join('?' * len(reasons))})" if reasons else ""
        marks += " AND value = ?" if value is not None else ""
        with self.database:
            done = self.database.execute(
                f"UPDATE items SET state = ?, tries = 0 WHERE label = ? AND state = ?{marks}",
                (WAITING, label, state, *reasons, *([] if value is None else [value])),
            )
        return done.rowcount

    def find(self, label: str, item: str) -> sqlite3.Row | None:
        """An item, if it is known."""
        return self._one("label = ? AND item = ?", label, item)

    def next(self, label: str) -> sqlite3.Row | None:
        """The item that is due: the least depth first, then in the order found."""
        return self._one("label = ? AND state = ? ORDER BY depth, id LIMIT 1", label, WAITING)

    def first(self, label: str, most: int) -> list[sqlite3.Row]:
        """The first items that wait, in the order found."""
        query = "SELECT * FROM items WHERE label = ? AND state = ? ORDER BY depth, id LIMIT ?"
        return self.database.execute(query, (label, WAITING, most)).fetchall()

    def with_content(self, label: str, sha256: str) -> sqlite3.Row | None:
        """A fetched item with this content."""
        return self._one("label = ? AND sha256 = ? AND state = ? LIMIT 1", label, sha256, FETCHED)

    def last_fetched(self, label: str) -> sqlite3.Row | None:
        """The item that was fetched last."""
        return self._one("label = ? AND state = ? ORDER BY id DESC LIMIT 1", label, FETCHED)

    def _one(self, condition: str, *values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.database.execute(f"SELECT * FROM items WHERE {condition}", values).fetchone()
        return row

    def items(self, label: str, state: str) -> Iterator[sqlite3.Row]:
        """Items of a source in one state, in the order found."""
        yield from self.database.execute(
            "SELECT * FROM items WHERE label = ? AND state = ? ORDER BY id", (label, state)
        )

    def count(self, label: str, state: str | None = None, path: str | None = None) -> int:
        """How many items of a source there are: in one state, with one path."""
        asked = {"label": label, "state": state, "path": path}
        given = {name: value for name, value in asked.items() if value is not None}
        condition = " AND ".join(f"{name} = ?" for name in given)
        row = self.database.execute(f"SELECT count(*) FROM items WHERE {condition}", tuple(given.values())).fetchone()
        return int(row[0])

    def fetched_bytes(self, label: str) -> int:
        """Bytes that a source has in the folder, as they lie there."""
        total: int = self.database.execute(
            "SELECT coalesce(sum(length), 0) FROM items WHERE label = ? AND state = ?", (label, FETCHED)
        ).fetchone()[0]
        return total


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
