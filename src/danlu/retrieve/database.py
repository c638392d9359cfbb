"""The index database: SQLite holds everything that a search or a citation needs, and is the truth.

documents  one row per document: its extraction (what citations quote), the map from its cleaned text back to it, and
           where its pages begin in the cleaned text
passages   one row per passage: where it stands, its headings, its text
lexical    FTS5 over our own terms and Han bigrams, space-separated; headings in columns of their own
vectors    one unit vector per passage, float16
terms      how many passages hold a term, or a bigram: what inverse document frequencies come from
general    how often a term stands in text at large, for the refusal gate; empty in a blind index, which answers nothing
facts      the generation, fusion weights and the refusal gate, as JSON
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from danlu.model.encoder import Encoder
from danlu.text.frequency import general_shares
from danlu.text.records import Document
from danlu.text.sections import Passage, passages
from danlu.text.segment import bigrams, terms

_SCHEMA = """
CREATE TABLE documents(doc_id TEXT PRIMARY KEY, source TEXT, title TEXT, licence TEXT, language TEXT, media_type TEXT,
  extraction TEXT, offsets TEXT, pages TEXT);
CREATE TABLE passages(id INTEGER PRIMARY KEY, doc_id TEXT, section TEXT, headings TEXT, language TEXT,
  start INTEGER, "end" INTEGER, text TEXT);
CREATE VIRTUAL TABLE lexical USING fts5(heading_words, words, heading_bigrams, bigrams,
  tokenize="unicode61 remove_diacritics 0 tokenchars '-_./+:@#'");
CREATE TABLE vectors(id INTEGER PRIMARY KEY, vector BLOB);
CREATE TABLE terms(term TEXT PRIMARY KEY, passages INTEGER);
CREATE TABLE general(term TEXT PRIMARY KEY, share REAL);
CREATE TABLE facts(name TEXT PRIMARY KEY, value TEXT);
"""


@dataclass(frozen=True)
class Entry:
    """One passage with its document, as the builder takes it."""

    document: Document
    passage: Passage

    @property
    def text(self) -> str:
        """The passage's text, without headings."""
        return self.document.text[self.passage.start : self.passage.end]

    @property
    def headings(self) -> str:
        """The headings above it, outermost first."""
        return " › ".join(self.passage.section.headings)


def entries_of(documents: Iterable[Document]) -> list[Entry]:
    """Every passage of the documents, in order."""
    return [Entry(document, passage) for document in documents for passage in passages(document)]


def build(path: Path, entries: Sequence[Entry], extractions: dict[str, str], encoder: Encoder, blind: bool) -> None:
    """Write an index in one transaction. A `blind` one knows no headings: questions made of them are scored on it."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.executescript(_SCHEMA)
        documents = {entry.document.doc_id: entry.document for entry in entries}
        connection.executemany(
            "INSERT INTO documents VALUES (?,?,?,?,?,?,?,?,?)",
            [_document_row(document, extractions[doc_id]) for doc_id, document in documents.items()],
        )
        found: Counter[str] = Counter()
        for id, entry in enumerate(entries, 1):
            columns = _lexical_columns(entry, blind)
            found.update({term for column in columns for term in column})
            connection.execute("INSERT INTO passages VALUES (?,?,?,?,?,?,?,?)", (id, *_passage_row(entry, blind)))
            connection.execute(
                "INSERT INTO lexical(rowid, heading_words, words, heading_bigrams, bigrams) VALUES (?,?,?,?,?)",
                (id, *map(" ".join, columns)),
            )
        connection.executemany("INSERT INTO terms VALUES (?,?)", sorted(found.items()))
        if not blind:
            connection.executemany("INSERT INTO general VALUES (?,?)", sorted(general_shares().items()))
        _add_vectors(connection, entries, encoder, blind)
        write_fact(connection, "generation", 1)
        connection.commit()
    finally:
        connection.close()


def _document_row(document: Document, extraction: str) -> tuple[str, ...]:
    offsets = json.dumps([[p.start, p.end, p.source_start, p.source_end, p.kept] for p in document.offset_map().pieces])
    return (
        document.doc_id, document.source, document.title, document.licence, document.language, document.media_type,
        extraction, offsets, json.dumps(_page_starts(document)),
    )  # fmt: skip


def _page_starts(document: Document) -> list[tuple[int, int]]:
    """(offset, page) wherever a new page begins; empty for a format without pages."""
    starts: list[tuple[int, int]] = []
    for block in document.blocks:
        if block.page is not None and (not starts or starts[-1][1] != block.page):
            starts.append((block.start, block.page))
    return starts


def _passage_row(entry: Entry, blind: bool) -> tuple[str | int | None, ...]:
    passage = entry.passage
    headings = "" if blind else entry.headings
    return (
        entry.document.doc_id, passage.section.id, headings, entry.document.language,
        passage.start, passage.end, entry.text,
    )  # fmt: skip


def _lexical_columns(entry: Entry, blind: bool) -> tuple[list[str], ...]:
    headings = "" if blind else entry.headings
    return terms(headings), terms(entry.text), bigrams(headings), bigrams(entry.text)


_BATCH = 4096


def _add_vectors(connection: sqlite3.Connection, entries: Sequence[Entry], encoder: Encoder, blind: bool) -> None:
    for start in range(0, len(entries), _BATCH):
        batch = entries[start : start + _BATCH]
        vectors = encoder.encode([entry.text if blind else f"{entry.headings}\n{entry.text}" for entry in batch])
        rows = ((start + number, vector.astype(np.float16).tobytes()) for number, vector in enumerate(vectors, 1))
        connection.executemany("INSERT INTO vectors VALUES (?,?)", rows)


def write_fact(connection: sqlite3.Connection, name: str, value: Any) -> None:
    """Put one fact, replacing what was there."""
    connection.execute("INSERT OR REPLACE INTO facts VALUES (?,?)", (name, json.dumps(value, sort_keys=True)))
