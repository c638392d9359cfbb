"""API keys in SQLite: the file holds hashes only, so whoever reads it cannot call the server.

A key is `dl-ID-SECRET`. The id finds the row, and the SHA-256 of the whole key is compared in constant time; a plain
hash is enough because the secret is 256 random bits. Keys that were checked are remembered until anybody changes the file, which every check asks
SQLite about: a key revoked by another process stops working at its next request.
"""

import contextlib
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from danlu.core.databases import connect, using
from danlu.core.errors import DanluError, Phrase, UserError
from danlu.serve.models import Caller, CallerRole

_TABLE = """
create table if not exists keys (
    id text primary key,
    sha256 blob not null,
    created_at text not null,
    last_used_at text,
    revoked_at text,
    principals text not null,
    role text not null,
    models text not null,
    expires_at text,
    limits text not null
) strict
"""
_COLUMNS = "id, created_at, last_used_at, revoked_at, principals, role, models, expires_at, limits"
_ALL_COLUMNS = {"sha256", *_COLUMNS.split(", ")}
_TIMEOUT_S = 5
_NEXT_STEP = Phrase("Move it away: a new one is made, without the keys of this one.")
_LAST_USED_EVERY_S = 60.0
_NO_HASH = bytes(32)
_Rows = list[Any]


@dataclass(frozen=True)
class KeyFacts:
    """What may be shown of a key; times are UTC, ISO 8601."""

    id: str
    created_at: str
    last_used_at: str | None
    revoked_at: str | None
    principals: tuple[str, ...] = ()
    """Who its holder is, for the documents that only some may see."""
    role: CallerRole = "user"
    models: tuple[str, ...] = ()
    """Patterns of the names of models that it may use; empty is all."""
    expires_at: str | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    """Of danlu.serve.access.limits; those that are not here are the gateway's."""

    def why_not(self) -> str:
        """Why it does not open anything any more; empty while it does."""
        if self.revoked_at is not None:
            return "was revoked"
        return "has expired" if self.expires_at is not None and self.expires_at <= _now() else ""

    def caller(self, name: str) -> Caller:
        """Its holder, whose use is counted under `name`."""
        return Caller(name, frozenset(self.principals), self.role, self.models, tuple(self.limits.items()))


@dataclass(frozen=True)
class NewKey:
    """What a new key is for: as in KeyFacts."""

    principals: Collection[str] = ()
    role: CallerRole = "user"
    models: Collection[str] = ()
    expires_at: str | None = None
    limits: Mapping[str, float] = field(default_factory=dict)


class Keys:
    """The keys in one database file, which is made when missing. Threads and processes may share the file.

    Every method raises UserError or WorkFailed when the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        """Open the file; raises UserError also for one of another version."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        path.chmod(0o600)
        self._lock = threading.Lock()
        self._stamped_at: dict[str, float] = {}
        self._checked: dict[bytes, KeyFacts] = {}
        self._version: int | None = None
        self._path = path
        with self._using():
            self._connection = connect(path, timeout_s=_TIMEOUT_S, isolation_level=None)
            self._connection.execute(_TABLE)
        there = {row[1] for row in self._run("pragma table_info(keys)")}
        if there != _ALL_COLUMNS:
            self._connection.close()
            raise UserError(
                "{path} was written by another version of danlu", "{next_step}", path=path, next_step=_NEXT_STEP
            )

    def create(self, new: NewKey = NewKey()) -> tuple[str, str]:
        """A new key: its id and the key itself, which nothing can show again."""
        key_id = secrets.token_hex(4)
        key = f"dl-{key_id}-{secrets.token_urlsafe(32)}"
        sql = (
            "insert into keys (id, sha256, created_at, principals, role, models, expires_at, limits) "
            "values (?, ?, ?, ?, ?, ?, ?, ?)"
        )
        lists = json.dumps(sorted(new.principals)), new.role, json.dumps(sorted(new.models))
        self._run(sql, (key_id, _hash(key), _now(), *lists, new.expires_at, json.dumps(dict(new.limits))))
        return key_id, key

    def list(self) -> list[KeyFacts]:
        """Every key, revoked ones included, oldest first."""
        return [_facts(row) for row in self._run(f"select {_COLUMNS} from keys order by created_at, id")]

    def revoke(self, key_id: str) -> bool:
        """Stop a key for good; False when there is none with this id. Revoking twice keeps the first time."""
        sql = "update keys set revoked_at = coalesce(revoked_at, ?) where id = ? returning id"
        # SQLite tells of changes by others only.
        self._checked.clear()
        return bool(self._run(sql, (_now(), key_id)))

    def verify(self, key: str) -> KeyFacts | None:
        """The facts of this key, or None when it is not one of ours. The caller asks it `why_not`."""
        hashed = _hash(key)
        facts = self._remembered(hashed)
        if facts is None:
            facts = self._looked_up(key, hashed)
        if facts is not None and not facts.why_not():
            self._stamp(facts.id)
        return facts

    def _remembered(self, hashed: bytes) -> KeyFacts | None:
        """The facts of a key that was checked since the file was changed last."""
        with self._lock, self._using():
            (version,) = self._connection.execute("pragma data_version").fetchone()
            if version != self._version:
                self._checked.clear()
                self._version = version
        return self._checked.get(hashed)

    def _looked_up(self, key: str, hashed: bytes) -> KeyFacts | None:
        key_id = key.split("-", 2)[1] if key.count("-") >= 2 else ""
        row = self._row(key_id)
        # An unknown id is compared too, so that the time taken says nothing about which ids exist.
        if not hmac.compare_digest(row[0] if row else _NO_HASH, hashed) or row is None:
            return None
        facts = self._checked[hashed] = _facts(row[1:])
        return facts

    def active(self, key_id: str) -> KeyFacts | None:
        """The facts of the key with this id, or None when it does not exist, was revoked or has expired."""
        row = self._row(key_id)
        facts = _facts(row[1:]) if row else None
        return facts if facts and not facts.why_not() else None

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()

    def _row(self, key_id: str) -> Any:
        """The key's hash and then its facts, or None."""
        rows = self._run(f"select sha256, {_COLUMNS} from keys where id = ?", (key_id,))
        return rows[0] if rows else None

    def _stamp(self, key_id: str) -> None:
        """Note the use, at most once a minute: a write for every request would cost more than the check itself."""
        now = time.monotonic()
        if now - self._stamped_at.get(key_id, -_LAST_USED_EVERY_S) < _LAST_USED_EVERY_S:
            return
        self._stamped_at[key_id] = now
        # Locked by another process, or the disk is full: the stamp is not worth failing or delaying a request.
        with contextlib.suppress(DanluError):
            self._run("update keys set last_used_at = ? where id = ?", (_now(), key_id), timeout_s=0)

    def _run(self, sql: str, values: tuple[object, ...] = (), timeout_s: int = _TIMEOUT_S) -> _Rows:
        """Raises UserError or WorkFailed that names the file."""
        with self._lock, self._using():
            self._connection.execute(f"pragma busy_timeout = {1000 * timeout_s}")
            return self._connection.execute(sql, values).fetchall()

    def _using(self) -> contextlib.AbstractContextManager[None]:
        return using(self._path, _NEXT_STEP)


def _facts(row: Sequence[Any]) -> KeyFacts:
    """The facts in a row of _COLUMNS."""
    id, created_at, last_used_at, revoked_at, principals, role, models, expires_at, limits = row
    lists = tuple(json.loads(principals)), role, tuple(json.loads(models))
    return KeyFacts(id, created_at, last_used_at, revoked_at, *lists, expires_at, json.loads(limits))


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
