"""The WARC files of a crawl, kept in step with its ledger.

A record is written first and noted second. What lies behind the last noted record was cut short by a kill and is cut
off when work goes on; a page fetched anew gets a new record, and the old one goes when the files are packed.
"""

from pathlib import Path
from typing import Any

from danlu.data.extract.warc import WarcWriter
from danlu.data.fetch.ledger import FetchLedger
from danlu.data.fetch.web import Response

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
            rows = self._ledger.in_file(self._label, self._name(path))
            live = sum(row["length"] for row in rows)
            if rows and rows[0]["start"] + live < path.stat().st_size:
                self._copy(path, rows)
        self._recover()

    def _copy(self, path: Path, rows: list[Any]) -> None:
        new = self._next_file()
        WarcWriter(new).close()
        places = []
        with path.open("rb") as source, new.open("ab") as target:
            for row in rows:
                source.seek(row["start"])
                places.append((row["item"], self._name(new), target.tell()))
                target.write(source.read(row["length"]))
        self._ledger.move(self._label, places)

    def _recover(self) -> None:
        ends = self._ledger.file_ends(self._label)
        for path in self._files():
            end, size = ends.get(self._name(path), 0), path.stat().st_size
            if not end:
                path.unlink()
            elif size > end:
                with path.open("r+b") as file:
                    file.truncate(end)
            elif size < end:  # the machine lost its power before the file was on disk
                self._ledger.forget_beyond(self._label, self._name(path), size)

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
