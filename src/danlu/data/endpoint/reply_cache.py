"""Replies that were paid for, on disk: the same request is never sent twice.

One SQLite file in the user's cache, keyed by the hash of address, request and the sample's number. A reply is written as soon as it is
there, so that a killed run loses what was in flight and nothing else.
"""

import json
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from danlu.core.databases import connect
from danlu.core.hashing import hash_facts


class ReplyCache:
    """Replies by request; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._database = connect(path, timeout_s=60)
        self._database.execute("CREATE TABLE IF NOT EXISTS replies (request TEXT PRIMARY KEY, reply TEXT NOT NULL)")
        self._database.commit()

    def __enter__(self) -> "ReplyCache":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def find(self, url: str, request: dict[str, Any], sample: int) -> dict[str, Any] | None:
        """The reply that this request got before."""
        with self._lock:
            found = self._database.execute(
                "SELECT reply FROM replies WHERE request = ?", (_key(url, request, sample),)
            ).fetchone()
        return json.loads(found[0]) if found else None

    def keep(self, url: str, request: dict[str, Any], sample: int, reply: dict[str, Any]) -> None:
        """Keep a reply."""
        row = (_key(url, request, sample), json.dumps(reply, ensure_ascii=False))
        with self._lock:
            self._database.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", row)
            self._database.commit()


def _key(url: str, request: dict[str, Any], sample: int) -> str:
    return hash_facts([url, request, sample])
