"""The audit log: what was asked of the gateway by whom and what came of it, each record chained to the one before it by its hash.

A record's hash is SHA-256 over the hash before it and its own bytes, so nobody can change, remove or insert a record without changing every
hash after it. Whoever can write the file can also compute all hashes anew, or cut records off its end: so note the last number and hash
somewhere else from time to time (`danlu audit verify` prints them), and give them to a later verification.

Texts are not in it: what was asked and answered is the business of the log of requests, where that is wanted.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from danlu.core.databases import read_only, using
from danlu.core.errors import Phrase, UserError
from danlu.serve.observe.exchange import Exchange
from danlu.serve.state.database import Database, write_once

SCHEMA = """
CREATE TABLE IF NOT EXISTS audit(number INTEGER PRIMARY KEY, record BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
"""
_NONE_BEFORE = bytes(32)
_NEXT_STEP = Phrase("It was damaged or is of another program: put the copy of a backup in its place.")


class Head(NamedTuple):
    """The last record of a log, by which a later look knows that nothing before it has changed. Number 0: no record."""

    number: int
    hash: str


class Audit:
    """An observer of exchanges that writes to a database whose schema has SCHEMA."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __call__(self, exchange: Exchange) -> None:
        """Write an exchange down: those of the API, and whatever was refused."""
        if not exchange.route.startswith("/v1/") and exchange.status < 400:
            return
        record: dict[str, Any] = {
            "request": exchange.id,
            "caller": exchange.caller.name,
            "route": exchange.route[:100],
            "status": exchange.status,
        }
        if exchange.model:
            record["model"] = exchange.model
        if exchange.error_code:
            record["code"] = exchange.error_code
        if exchange.verdicts:
            record["guards"] = exchange.verdicts
        if exchange.usage is not None:
            record["tokens"] = [exchange.usage.prompt_tokens, exchange.usage.completion_tokens]
            record["finish"] = exchange.finish_reason
        if exchange.cost:
            record["cost"] = exchange.cost
        if exchange.danlu and exchange.danlu.get("answer_id"):
            record["answer"] = exchange.danlu["answer_id"]
        self.note("request", record)

    def note(self, event: str, facts: dict[str, Any]) -> None:
        """Write down that something happened."""
        record = _record(event, facts)
        self._database.post(lambda connection: append(connection, record))


def note_once(path: Path, event: str, facts: dict[str, Any]) -> None:
    """Write down one event from a program that is not the gateway. Raises UserError or WorkFailed."""
    record = _record(event, facts)
    write_once(path, SCHEMA, lambda connection: append(connection, record))


def append(connection: sqlite3.Connection, record: bytes) -> None:
    """Add a record, inside a transaction that may write."""
    before = connection.execute("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1").fetchone()
    number, hashed = before or (0, _NONE_BEFORE)
    connection.execute("INSERT INTO audit VALUES (?, ?, ?)", (number + 1, record, _chained(hashed, record)))


def verify(path: Path, known: Head | None = None) -> Head:
    """Read the whole log; its head. Raises UserError that names the first record that is not what was written, or is missing.

    `known` is the head of an earlier look: that record has to be there, with that hash.
    """
    if not path.exists():
        raise UserError("{path} is not there", "The gateway makes it at its first start.", path=path)
    head = Head(0, "")
    hashed = _NONE_BEFORE
    with using(path, _NEXT_STEP):
        connection = read_only(path)
        try:
            for number, record, told in connection.execute("SELECT number, record, hash FROM audit ORDER BY number"):
                hashed = _chained(hashed, record)
                if number != head.number + 1:
                    raise _broken(head.number + 1, Phrase("is missing"))
                if hashed != told:
                    raise _broken(number, Phrase("was changed"))
                head = Head(number, hashed.hex())
                if known is not None and number == known.number and head.hash != known.hash:
                    raise _broken(number, Phrase("is not the one that was noted"))
        finally:
            connection.close()
    if known is not None and head.number < known.number:
        raise _broken(head.number + 1, Phrase("is missing"))
    return head


def records(path: Path) -> Iterator[dict[str, Any]]:
    """Every record with its number, oldest first."""
    with using(path, _NEXT_STEP):
        connection = read_only(path)
        try:
            for number, record in connection.execute("SELECT number, record FROM audit ORDER BY number"):
                yield {"number": number, **orjson.loads(record)}
        finally:
            connection.close()


def _record(event: str, facts: dict[str, Any]) -> bytes:
    return orjson.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts})


def _chained(before: bytes, record: bytes) -> bytes:
    return hashlib.sha256(before + record).digest()


def _broken(number: int, how: Phrase) -> UserError:
    return UserError(
        "The audit log is not what was written: record {number} {how}",
        "Records before it are as they were. Compare the file with its backups.",
        number=number,
        how=how,
    )
