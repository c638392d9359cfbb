"""Other names for what a question names, as the documents define them: LVM, 逻辑卷管理 and "Logical Volume Manager" are one.

synonyms   one row per document, name and other name: the name's words in order, folded, and the other name as it was written

They are learnt when a document is put into an index (danlu.text.definitions) and lie by document: a name goes with the last
document that defined it, and is used for nobody who may not see one.
"""

import sqlite3
from collections.abc import Iterable

from danlu.retrieve.tables.postings import Rows
from danlu.text.definitions import defined_pairs
from danlu.text.segment import terms, words

TABLE = """
CREATE TABLE synonyms(name TEXT, doc_id TEXT, other TEXT, PRIMARY KEY (name, doc_id, other)) WITHOUT ROWID;
CREATE INDEX synonyms_of_document ON synonyms(doc_id);
"""
_LONGEST = 6
"""Words of a name: "Internet Message Access Protocol version 4"."""
_MOST_WORDS = 256
"""Of a question, in which names are looked for."""
_MOST_OTHERS = 3
"""A name that stands for more than this says of what kind a thing is ("file system"), and not which."""


def add_synonyms(connection: sqlite3.Connection, doc_id: str, texts: Iterable[str]) -> None:
    """Put the names that a document defines, inside the caller's transaction."""
    both = (pair for one, other in defined_pairs(texts) for pair in ((one, other), (other, one)))
    rows = {
        (" ".join(found), doc_id, other)
        for name, other in both
        if len(found := words(name)) <= _LONGEST and terms(name)
    }
    connection.executemany("INSERT INTO synonyms VALUES (?,?,?)", sorted(rows))


def remove_synonyms(connection: sqlite3.Connection, doc_id: str) -> None:
    """Take out what a document defined, inside the caller's transaction."""
    connection.execute("DELETE FROM synonyms WHERE doc_id = ?", (doc_id,))


def defined_names(rows: Rows, question: str) -> list[tuple[str, str, int]]:
    """Names that stand in a question, each with another name for it and the first passage of a document that says so."""
    asked = words(question)[:_MOST_WORDS]
    names = {" ".join(asked[at : at + size]) for size in range(1, _LONGEST + 1) for at in range(len(asked) - size + 1)}
    query = (
        "SELECT name, other, first_passage FROM synonyms JOIN documents USING (doc_id)"
        f" WHERE name IN ({','.join('?' * len(names))}) ORDER BY name, other, first_passage"
    )
    found = rows(query, sorted(names)) if names else []
    others: dict[str, set[str]] = {}
    for name, other, _ in found:
        others.setdefault(name, set()).add(" ".join(terms(other)))
    return [row for row in found if len(others[row[0]]) <= _MOST_OTHERS]
