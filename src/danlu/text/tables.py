"""Parquet written as a stream, by one rule for its row groups: equal rows are equal bytes, however they came in.

A row group is closed by its rows or by its text, whichever fills first, so that a reader never holds more than one
group of a file, and memory does not grow with the corpus.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

GROUP_ROWS = 1000
GROUP_BYTES = 8 * 2**20
"""Bytes of text, UTF-8; a longer row is a group of its own."""


class TableWriter:
    """Writes one Parquet file row group by row group, zstd, without timestamps. A context: leaving it ends the file."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._schema = schema
        self._file = pq.ParquetWriter(path, schema, compression="zstd")
        self._waiting: list[pa.Table] = []
        self._waiting_rows = self._waiting_bytes = 0
        self.rows = 0
        """Rows taken so far."""
        self.bytes = 0
        """Bytes of text in them."""

    def __enter__(self) -> "TableWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._file.close()

    def add_rows(self, rows: Sequence[dict[str, Any]]) -> None:
        """Append rows given as dictionaries."""
        if rows:
            self.add(pa.Table.from_pylist(list(rows), schema=self._schema))

    def add(self, table: pa.Table) -> None:
        """Append a table that has the columns of the file's schema."""
        table = table.select(self._schema.names).cast(self._schema)
        start = 0
        for row, size in enumerate(_text_bytes(table)):
            if self._waiting_rows and (self._waiting_rows == GROUP_ROWS or self._waiting_bytes + size > GROUP_BYTES):
                self._wait_for(table.slice(start, row - start))
                self._flush()
                start = row
            self._waiting_rows, self._waiting_bytes = self._waiting_rows + 1, self._waiting_bytes + size
            self.rows, self.bytes = self.rows + 1, self.bytes + size
        self._wait_for(table.slice(start))

    def _wait_for(self, table: pa.Table) -> None:
        if table.num_rows:
            self._waiting.append(table)

    def _flush(self) -> None:
        if self._waiting:
            self._file.write_table(pa.concat_tables(self._waiting).combine_chunks(), row_group_size=GROUP_ROWS)
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0


def _text_bytes(table: pa.Table) -> list[int]:
    """Bytes of the `text` column row by row; 0 where there is none."""
    if "text" not in table.column_names:
        return [0] * table.num_rows
    sizes: list[int] = pc.fill_null(pc.binary_length(table["text"]), 0).to_pylist()
    return sizes


def write_rows(path: Path, rows: Sequence[dict[str, Any]], schema: pa.Schema) -> None:
    """Write a small table at once."""
    with TableWriter(path, schema) as table:
        table.add_rows(rows)


def read_groups(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """A Parquet file, or every one in a folder by name, one row group at a time."""
    for part in sorted(path.glob("*.parquet")) if path.is_dir() else [path]:
        file = pq.ParquetFile(part)
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=columns)


def stream_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a file or folder, holding one row group at a time."""
    for group in read_groups(path, columns):
        yield from group.to_pylist()


def read_rows(path: Path, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """All rows of a small file or folder."""
    return list(stream_rows(path, columns))
