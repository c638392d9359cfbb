"""Put documents into an index and take them out: every row of a document, inside the caller's transaction."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danlu.model.encoder import Encoder
from danlu.retrieve.tables.postings import Columns, add_lexical, remove_lexical
from danlu.retrieve.tables.schema import EVERYONE, VECTOR_SUM, create, read_fact, write_fact
from danlu.retrieve.tables.synonyms import add_synonyms, remove_synonyms
from danlu.text.frequency import general_shares
from danlu.text.records import Document
from danlu.text.sections import Passage, passages
from danlu.text.segment import bigrams, terms

_BATCH = 4096
"""Passages that are encoded together: 10 MB of text."""
_MOST_WAITING = 2000
"""Passages whose terms are written together: half the time per passage of writing each document's alone."""


@dataclass(frozen=True)
class Version:
    """One version of a document, as an index takes it."""

    document: Document
    extraction: str
    """What citations quote."""
    principals: frozenset[str] = frozenset({EVERYONE})
    """Who may see it."""


def build(path: Path, versions: Iterable[Version], encoder: Encoder, hash: str, blind: bool) -> int:
    """Write an index of documents in one transaction, all of generation 1; returns the number of its passages.

    `hash` is the encoder's (schema.encoder_hash). A `blind` one knows no headings: questions made of them are scored on it, and it answers nothing.
    """
    with closing(create(path, hash)) as connection, connection:
        writer = Writer(connection, encoder, blind)
        count = sum(writer.put(version, 1) for version in versions)
        writer.flush()
        if not blind:
            connection.executemany("INSERT INTO general VALUES (?,?)", sorted(general_shares().items()))
    return count


