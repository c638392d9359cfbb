"""Other names for what a question names, as the documents define them: LVM, 逻辑卷管理 and "Logical Volume Manager" are one.

synonyms     per name, other name and block of 4,096 passages: the documents that say so, by their first passages, as little-endian
             uint32. A name stands there as its words in order, folded; the other name as it was written
definitions  the same by document: what a deletion takes back

They are learnt when a document is put into an index (danlu.text.definitions). A name goes with the last document that defined it, and
is used for nobody who may not see one. Who may is asked of all that define a name at once, since every form of an office may
spell out its name: 100,000 that do cost a question as much as one.
"""

import sqlite3
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.tables.postings import BLOCK_BITS, Rows
from danlu.text.definitions import defined_pairs
from danlu.text.han_forms import simplified
from danlu.text.segment import fold, terms, words

TABLE = """
CREATE TABLE synonyms(name TEXT, other TEXT, block INTEGER, documents BLOB, PRIMARY KEY (name, other, block)) WITHOUT ROWID;
CREATE TABLE definitions(first_passage INTEGER, name TEXT, other TEXT, PRIMARY KEY (first_passage, name, other)) WITHOUT ROWID;
"""
_INSERT = (
    "INSERT INTO synonyms VALUES (?,?,?,?)"
    " ON CONFLICT DO UPDATE SET documents = CAST(documents || excluded.documents AS BLOB)"
)
_ROW = "name = ? AND other = ? AND block = ?"
_LONGEST = 6
"""Words of a name: "Internet Message Access Protocol version 4"."""
_MOST_WORDS = 256
"""Of a question, in which names are looked for."""
_MOST_OTHERS = 3
"""A name that stands for more than this says of what kind a thing is ("file system"), and not which."""


def add_synonyms(connection: sqlite3.Connection, first_passage: int, texts: Iterable[str]) -> None:
    """Put the names that a document defines, by its first passage, inside the caller's transaction."""
    both = (pair for one, other in defined_pairs(texts) for pair in ((one, other), (other, one)))
    found = sorted(
        {(" ".join(cut), other) for name, other in both if len(cut := _words(name)) <= _LONGEST and terms(name)}
    )
    connection.executemany("INSERT INTO definitions VALUES (?,?,?)", ((first_passage, *pair) for pair in found))
    place = first_passage >> BLOCK_BITS, first_passage.to_bytes(4, "little")
    connection.executemany(_INSERT, ((*pair, *place) for pair in found))


def remove_synonyms(connection: sqlite3.Connection, first_passage: int) -> None:
    """Take out what the document with this first passage defined, inside the caller's transaction."""
    query = "SELECT name, other FROM definitions WHERE first_passage = ?"
    for pair in connection.execute(query, (first_passage,)).fetchall():
        row = (*pair, first_passage >> BLOCK_BITS)
        [(held,)] = connection.execute(f"SELECT documents FROM synonyms WHERE {_ROW}", row).fetchall()
        firsts = np.frombuffer(held, dtype="<u4")
        left = firsts[firsts != first_passage].tobytes()
        if left:
            connection.execute(f"UPDATE synonyms SET documents = ? WHERE {_ROW}", (left, *row))
        else:
            connection.execute(f"DELETE FROM synonyms WHERE {_ROW}", row)
    connection.execute("DELETE FROM definitions WHERE first_passage = ?", (first_passage,))


def defined_names(rows: Rows, question: str, allowed_I: NDArray[np.bool_] | None = None) -> list[tuple[str, str]]:
    """Names that stand in a question, each with another name that a document gives it which may be seen (`allowed_I`, by passage).

    What hidden documents define counts for nothing: neither as a name, nor as one too many.
    """
    asked = _words(question)[:_MOST_WORDS]
    names = {" ".join(asked[at : at + size]) for size in range(1, _LONGEST + 1) for at in range(len(asked) - size + 1)}
    query = f"SELECT name, other, documents FROM synonyms WHERE name IN ({','.join('?' * len(names))})"
    found = rows(query, sorted(names)) if names else []
    seen = sorted({(name, other) for name, other, documents in found if _may_be_seen(documents, allowed_I)})
    others: dict[str, set[str]] = {}
    for name, other in seen:
        others.setdefault(name, set()).add(" ".join(terms(other)))
    return [pair for pair in seen if len(others[pair[0]]) <= _MOST_OTHERS]


def _words(text: str) -> list[str]:
    return words(simplified(fold(text)))


def _may_be_seen(documents: bytes, allowed_I: NDArray[np.bool_] | None) -> bool:
    if allowed_I is None:
        return True
    firsts = np.frombuffer(documents, dtype="<u4")
    return bool(allowed_I[firsts[firsts < len(allowed_I)]].any())
