"""One SQLite file and the one thread that writes to it: what arrives together is written in one transaction.

A transaction of SQLite costs the same for one row as for a hundred, so the thread takes all that waits, runs it between BEGIN IMMEDIATE and
COMMIT, and tells everybody at once. BEGIN IMMEDIATE also makes the work exact over several processes: each batch sees all that was
committed before it. `durable` waits for the disk at each commit (synchronous = FULL); without it a commit outlives the process, and the
last ones before a power cut may be lost.

Work that somebody waits for fails with its error when the file cannot be used. Work that was posted is kept and tried again, so that a full
disk or a locked file loses nothing that was acknowledged; when too much has piled up, work that is waited for is refused before it is tried.
"""

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

from danlu.core.databases import connect, using
from danlu.core.errors import DanluError, Phrase, WorkFailed

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
Work = Callable[[sqlite3.Connection], Any]
_Item = tuple[Work, "asyncio.Future[Any] | None"]
_Call = Literal["now", "soon"]

MOST_KEPT = 20_000
"""Posted works that wait for a file that cannot be written: about 20 MB."""
_RETRY_S = 0.5
_SOON_S = 0.02
"""What nobody waits for is written together with what somebody does, or after this: a transaction costs as much as ten records in it."""
_BUSY_TIMEOUT_S = 2.0
_CLOSE_WITHIN_S = 3.0
_NEXT_STEP = Phrase("Move it away: a new one is made, without what this one counted.")


class Database:
    """Open it, give it to one event loop, close it. `schema` is run at the opening. Raises UserError for a file that is no database."""

    def __init__(self, path: Path, schema: str, *, durable: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        self.path = path
        with using(path, _NEXT_STEP):
            self._connection = connect(path, timeout_s=_BUSY_TIMEOUT_S, isolation_level=None)
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._connection.executescript(schema)
        self.durable = durable
        self._items: deque[_Item] = deque()
        self._calls: queue.SimpleQueue[_Call] = queue.SimpleQueue()
        self._called = False
        self._kept: list[_Item] = []
        self.kept = 0
        """Works that were posted and could not be written yet."""
        self._closing = False
        self._thread = threading.Thread(target=self._write, name="danlu-state", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """The result of this work, once it is committed. Raises what it raises, or WorkFailed or UserError where the file cannot be used."""
        if self.kept >= MOST_KEPT:
            raise WorkFailed("{path} could not be written for too long", "Make room on the disk.", path=self.path)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()
        self._items.append((work, future))
        if not self._called:
            # Once for all that this turn of the loop brings.
            self._called = True
            loop.call_soon(self._call_now)
        return await future

    def _call_now(self) -> None:
        self._called = False
        self._calls.put("now")

    def post(self, work: Work) -> None:
        """Have this done soon and in order; it must not fail by itself."""
        self._items.append((work, None))
        if len(self._items) == 1:
            self._calls.put("soon")

    def close(self) -> None:
        """Write what is left, then close; says in the log what could not be written."""
        self._closing = True
        self._calls.put("now")
        self._thread.join(_CLOSE_WITHIN_S + _BUSY_TIMEOUT_S + 1)
        if self._kept:
            _log.error("%d records could not be written to %s", len(self._kept), self.path)
        self._connection.close()

    def _write(self) -> None:
        until = None
        while True:
            batch, ended = self._next_batch()
            if ended and until is None:
                until = time.monotonic() + _CLOSE_WITHIN_S
            if batch:
                self._commit(batch)
            if until is not None and (not self._kept or time.monotonic() > until):
                return

    def _next_batch(self) -> tuple[list[_Item], bool]:
        """All that waits, what was kept first; and whether the end was asked for."""
        batch, self._kept = self._kept, []
        with contextlib.suppress(queue.Empty):
            call = self._calls.get(timeout=_RETRY_S) if batch else self._calls.get()
            while call == "soon" and not self._closing:
                call = self._calls.get(timeout=_SOON_S)
        ended = self._closing
        with contextlib.suppress(IndexError):
            while True:
                batch.append(self._items.popleft())
        return batch, ended

    def _commit(self, batch: list[_Item]) -> None:
        try:
            with using(self.path, _NEXT_STEP):
                results = self._transaction(batch)
        except DanluError as error:
            _log.error("%s", error)
            # Whoever waits is told; the rest is kept in its order.
            self._kept = [item for item in batch if item[1] is None]
            self.kept = len(self._kept)
            _tell([(future, error) for _, future in batch if future is not None])
            return
        self.kept = 0
        _tell([(future, result) for (_, future), result in zip(batch, results, strict=True) if future is not None])

    def _transaction(self, batch: list[_Item]) -> list[Any]:
        """The result or the error of each work; one that fails takes back its own changes only."""
        run = self._connection.execute
        with immediate(self._connection):
            results = []
            for work, _ in batch:
                run("SAVEPOINT work")
                try:
                    results.append(work(self._connection))
                except sqlite3.DatabaseError:
                    raise
                except Exception as error:  # noqa: BLE001 (handed to whoever waits)
                    run("ROLLBACK TO work")
                    _log.exception("a record could not be written")
                    results.append(error)
                run("RELEASE work")
        return results


@contextlib.contextmanager
def immediate(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that has the right to write from its start on, so that what is read in it stays true until it is committed."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def write_once(path: Path, schema: str, work: Work) -> None:
    """Do one piece of work on the file of a gateway that may be running, from another program. Raises UserError or WorkFailed."""
    path.touch(mode=0o600, exist_ok=True)
    with using(path, _NEXT_STEP), contextlib.closing(connect(path, timeout_s=5, isolation_level=None)) as connection:
        connection.executescript(schema)
        with immediate(connection):
            work(connection)


def _tell(results: list[tuple["asyncio.Future[Any]", Any]]) -> None:
    """Hand the results over to the event loop, in one call."""
    if results:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            results[0][0].get_loop().call_soon_threadsafe(_set, results)


def _set(results: list[tuple["asyncio.Future[Any]", Any]]) -> None:
    for future, result in results:
        if future.done():
            continue
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)
