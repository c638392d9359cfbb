"""Postings: for every term the passages that hold it, in tables of the index's own database.

SQLite's full-text extension would find the same passages. This table is there because reading it costs a fifth to a tenth, a filter
costs nothing on top, and what is deleted is gone from the file (FTS5 keeps deleted terms in its segments until it merges them;
an option against that came with SQLite 3.42). benchmarks/retrieve_latency.py measures both.

lexical    the terms of each passage as they came in, space-separated; what a deletion takes back
postings   per leg, block of 4,096 passages and term: one little-endian uint32 for each passage that holds the term,
           (place in the block) << 16 | weighted occurrences << 8 | length code. The block leads the key, so that a document's
           terms are written side by side, and not all over the file
leg_sizes  per leg, how many passages have terms, and how many terms they have

Letters in shapes: P postings.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

TABLES = """
CREATE TABLE lexical(id INTEGER PRIMARY KEY, heading_words TEXT, words TEXT, heading_bigrams TEXT, bigrams TEXT);
CREATE TABLE postings(leg INTEGER, block INTEGER, term TEXT, data BLOB, PRIMARY KEY (leg, block, term)) WITHOUT ROWID;
CREATE TABLE leg_sizes(leg INTEGER PRIMARY KEY, passages INTEGER, length INTEGER);
"""
LEGS = {"words": 0, "bigrams": 1}
BODY, HEADING = 2, 3
"""What an occurrence counts, in halves: a word of a heading counts one and a half times, since headings are short and chosen."""
BLOCK_BITS = 12
"""4,096 passages to a block: a document's transaction writes few pages, and a term of 100,000 passages is read in 25 pieces."""
_MOST = 255
_PLACE = (1 << BLOCK_BITS) - 1
_INSERT = "INSERT INTO postings VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET data = CAST(data || excluded.data AS BLOB)"
_BLOCKS = """
WITH RECURSIVE blocks(block) AS (
  SELECT min(block) FROM postings WHERE leg = ?1
  UNION ALL SELECT (SELECT min(block) FROM postings WHERE leg = ?1 AND block > blocks.block) FROM blocks WHERE block IS NOT NULL
) SELECT block FROM blocks WHERE block IS NOT NULL
"""
"""The blocks that hold something, each found by one step in the key: SQLite would read the whole table for DISTINCT."""
_AT_ONCE = 10_000
"""Values in one statement: below the limit of every build of SQLite (32,766)."""

Columns = tuple[Sequence[str], Sequence[str], Sequence[str], Sequence[str]]
"""The terms of one passage: words of its headings, words, bigrams of its headings, bigrams."""
Rows = Callable[[str, Sequence[Any]], list[Any]]
"""Runs a query inside a read transaction."""


