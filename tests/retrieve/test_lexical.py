"""The postings of an index, and the scores that come of them, beside BM25 written out over plain lists."""

import math
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from danlu.retrieve.legs.lexical import K1, MOST_TERMS, B, inverse_frequency, lexical_scores
from danlu.retrieve.tables.postings import (
    BLOCK_BITS,
    TABLES,
    Columns,
    Rows,
    add_lexical,
    count_holders,
    length_code,
    read_postings,
    remove_lexical,
)
from danlu.text.segment import bigrams, terms

TEXTS = [
    ("Install packages", "apt-get install NAME downloads a package and installs it."),
    ("Remove packages", "apt-get remove NAME removes a package; its settings stay."),
    ("软件包的安装", "用 apt-get 命令安装软件包，依赖的软件包一起安装。"),
    ("", "打印机的驱动程序在系统设置中安装。"),
    ("Printers", "The printer's driver is set up in the system settings."),
]


def columns(heading: str, text: str) -> Columns:
    return terms(heading), terms(text), bigrams(heading), bigrams(text)


PASSAGES = [columns(*pair) for pair in TEXTS]


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as opened:
        opened.executescript(TABLES)
        yield opened


def rows_of(connection: sqlite3.Connection) -> Rows:
    return lambda query, values: connection.execute(query, values).fetchall()


def plain_bm25(passages: dict[int, Columns], leg: str, query: Sequence[str]) -> dict[int, float]:
    of_leg = slice(0, 2) if leg == "words" else slice(2, 4)
    fields = {id: held[of_leg] for id, held in passages.items() if any(held[of_leg])}
    mean = sum(len(heading) + len(body) for heading, body in fields.values()) / max(len(fields), 1)
    scores: Counter[int] = Counter()
    for term in set(query):
        weights = {id: body.count(term) + 1.5 * heading.count(term) for id, (heading, body) in fields.items()}
        holders = sum(weight > 0 for weight in weights.values())
        for id, weight in weights.items():
            length = 2 * length_code(sum(map(len, fields[id])))
            share = weight * (K1 + 1) / (weight + K1 * (1 - B + B * length / max(mean, 1.0)))
            scores[id] += math.log(1 + (len(fields) - holders + 0.5) / (holders + 0.5)) * share
    return {id: score for id, score in scores.items() if score > 0}


@pytest.mark.parametrize("leg", ["words", "bigrams"])
@pytest.mark.parametrize("question", ["install a package", "如何安装软件包？", "apt-get 的设置", "printer driver"])
def test_scores_are_bm25(connection: sqlite3.Connection, leg: str, question: str) -> None:
    add_lexical(connection, 1, PASSAGES)
    query = terms(question) if leg == "words" else bigrams(question)
    found = lexical_scores(rows_of(connection), leg, query, 50)
    expected = plain_bm25(dict(enumerate(PASSAGES, 1)), leg, query)
    assert found == pytest.approx(expected, rel=1e-5)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_heading_counts_more_than_body(connection: sqlite3.Connection) -> None:
    add_lexical(connection, 1, [([], ["alpha", "beta"], [], []), (["alpha"], ["beta"], [], [])])
    assert list(lexical_scores(rows_of(connection), "words", ["alpha"], 2)) == [2, 1]


def test_equal_scores_are_in_the_order_of_ids_and_cut_there(connection: sqlite3.Connection) -> None:
    add_lexical(connection, 5, [([], ["same"], [], [])] * 9)
    assert list(lexical_scores(rows_of(connection), "words", ["same"], 4)) == [5, 6, 7, 8]


def test_what_is_not_allowed_is_not_found_and_takes_no_place(connection: sqlite3.Connection) -> None:
    add_lexical(connection, 1, PASSAGES)
    rows, query = rows_of(connection), terms("install package driver")
    everything = lexical_scores(rows, "words", query, 50)
    best = next(iter(everything))
    allowed_I = np.ones(len(PASSAGES) + 1, dtype=bool)
    allowed_I[best] = False
    second = list(everything)[1]
    assert list(lexical_scores(rows, "words", query, 1, allowed_I)) == [second]
    assert lexical_scores(rows, "words", query, 50, allowed_I[:1]) == {}


def test_nothing_is_found_in_nothing_or_for_nothing(connection: sqlite3.Connection) -> None:
    rows = rows_of(connection)
    assert lexical_scores(rows, "words", ["install"], 50) == {}
    add_lexical(connection, 1, PASSAGES)
    assert lexical_scores(rows, "words", [], 50) == {}
    assert lexical_scores(rows, "words", ["nowhere"], 50) == {}
    assert lexical_scores(rows, "bigrams", ["nowhere"], 50) == {}


