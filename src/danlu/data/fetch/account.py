"""The account of a fetch: what a user reads of the ledger, written whenever a run ends, whole, by a rename.

`fetch.json` says of each source what was asked, how much came and why the rest did not; `fetch.jsonl` has a line for
every address and file, and for every row that was left out.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from danlu.core.errors import UserError
from danlu.core.store import only_writer, write_atomically
from danlu.data.fetch.ledger import ACCOUNT, FAILED, FETCHED, LINES, SKIPPED, STATE, WAITING, FetchLedger
from danlu.data.fetch.response import STATUS

_TOLD = (
    "item", "state", "reason", "value", "status", "file", "size_bytes", "rows", "sha256", "licence", "fetched_at",
    "found_on", "tries",
)  # fmt: skip


@contextmanager
def opened(folder: Path) -> Iterator[FetchLedger]:
    """The ledger of `folder`, made when missing; whatever ends the work, the account is written.

    Raises UserError when the folder holds something else, or when another run writes there.
    """
    if folder.exists() and not (folder / STATE).is_dir() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError("{out} holds something else already", "Name a new folder after --out.", out=folder)
    with only_writer(folder / STATE):
        database = sqlite3.connect(folder / STATE / "state.sqlite")
        try:
            ledger = FetchLedger(folder, database)
            try:
                yield ledger
            finally:
                _forget_empty(ledger)
                _write(ledger)
        finally:
            database.close()


def _forget_empty(ledger: FetchLedger) -> None:
    """A source of which nothing was ever noted is a name that was wrong: it has been told, and leaves no trace."""
    with ledger.database as database:
        database.execute(
            "DELETE FROM sources WHERE finished_at IS NULL AND label NOT IN (SELECT DISTINCT label FROM items)"
        )


def first_trouble(ledger: FetchLedger, label: str) -> tuple[str, str]:
    """An item of a source that was not fetched and what was met, what failed before what was left out."""
    row = ledger.database.execute(
        "SELECT item, value FROM items WHERE label = ? AND reason IS NOT NULL ORDER BY state != ?, id LIMIT 1",
        (label, FAILED),
    ).fetchone()
    return (row["item"], row["value"] or "") if row else ("", "")


def account_of(ledger: FetchLedger) -> list[dict[str, Any]]:
    """What fetch.json says of each source."""
    sources = ledger.database.execute("SELECT * FROM sources ORDER BY label").fetchall()
    return [_of_source(ledger, source) for source in sources]


def _of_source(ledger: FetchLedger, source: sqlite3.Row) -> dict[str, Any]:
    def grouped(column: str, condition: str, total: str = "count(*)") -> dict[str, int]:
        query = f"SELECT {column}, {total} FROM items WHERE label = ? AND {condition} GROUP BY 1 ORDER BY 1"
        return dict(tuple(row) for row in ledger.database.execute(query, (source["label"],)))

    counts = dict.fromkeys((FETCHED, SKIPPED, FAILED, WAITING), 0) | grouped("state", "TRUE")
    held, rows = ledger.database.execute(
        "SELECT coalesce(sum(length), 0), sum(rows) FROM items WHERE label = ? AND state = ?",
        (source["label"], FETCHED),
    ).fetchone()
    return {
        "label": source["label"], "source": source["source"], "started_at": source["started_at"],
        "finished_at": source["finished_at"], "counts": counts | ({} if rows is None else {FETCHED: rows}),
        "new": ledger.brought[source["label"]], "bytes": held,
        "licences": grouped("coalesce(licence, 'unknown')", f"state = '{FETCHED}'", "sum(coalesce(rows, 1))"),
        "reasons": _reasons(ledger, source["label"]),
        **json.loads(source["facts"]),
    }  # fmt: skip


def _reasons(ledger: FetchLedger, label: str) -> dict[str, int]:
    query = "SELECT state, reason, status, count(*) FROM items WHERE label = ? AND reason IS NOT NULL GROUP BY 1, 2, 3"
    counts: Counter[str] = Counter()
    for state, reason, status, count in ledger.database.execute(query, (label,)):
        counts[f"{state}: {_with_status(reason, status) if state == FAILED else reason}"] += count
    return dict(sorted(counts.items()))


def _with_status(reason: str, status: int | None) -> str:
    """What the server said is part of why a page failed: a site's 403 and 404 are mended differently."""
    if status is None or status < 400:
        return reason
    return f"HTTP status {status}" if reason == STATUS else f"{reason}, HTTP status {status}"


def _write(ledger: FetchLedger) -> None:
    half = ledger.folder / STATE / LINES
    with half.open("w", encoding="utf-8") as file:
        for row in ledger.database.execute("SELECT * FROM items ORDER BY label, id"):
            facts = {name: row[name] for name in _TOLD if row[name] is not None}
            file.write(json.dumps({"source": row["label"]} | facts, ensure_ascii=False) + "\n")
    half.replace(ledger.folder / LINES)
    account = {"format": 1, "sources": account_of(ledger)}
    write_atomically(ledger.folder / ACCOUNT, json.dumps(account, indent=2, ensure_ascii=False) + "\n")