def length_code(length: int) -> int:
    """The number of a passage's terms as its postings hold it: in twos, so that 510 fit into a byte."""
    return min(_MOST, (length + 1) // 2)


def add_lexical(connection: sqlite3.Connection, first_id: int, passages: Sequence[Columns]) -> None:
    """Put the terms of passages whose ids follow one another, inside the caller's transaction. No id may be there already.

    Several documents in one call cost half as much per passage as one by one: they share most terms.
    """
    connection.executemany(
        "INSERT INTO lexical VALUES (?,?,?,?,?)",
        ((id, *map(" ".join, columns)) for id, columns in enumerate(passages, first_id)),
    )
    for leg in LEGS.values():
        texts = [(id, *_of_leg(columns, leg)) for id, columns in enumerate(passages, first_id)]
        for block, members in groupby(texts, key=lambda text: text[0] >> BLOCK_BITS):
            held = ((term, data) for term, data in sorted(_encoded(members).items()))
            connection.executemany(_INSERT, ((leg, block, term, data) for term, data in held))
        _count(connection, leg, texts, 1)


def remove_lexical(connection: sqlite3.Connection, first_id: int, last_id: int) -> int:
    """Take the terms of passages `first_id` to `last_id` out, inside the caller's transaction; returns how many were there."""
    query = (
        "SELECT id, heading_words, words, heading_bigrams, bigrams FROM lexical WHERE id BETWEEN ? AND ? ORDER BY id"
    )
    found = connection.execute(query, (first_id, last_id)).fetchall()
    passages = [(id, [column.split() for column in columns]) for id, *columns in found]
    for leg in LEGS.values():
        texts = [(id, *_of_leg(columns, leg)) for id, columns in passages]
        for block, members in groupby(texts, key=lambda text: text[0] >> BLOCK_BITS):
            held = [(id, {*heading, *body}) for id, heading, body in members]
            expected = sum(len(terms) for _, terms in held)
            removed = _rewrite(connection, leg, block, {id for id, _ in held}, {t for _, terms in held for t in terms})
            assert removed == expected, f"postings of passages {first_id} to {last_id}: {removed}, not {expected}"
        _count(connection, leg, texts, -1)
    connection.execute("DELETE FROM lexical WHERE id BETWEEN ? AND ?", (first_id, last_id))
    return len(found)


def read_postings(
    rows: Rows, leg: str, terms: Collection[str]
) -> dict[str, tuple[NDArray[np.int64], NDArray[np.uint32]]]:
    """Of each of the terms that some passage holds: the ids of these passages, and occurrences << 8 | length code; both shape (P,)."""
    found: dict[str, list[tuple[int, bytes]]] = {}
    for term, block, data in _read(rows, leg, terms, "data"):
        found.setdefault(term, []).append((block, data))
    return {term: _decoded(found[term]) for term in sorted(found)}


def count_holders(rows: Rows, leg: str, terms: Collection[str]) -> dict[str, int]:
    """How many passages hold each of the terms in a leg; those that none holds are left out."""
    counts: Counter[str] = Counter()
    for term, _, size_bytes in _read(rows, leg, terms, "length(data)"):
        counts[term] += size_bytes // 4
    return dict(counts)


def terms_beginning(rows: Rows, leg: str, prefix: str) -> set[str]:
    """The terms that some passage holds in a leg and that begin with these letters."""
    blocks = ",".join(str(block) for (block,) in rows(_BLOCKS, (LEGS[leg],)))
    query = f"SELECT DISTINCT term FROM postings WHERE leg = ? AND block IN ({blocks}) AND term >= ? AND term < ?"
    return {term for (term,) in rows(query, (LEGS[leg], prefix, f"{prefix}\U0010ffff"))}


def _read(rows: Rows, leg: str, terms: Collection[str], column: str) -> Iterable[tuple[str, int, Any]]:
    blocks = ",".join(str(block) for (block,) in rows(_BLOCKS, (LEGS[leg],)))
    wanted = sorted(set(terms))
    for start in range(0, len(wanted), _AT_ONCE):
        chunk = wanted[start : start + _AT_ONCE]
        marks = ",".join("?" * len(chunk))
        query = (
            f"SELECT term, block, {column} FROM postings WHERE leg = ? AND block IN ({blocks}) AND term IN ({marks})"
        )
        yield from rows(query, [LEGS[leg], *chunk])


def _of_leg(columns: Sequence[Sequence[str]], leg: int) -> tuple[Sequence[str], Sequence[str]]:
    return columns[2 * leg], columns[2 * leg + 1]


def _encoded(passages: Iterable[tuple[int, Sequence[str], Sequence[str]]]) -> dict[str, bytes]:
    """The postings of every term of some passages of one block: numbered and sorted at once, since there are millions of them."""
    numbers: dict[str, int] = {}
    of_term: list[int] = []
    values: list[int] = []
    for id, heading, body in passages:
        weights = {term: BODY * count for term, count in Counter(body).items()}
        for term in heading:
            weights[term] = weights.get(term, 0) + HEADING
        same = (id & _PLACE) << 16 | length_code(len(heading) + len(body))
        of_term.extend([numbers.setdefault(term, len(numbers)) for term in weights])
        values.extend([same | min(_MOST, weight) << 8 for weight in weights.values()])
    places = np.array(of_term, dtype=np.int64)
    data = np.array(values, dtype="<u4")[np.argsort(places, kind="stable")].tobytes()
    ends = (4 * np.cumsum(np.bincount(places, minlength=len(numbers)))).tolist()
    return {term: data[start:end] for term, start, end in zip(numbers, [0, *ends], ends, strict=False)}


def _decoded(pieces: Sequence[tuple[int, bytes]]) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    packed_P = np.frombuffer(b"".join(data for _, data in pieces), dtype="<u4")
    starts = np.array([block << BLOCK_BITS for block, _ in pieces], dtype=np.int64)
    ids_P: NDArray[np.int64] = np.repeat(starts, [len(data) // 4 for _, data in pieces]) + (packed_P >> 16)
    codes_P: NDArray[np.uint32] = packed_P & np.uint32(0xFFFF)
    return ids_P, codes_P


def _rewrite(connection: sqlite3.Connection, leg: int, block: int, ids: set[int], terms: set[str]) -> int:
    """Take passages out of the postings of these terms; returns how many postings went."""
    gone = np.array(sorted(id & _PLACE for id in ids), dtype=np.uint32)
    removed = 0
    left: list[tuple[bytes, int, int, str]] = []
    for term, data in _of_block(connection, leg, block, sorted(terms)):
        held_P = np.frombuffer(data, dtype="<u4")
        kept_P = held_P[~np.isin(held_P >> 16, gone)]
        removed += len(held_P) - len(kept_P)
        left.append((kept_P.tobytes(), leg, block, term))
    key = "leg = ? AND block = ? AND term = ?"
    connection.executemany(f"UPDATE postings SET data = ? WHERE {key}", (row for row in left if row[0]))
    connection.executemany(f"DELETE FROM postings WHERE {key}", (row[1:] for row in left if not row[0]))
    return removed


def _of_block(
    connection: sqlite3.Connection, leg: int, block: int, terms: Sequence[str]
) -> Iterator[tuple[str, bytes]]:
    for start in range(0, len(terms), _AT_ONCE):
        chunk = terms[start : start + _AT_ONCE]
        query = (
            f"SELECT term, data FROM postings WHERE leg = ? AND block = ? AND term IN ({','.join('?' * len(chunk))})"
        )
        yield from connection.execute(query, (leg, block, *chunk)).fetchall()


def _count(
    connection: sqlite3.Connection, leg: int, texts: Sequence[tuple[int, Sequence[str], Sequence[str]]], step: int
) -> None:
    lengths = [len(heading) + len(body) for _, heading, body in texts]
    values = (leg, step * sum(map(bool, lengths)), step * sum(lengths))
    upsert = "ON CONFLICT DO UPDATE SET passages = passages + excluded.passages, length = length + excluded.length"
    connection.execute(f"INSERT INTO leg_sizes VALUES (?,?,?) {upsert}", values)