class Writer:
    """Writes in one transaction of a connection; `flush` ends it. A `blind` one leaves headings out: questions made of them are scored on it."""

    def __init__(self, connection: sqlite3.Connection, encoder: Encoder, blind: bool = False) -> None:
        self._connection = connection
        self._encoder = encoder
        self._blind = blind
        self._waiting: list[Columns] = []
        self._first_waiting = 1
        said = read_fact(connection, VECTOR_SUM)
        self._vector_sum_D = np.array(said) if said else None

    def put(self, version: Version, generation: int) -> int:
        """Put a document, in place of the version that is there; returns the number of its passages."""
        document = version.document
        self.take_out(document.doc_id)
        cut = list(passages(document))
        first = self._next_id()
        self._connection.execute(
            "INSERT INTO documents VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (*_document_row(document, version.extraction), first, first + len(cut) - 1, generation),
        )
        self._put_passages(document, cut, first)
        self._put_vectors(document, cut, first)
        add_synonyms(self._connection, first, self._texts(document, cut))
        self.grant(document.doc_id, version.principals)
        if not self._waiting:
            self._first_waiting = first
        self._waiting += [self._lexical_columns(document, passage) for passage in cut]
        if len(self._waiting) >= _MOST_WAITING:
            self.flush()
        return len(cut)

    def flush(self) -> None:
        """Write what is gathered over documents: the transaction is not whole without it."""
        add_lexical(self._connection, self._first_waiting, self._waiting)
        self._waiting = []
        if self._vector_sum_D is not None:
            write_fact(self._connection, VECTOR_SUM, self._vector_sum_D.tolist())

    def take_out(self, doc_id: str) -> tuple[int, int]:
        """Take a document out; returns the ids of its first passage and its last one, (1, 0) when it is not there."""
        query = "SELECT first_passage, last_passage FROM documents WHERE doc_id = ?"
        row = self._connection.execute(query, (doc_id,)).fetchone()
        if row is None:
            return 1, 0
        if self._waiting:  # the document may be among what is not written yet
            self.flush()
        removed = remove_lexical(self._connection, *row)
        assert removed == row[1] - row[0] + 1, f"{doc_id}: {removed} passages had terms, of {row[0]} to {row[1]}"
        vectors = self._connection.execute("SELECT vector FROM vectors WHERE id BETWEEN ? AND ?", row).fetchall()
        self._add_to_sum(np.array([np.frombuffer(vector, dtype=np.float16) for (vector,) in vectors]), -1)
        for table in ("passages", "vectors"):
            self._connection.execute(f"DELETE FROM {table} WHERE id BETWEEN ? AND ?", row)
        if row[0] <= row[1]:  # else it has no passages, and its first one is the next document's
            remove_synonyms(self._connection, row[0])
        for table in ("documents", "access", "twins"):
            self._connection.execute(f"DELETE FROM {table} WHERE doc_id = ?", (doc_id,))
        return int(row[0]), int(row[1])

    def grant(self, doc_id: str, principals: Collection[str]) -> None:
        """Let these principals see a document, and nobody else."""
        self._connection.execute("DELETE FROM access WHERE doc_id = ?", (doc_id,))
        rows = [(doc_id, principal) for principal in sorted(principals)]
        self._connection.executemany("INSERT INTO access VALUES (?,?)", rows)

    def _next_id(self) -> int:
        row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'passages'").fetchone()
        return int(row[0]) + 1 if row else 1

    def _put_passages(self, document: Document, cut: Sequence[Passage], first: int) -> None:
        self._connection.executemany(
            "INSERT INTO passages VALUES (?,?,?,?,?,?,?,?)",
            (
                (
                    id, document.doc_id, passage.section.id, self._headings(passage), document.language,
                    passage.start, passage.end, document.text[passage.start : passage.end],
                )
                for id, passage in enumerate(cut, first)
            ),
        )  # fmt: skip

    def _texts(self, document: Document, cut: Sequence[Passage]) -> Iterator[str]:
        """All that is searched, passage by passage, each heading once."""
        yield from dict.fromkeys(map(self._headings, cut))
        yield from (document.text[passage.start : passage.end] for passage in cut)

    def _put_vectors(self, document: Document, cut: Sequence[Passage], first: int) -> None:
        texts = (self._encoded_text(document, passage) for passage in cut)
        id = first
        while batch := list(islice(texts, _BATCH)):
            vectors_ND = self._encoder.encode(batch).astype(np.float16)
            rows = ((number, vector.tobytes()) for number, vector in enumerate(vectors_ND, id))
            self._connection.executemany("INSERT INTO vectors VALUES (?,?)", rows)
            self._add_to_sum(vectors_ND, 1)
            id += len(batch)

    def _add_to_sum(self, vectors_ND: NDArray[np.float16], sign: int) -> None:
        if len(vectors_ND):
            change_D = sign * vectors_ND.astype(np.float64).sum(axis=0)
            self._vector_sum_D = change_D if self._vector_sum_D is None else self._vector_sum_D + change_D

    def _headings(self, passage: Passage) -> str:
        return "" if self._blind else " › ".join(passage.section.headings)

    def _lexical_columns(self, document: Document, passage: Passage) -> Columns:
        headings, text = self._headings(passage), _with_table(document, passage)
        return terms(headings), terms(text), bigrams(headings), bigrams(text)

    def _encoded_text(self, document: Document, passage: Passage) -> str:
        text = _with_table(document, passage)
        return text if self._blind else f"{self._headings(passage)}\n{text}"


def _with_table(document: Document, passage: Passage) -> str:
    """What is searched of a passage: its text, and what names its cells where it begins within a table."""
    text = document.text[passage.start : passage.end]
    return f"{passage.table}\n{text}" if passage.table else text


def next_generation(connection: sqlite3.Connection, what: str, doc_id: str, first: int, last: int) -> int:
    """Begin a generation and note what it did to which passages (put, removed, access)."""
    generation = int(read_fact(connection, "generation")) + 1
    write_fact(connection, "generation", generation)
    connection.execute("INSERT INTO changes VALUES (?,?,?,?,?)", (generation, what, doc_id, first, last))
    return generation


def _document_row(document: Document, extraction: str) -> tuple[str | bytes, ...]:
    offsets = [(p.start, p.end, p.source_start, p.source_end, p.kept) for p in document.offset_map().pieces]
    return (
        document.doc_id, document.source, document.title, document.licence, document.language, document.media_type,
        document.meta, extraction, _numbers(offsets), _numbers(_page_starts(document)),
    )  # fmt: skip


def _numbers(rows: Sequence[tuple[int, ...]]) -> bytes:
    """Rows of numbers as they are read back without a loop: a citation needs few of them."""
    return np.array(rows, dtype="<i8").tobytes()


def _page_starts(document: Document) -> list[tuple[int, int]]:
    """(offset, page) wherever a new page begins; empty for a format without pages."""
    starts: list[tuple[int, int]] = []
    for block in document.blocks:
        if block.page is not None and (not starts or starts[-1][1] != block.page):
            starts.append((block.start, block.page))
    return starts