def test_any_term_may_be_asked_for(connection: sqlite3.Connection) -> None:
    odd = ["o'neill", '"', "c++", "a\x00b", "'); DROP TABLE postings; --"]
    add_lexical(connection, 1, [([], odd[:3], [], []), ([], odd[3:4], [], [])])
    rows = rows_of(connection)
    assert [len(lexical_scores(rows, "words", [term], 5)) for term in odd] == [1, 1, 1, 1, 0]


def test_a_pasted_page_is_looked_up_by_its_rarest_terms(connection: sqlite3.Connection) -> None:
    many = [f"word{number}" for number in range(MOST_TERMS + 50)]
    add_lexical(connection, 1, [([], many, [], []), ([], [*many[:100], "rare"], [], []), ([], many[:1], [], [])])
    found = lexical_scores(rows_of(connection), "words", [*many, "rare"], 5)
    assert set(found) == {1, 2}  # what word0 alone would find is not, since it is among the most common


def test_holders_are_counted_over_blocks(connection: sqlite3.Connection) -> None:
    first = (1 << BLOCK_BITS) - 2
    add_lexical(
        connection, first, [([], ["alpha"], [], ["甲乙"]), ([], ["alpha", "beta"], [], []), ([], ["alpha"], [], [])]
    )
    rows = rows_of(connection)
    assert count_holders(rows, "words", ["alpha", "beta", "gamma"]) == {"alpha": 3, "beta": 1}
    assert count_holders(rows, "bigrams", ["甲乙", "alpha"]) == {"甲乙": 1}
    assert read_postings(rows, "words", ["alpha"])["alpha"][0].tolist() == [first, first + 1, first + 2]


def test_long_passages_and_many_occurrences_stay_in_their_bytes(connection: sqlite3.Connection) -> None:
    add_lexical(connection, 1, [([], ["alpha"] * 2000, [], []), ([], ["alpha", "beta"], [], [])])
    found = lexical_scores(rows_of(connection), "words", ["alpha"], 5)
    assert set(found) == {1, 2}
    assert max(found.values()) <= inverse_frequency(2, 2) * (K1 + 1)


_TERM = st.sampled_from(["alpha", "beta", "gamma", "安装", "软件", "x-1"])
_FIELD = st.lists(_TERM, max_size=4)
_PASSAGE = st.tuples(_FIELD, _FIELD, _FIELD, _FIELD)


@settings(max_examples=60, deadline=None)
@given(
    documents=st.lists(st.lists(_PASSAGE, min_size=1, max_size=4), min_size=1, max_size=5),
    removed=st.lists(st.integers(0, 4), max_size=5),
    start=st.sampled_from([1, (1 << BLOCK_BITS) - 3]),
)
def test_taking_documents_out_leaves_what_a_build_without_them_holds(
    documents: list[list[Columns]], removed: list[int], start: int
) -> None:
    kept: dict[int, Columns] = {}
    with closing(sqlite3.connect(":memory:")) as worked, closing(sqlite3.connect(":memory:")) as fresh:
        for connection in (worked, fresh):
            connection.executescript(TABLES)
        first = start
        for number, document in enumerate(documents):
            add_lexical(worked, first, document)
            if number not in removed:
                add_lexical(fresh, first, document)
                kept |= dict(enumerate(document, first))
            first += len(document)
        first = start
        for number, document in enumerate(documents):
            if number in removed:
                remove_lexical(worked, first, first + len(document) - 1)
            first += len(document)
        for table in ("lexical", "postings"):
            assert (
                worked.execute(f"SELECT * FROM {table}").fetchall()
                == fresh.execute(f"SELECT * FROM {table}").fetchall()
            )
        for leg in ("words", "bigrams"):
            query = ["alpha", "安装", "x-1"]
            found = lexical_scores(rows_of(worked), leg, query, 50)
            assert found == pytest.approx(plain_bm25(kept, leg, query), rel=1e-5)
            assert found == lexical_scores(rows_of(fresh), leg, query, 50)


def test_what_was_removed_is_no_longer_in_the_file(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA secure_delete = ON")
    add_lexical(connection, 1, [([], ["secretword", "alpha"], [], []), ([], ["alpha"], [], [])])
    connection.commit()
    assert remove_lexical(connection, 1, 1) == 1
    assert remove_lexical(connection, 1, 1) == 0
    connection.commit()
    assert b"secretword" not in connection.serialize()


def test_a_removal_that_is_rolled_back_leaves_everything(connection: sqlite3.Connection) -> None:
    add_lexical(connection, 1, PASSAGES)
    connection.commit()
    before = lexical_scores(rows_of(connection), "words", terms("install package"), 50)
    remove_lexical(connection, 1, 2)
    connection.rollback()
    assert lexical_scores(rows_of(connection), "words", terms("install package"), 50) == before
