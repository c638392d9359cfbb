"""Live indexes for tests: made from a built one, filled with small documents, and counted over independently."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from danlu.retrieve.legs.live import LiveIndex
from danlu.retrieve.tables.writing import Version
from danlu.text.records import Block, Document
from indexes import Indexed


def live_copy(made: Indexed, folder: Path) -> LiveIndex:
    """A live index that starts from a built one."""
    path = folder / "live.db"
    shutil.copyfile(made.index.database, path)
    return LiveIndex(path, made.index.encoder)


def note(name: str, *paragraphs: str, to: frozenset[str] = frozenset({"*"})) -> Version:
    """A document of some paragraphs below one heading."""
    title, blocks, text = f"Note {name}", [], f"Note {name}\n\n"
    blocks.append(Block(0, len(title), "heading", level=1))
    for paragraph in paragraphs:
        blocks.append(Block(len(text), len(text) + len(paragraph), "text"))
        text += f"{paragraph}\n\n"
    document = Document(name, text, title, f"notes/{name}.md", "text/markdown", "MIT", "en", tuple(blocks))
    return Version(document, text, to)


def faults(path: Path) -> list[str]:
    """What does not fit together in an index, counted over from its own rows; empty when it is sound."""
    with closing(sqlite3.connect(path)) as connection:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        spans = connection.execute("SELECT doc_id, first_passage, last_passage FROM documents").fetchall()
        owned = {id: doc for doc, first, last in spans for id in range(first, last + 1)}
        for table, column in (("passages", "id"), ("lexical", "id"), ("vectors", "id")):
            ids = {row[0] for row in connection.execute(f"SELECT {column} FROM {table}")}
            if ids != set(owned):
                found.append(f"{table}: {sorted(ids ^ set(owned))[:5]} belong to no document, or lack")
        held: set[tuple[int, int, str]] = set()
        for id, *columns in connection.execute(
            "SELECT id, heading_words, words, heading_bigrams, bigrams FROM lexical"
        ):
            words, pairs = " ".join(columns[:2]).split(), " ".join(columns[2:]).split()
            held |= {(id, 0, term) for term in words} | {(id, 1, pair) for pair in pairs}
        posted = {
            ((block << 12) + int(place), leg, term)
            for leg, block, term, data in connection.execute("SELECT * FROM postings")
            for place in np.frombuffer(data, dtype="<u4") >> 16
        }
        if posted != held:
            found.append(f"postings: {sorted(posted ^ held)[:5]} lack, or are of no passage")
        if {row[0] for row in connection.execute("SELECT doc_id FROM access")} != {doc for doc, *_ in spans}:
            found.append("access belongs to no document, or lacks")
    return found
