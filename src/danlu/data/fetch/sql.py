"""Rows of a database as documents: read as a stream in the order of a key, so that a broken connection costs a batch.

The cursor lives on the server and memory holds one batch. Each part that is written is noted with its last key, and
reading goes on behind it. Paging by key, not by OFFSET: Winand, SQL Performance Explained (2012), chapter 7.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import Field
from sqlalchemy import URL, Engine, Row, and_, or_, select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.sql import ColumnElement, FromClause

from danlu.core.errors import WorkFailed
from danlu.core.progress import Progress
from danlu.core.stages import Config
from danlu.data.fetch.database import told
from danlu.data.fetch.ledger import FETCHED, SKIPPED, STATE, FetchLedger, now
from danlu.data.fetch.sql_source import Shape
from danlu.data.fetch.sql_values import decoded, encoded, plain
from danlu.text.tables import TableWriter


class SqlConfig(Config):
    """How rows are read."""

    rows_per_part: int = Field(50_000, ge=1)
    """Rows of one Parquet file: what a kill costs at most."""
    bytes_per_part: int = Field(64 * 2**20, ge=1)
    """Bytes of text of one Parquet file."""
    batch_rows: int = Field(1000, ge=1)
    """Rows held in memory."""
    max_tries: int = Field(5, ge=1)
    """Connections in a row that bring no new row."""
    retry_s: float = Field(1.0, ge=0)
    """Seconds before the first retry; doubled each time, at most a minute."""


_OWN = ("id", "text", "title")
"""Columns of the files that are written; a column of the database with such a name is called `column_...`."""


@dataclass(frozen=True)
class Rows:
    """Reads one table or query into the folder of its source."""

    engine: Engine
    url: URL
    source: FromClause
    shape: Shape
    ledger: FetchLedger
    label: str
    config: SqlConfig
    progress: Progress
    licence: str = "unknown"

    def run(self) -> None:
        """Read to the end; raises WorkFailed when the database stays away."""
        tries = 0
        while True:
            before = self._parts()
            try:
                with self._batches() as batches:
                    while self._write_part(batches):
                        self.progress.advance(self._rows(), self._rows(), self.label)
                return
            except DBAPIError as error:
                tries = 1 if self._parts() > before else tries + 1
                if not self._may_pass(error) or tries >= self.config.max_tries:
                    raise WorkFailed(
                        "The database broke off at row {rows} of {label}: {problem}",
                        "What was read is kept: the same command goes on behind the last key.",
                        rows=self._rows(), label=self.label, problem=told(error, self.url),
                    ) from None  # fmt: skip
                time.sleep(min(self.config.retry_s * 2.0 ** (tries - 1), 60))

    def _may_pass(self, error: DBAPIError) -> bool:
        if self.engine.dialect.name == "sqlite":
            return "locked" in str(error)
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)

    def _parts(self) -> int:
        return self.ledger.count(self.label, FETCHED)

    def _rows(self) -> int:
        return sum(row["rows"] for row in self.ledger.items(self.label, FETCHED))

    @contextmanager
    def _batches(self) -> Iterator[Iterator[Sequence[Row[Any]]]]:
        """The rows behind the last key that was noted, batch by batch."""
        key = [self.source.columns[name] for name in self.shape.key]
        query = select(*self.source.columns).order_by(*key)
        last = self.ledger.last_fetched(self.label)
        if last:
            query = query.where(_behind(key, [decoded(value) for value in json.loads(last["value"])]))
        with self.engine.connect() as connection:
            streamed = connection.execution_options(yield_per=self.config.batch_rows).execute(query)
            yield iter(streamed.partitions())

    def _write_part(self, batches: Iterator[Sequence[Row[Any]]]) -> bool:
        """Write one part and note its last key; False at the end. What came before a break is a part too."""
        name = f"{self._parts():05d}.parquet"
        half = self.ledger.folder / STATE / f"{self.label}.{name}"
        rows, key, broken, has_ended = 0, None, None, False
        with TableWriter(half, pa.schema([(column, pa.string()) for column in self._columns().values()])) as table:
            while rows < self.config.rows_per_part and table.bytes < self.config.bytes_per_part and not has_ended:
                try:
                    batch = next(batches, ())
                except DBAPIError as error:
                    broken = error
                    break
                has_ended = not batch
                key = self._take(batch, key, table)
                rows += len(batch)
        if rows:
            self._keep(half, name, key or (), table.rows)
        half.unlink(missing_ok=True)
        if broken:
            raise broken
        return not has_ended

    def _keep(self, half: Path, name: str, last_key: Sequence[Any], rows: int) -> None:
        """Give a part its name, then note it with its last key: a kill between the two writes the part once more."""
        place = self.ledger.folder / self.label / name
        place.parent.mkdir(parents=True, exist_ok=True)
        half.replace(place)
        self.ledger.add(
            self.label, name, state=FETCHED, value=json.dumps([encoded(value) for value in last_key]), rows=rows,
            file=f"{self.label}/{name}", length=place.stat().st_size, licence=self.licence, fetched_at=now(),
        )  # fmt: skip

    def _take(self, batch: Sequence[Row[Any]], last: list[Any] | None, table: TableWriter) -> list[Any] | None:
        """Append a batch; returns its last key."""
        documents, empty = [], []
        for row in batch:
            key = [row._mapping[name] for name in self.shape.key]
            last = key
            document = self._document(row, key)
            if document["text"]:
                documents.append(document)
            else:
                state = {"state": SKIPPED, "reason": "no text", "value": ", ".join(self.shape.text)}
                empty.append({"item": f"row {document['id']}", **state})
        table.add_rows(documents)
        self.ledger.add_all(self.label, empty)
        return last

    def _columns(self) -> dict[str, str]:
        """Columns of the file by what they hold: our own first, then the database's others."""
        taken = {*self.shape.text, self.shape.title, *(("id",) if self.shape.key == ("id",) else ())}
        others = [column.name for column in self.source.columns if column.name not in taken]
        return {f" {name}": name for name in _OWN} | {
            name: f"column_{name}" if name in _OWN else name for name in others
        }

    def _document(self, row: Row[Any], key: Sequence[Any]) -> dict[str, str | None]:
        values = row._mapping
        texts = [plain(values[name]) for name in self.shape.text]
        others = {new: plain(values[name]) for name, new in self._columns().items() if not name.startswith(" ")}
        return {
            "id": "/".join(map(str, key)),
            "text": "\n\n".join(text.strip() for text in texts if text and text.strip()),
            "title": plain(values[self.shape.title]) if self.shape.title else None,
            **others,
        }


def _behind(key: Sequence[ColumnElement[Any]], values: Sequence[Any]) -> ColumnElement[bool]:
    """The rows behind these values, column by column: not every database compares tuples."""
    steps = [
        and_(
            *(one == value for one, value in zip(key[:place], values[:place], strict=True)), key[place] > values[place]
        )
        for place in range(len(key))
    ]
    return or_(*steps)
