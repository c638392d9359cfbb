"""The WARC files of a crawl, kept in step with its ledger.

A record is written first and noted second. What lies behind the last noted record was cut short by a kill and is cut
off when work goes on; a page fetched anew gets a new record, and the old one goes when the files are packed.
"""

from collections.abc import Sequence
from pathlib import Path
from sqlite3 import Row
from typing import Any

from danlu.data.extract.warc import WarcWriter
from danlu.data.fetch.ledger import WAITING, FetchLedger
from danlu.data.fetch.response import Response

MAX_FILE_BYTES = 256 * 2**20
"""A new file is begun beyond this: small enough to copy, large enough that a million pages are few files."""
_ENDING = ".warc.gz"


class Archive:
    """Appends records to `00000.warc.gz` and so on in the folder of one source."""

    def __init__(self, ledger: FetchLedger, label: str) -> None:
        self._ledger, self._label = ledger, label
        self._folder = ledger.folder / label
        self._folder.mkdir(parents=True, exist_ok=True)
        self._recover()

    def add(self, response: Response) -> dict[str, Any]:
        """Append a response; returns where it lies, as columns of the ledger."""
        path = self._open_file()
        with WarcWriter(path) as writer:
            start, length = writer.add(
                response.url, response.fetched_at, response.status, response.headers, response.body
            )
        return self._place(path, start, length)

    def add_record(self, record: bytes) -> dict[str, Any]:
        """Append a record that is packed already, byte for byte."""
        path = self._open_file()
        with path.open("ab") as file:
            start = file.tell()
            file.write(record)
        return self._place(path, start, len(record))

    def pack(self) -> None:
        """Rewrite the files that hold records which no longer count."""
        for path in self._files():
            rows = _records_in(self._ledger, self._label, self._name(path))
            live = sum(row["length"] for row in rows)
            if rows and rows[0]["start"] + live < path.stat().st_size:
                self._copy(path, rows)
        self._recover()

    def _copy(self, path: Path, rows: list[Row]) -> None:
        new = self._next_file()
        WarcWriter(new).close()
        places = []
        with path.open("rb") as source, new.open("ab") as target:
            for row in rows:
                source.seek(row["start"])
                places.append((row["item"], self._name(new), target.tell()))
                target.write(source.read(row["length"]))
        _move(self._ledger, self._label, places)

    def _recover(self) -> None:
        ends = _file_ends(self._ledger, self._label)
        for path in self._files():
            end, size = ends.get(self._name(path), 0), path.stat().st_size
            if not end:
                path.unlink()
            elif size > end:
                with path.open("r+b") as file:
                    file.truncate(end)
            elif size < end:  # the machine lost its power before the file was on disk
                _forget_beyond(self._ledger, self._label, self._name(path), size)

    def _open_file(self) -> Path:
        files = self._files()
        return files[-1] if files and files[-1].stat().st_size < MAX_FILE_BYTES else self._next_file()

    def _next_file(self) -> Path:
        numbers = [int(path.name.removesuffix(_ENDING)) for path in self._files()]
        return self._folder / f"{max(numbers, default=-1) + 1:05d}{_ENDING}"

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob(f"[0-9]*{_ENDING}"))

    def _name(self, path: Path) -> str:
        return path.relative_to(self._ledger.folder).as_posix()

    def _place(self, path: Path, start: int, length: int) -> dict[str, Any]:
        return {"file": self._name(path), "start": start, "length": length}


def _file_ends(ledger: FetchLedger, label: str) -> dict[str, int]:
    """Where the last record that counts ends, by file: what lies behind it was cut short by a kill."""
    rows = ledger.database.execute(
        "SELECT file, max(start + length) FROM items WHERE label = ? AND file IS NOT NULL AND start IS NOT NULL"
        " GROUP BY file ORDER BY file",
        (label,),
    )
    return {row[0]: row[1] for row in rows}


def _records_in(ledger: FetchLedger, label: str, file: str) -> list[Row]:
    """The items whose records lie in a file, in the order of the file."""
    query = "SELECT * FROM items WHERE label = ? AND file = ? ORDER BY start"
    return ledger.database.execute(query, (label, file)).fetchall()


def _move(ledger: FetchLedger, label: str, places: Sequence[tuple[str, str, int]]) -> None:
    """Note in one transaction that records lie elsewhere: item, file, start."""
    with ledger.database as database:
        database.executemany(
            "UPDATE items SET file = ?2, start = ?3 WHERE label = ?4 AND item = ?1",
            [(*place, label) for place in places],
        )


def _forget_beyond(ledger: FetchLedger, label: str, file: str, end: int) -> None:
    """Let items wait again whose records should lie beyond the end of a file."""
    with ledger.database as database:
        database.execute(
            "UPDATE items SET state = ?, file = NULL, start = NULL, length = NULL, etag = NULL, modified = NULL,"
            " sha256 = NULL WHERE label = ? AND file = ? AND start + length > ?",
            (WAITING, label, file, end),
        )
