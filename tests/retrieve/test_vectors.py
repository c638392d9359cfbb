"""The vectors in memory, beside a search over the stored ones alone."""

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing

import numpy as np
import pytest
from numpy.typing import NDArray

from danlu.retrieve.tables.ranked_anew import stored_vectors
from danlu.retrieve.tables.vector_kernels import scan
from danlu.retrieve.tables.vectors import VectorTable

COUNT, DIMENSIONS = 600, 32


def unit(count: int, seed: int) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


class Truth:
    """What the database would hold: vectors by id."""

    def __init__(self) -> None:
        self.vectors: dict[int, NDArray[np.float32]] = {}

    def stored(self, ids: Sequence[int]) -> NDArray[np.float32]:
        return np.stack([self.vectors[id] for id in ids])

    def best(self, question_D: NDArray[np.float32], depth: int) -> list[int]:
        scores = {id: float(vector @ question_D) for id, vector in self.vectors.items()}
        return [id for id in sorted(scores, key=lambda id: (-scores[id], id)) if scores[id] > 0][:depth]


@pytest.fixture
def truth() -> Truth:
    made = Truth()
    made.vectors = dict(enumerate(unit(COUNT, 0), 1))
    return made


@pytest.fixture
def table(truth: Truth) -> VectorTable:
    ids = np.array(list(truth.vectors), dtype=np.int64)
    return VectorTable.empty(DIMENSIONS).extended(ids, truth.stored(ids.tolist()))


def test_search_is_that_over_the_stored_vectors(table: VectorTable, truth: Truth) -> None:
    for question in unit(20, 1):
        found = table.search(question, 10, truth.stored)
        assert list(found) == truth.best(question, 10)
        assert found == pytest.approx({id: float(truth.vectors[id] @ question) for id in found}, abs=1e-6)


def test_the_compiled_scan_gives_what_numpy_gives() -> None:
    draw = np.random.default_rng(2)
    rows_ND = draw.integers(-127, 128, (50, DIMENSIONS)).astype(np.int8)
    scales_N, question = draw.random(50).astype(np.float32), unit(1, 3)[0]
    scores_N = np.empty(50, dtype=np.float32)
    scan(rows_ND, scales_N, question, scores_N)
    np.testing.assert_allclose(scores_N, (rows_ND.astype(np.float32) @ question) * scales_N, rtol=1e-4, atol=1e-3)


def test_what_is_not_allowed_is_not_found_and_takes_no_place(table: VectorTable, truth: Truth) -> None:
    question = unit(1, 4)[0]
    everything = list(table.search(question, 10, truth.stored))
    allowed_I = np.ones(COUNT + 1, dtype=bool)
    allowed_I[everything[:3]] = False
    found = list(table.search(question, 7, truth.stored, allowed_I, also=everything[:1]))
    assert found == everything[3:]
    assert max(table.search(question, 50, truth.stored, allowed_I[:101])) <= 100
    assert table.search(question, 50, truth.stored, allowed_I[:0]) == {}


def test_ids_asked_for_have_their_score_however_low(table: VectorTable, truth: Truth) -> None:
    question = unit(1, 5)[0]
    low = truth.best(question, 200)[-1]
    found = table.search(question, 3, truth.stored, also=[low, 10_000])
    assert list(found) == [*truth.best(question, 3), low]


def test_rows_taken_out_are_gone_and_older_tables_keep_them(table: VectorTable, truth: Truth) -> None:
    question = unit(1, 6)[0]
    before = table.search(question, 20, truth.stored)
    smaller = table
    for first in range(1, 400, 20):  # past the share of dead rows at which the rows are copied
        smaller = smaller.without(first, first + 9)
    gone = {id for first in range(1, 400, 20) for id in range(first, first + 10)}
    assert set(smaller.ids_N.tolist()) == set(truth.vectors) - gone
    assert len(smaller) == COUNT - len(gone)
    left = Truth()
    left.vectors = {id: vector for id, vector in truth.vectors.items() if id not in gone}
    assert list(smaller.search(question, 20, left.stored, also=sorted(gone))) == left.best(question, 20)
    assert table.search(question, 20, truth.stored) == before


def test_two_tables_made_from_one_do_not_see_each_other(table: VectorTable, truth: Truth) -> None:
    ids = np.array([COUNT + 1, COUNT + 2], dtype=np.int64)
    roomy = table.extended(ids, unit(2, 7))  # leaves room behind it, which both of the next would take
    one, other = (roomy.extended(ids + 2, vectors) for vectors in (unit(2, 8), unit(2, 9)))
    for made, seed in ((one, 8), (other, 9)):
        held = Truth()
        held.vectors = truth.vectors | dict(
            zip(range(COUNT + 1, COUNT + 5), [*unit(2, 7), *unit(2, seed)], strict=True)
        )
        question = unit(2, seed)[1]
        assert next(iter(made.search(question, 1, held.stored))) == COUNT + 4
    assert len(roomy) == COUNT + 2


def test_ids_are_used_once(table: VectorTable) -> None:
    with pytest.raises(AssertionError, match="used once"):
        table.extended(np.array([COUNT], dtype=np.int64), unit(1, 0))


def test_a_table_without_rows_finds_nothing(truth: Truth) -> None:
    empty = VectorTable.empty(DIMENSIONS)
    assert empty.search(unit(1, 0)[0], 5, truth.stored, also=[1]) == {}
    assert len(empty.without(1, 5)) == 0
    zero = empty.extended(np.array([1], dtype=np.int64), np.zeros((1, DIMENSIONS), dtype=np.float32))
    assert zero.search(unit(1, 0)[0], 5, lambda ids: np.zeros((len(ids), DIMENSIONS), np.float32)) == {}


def test_a_search_under_way_is_not_disturbed_by_rows_that_come(table: VectorTable, truth: Truth) -> None:
    question = unit(1, 10)[0]
    expected = table.search(question, 10, truth.stored)
    newest = [table]
    stop = threading.Event()

    def grow() -> None:
        for number in range(200):
            id = COUNT + 1 + number
            newest[0] = newest[0].extended(np.array([id], dtype=np.int64), unit(1, id))
        stop.set()

    thread = threading.Thread(target=grow)
    thread.start()
    while not stop.is_set():
        assert table.search(question, 10, truth.stored) == expected
    thread.join()
    assert newest[0].ids_N.tolist() == list(range(1, COUNT + 201))


def test_stored_vectors_come_in_the_order_asked_for() -> None:
    vectors = unit(3, 11)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE vectors(id INTEGER PRIMARY KEY, vector BLOB)")
        rows = [(id, vector.astype(np.float16).tobytes()) for id, vector in enumerate(vectors, 1)]
        connection.executemany("INSERT INTO vectors VALUES (?,?)", rows)
        stored = stored_vectors(lambda query, values: connection.execute(query, values).fetchall())
        np.testing.assert_array_equal(stored([3, 1]), vectors[[2, 0]])
