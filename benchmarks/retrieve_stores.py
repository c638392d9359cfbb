"""Vectors in pgvector against an exact search: what a fill, a change and a question cost, and how many of the right ten are found.

    python benchmarks/retrieve_stores.py [ROWS] [DIMENSIONS]

Starts a PostgreSQL of its own (tests/pgvector_server.py). The vectors are drawn around 1,000 centres, as those of texts lie in clusters;
one document in a hundred is for `hr` alone, and one in a thousand for `few` alone.
"""

import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danlu.retrieve.outside.pgvector import PgVectors
from danlu.retrieve.outside.store_changes import DATABASE
from danlu.retrieve.tables.schema import create, write_fact
from danlu.retrieve.tables.writing import next_generation

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from pgvector_server import pgvector_server

_PER_DOCUMENT = 10
_QUESTIONS = 200


def measure(rows: int, dimensions: int, indexed_from: int) -> None:
    """Print one line of figures for one table."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(1000, dimensions))
    vectors = _unit(centres[random.integers(1000, size=rows)] + random.normal(size=(rows, dimensions)))
    questions = _unit(centres[random.integers(1000, size=_QUESTIONS)] + random.normal(size=(_QUESTIONS, dimensions)))
    with tempfile.TemporaryDirectory() as folder, pgvector_server() as server:
        connection = _index(Path(folder) / "index.db", vectors.astype(np.float16))
        store = PgVectors(server.url(), "danlu_benchmark", indexed_from)
        figures: dict[str, object] = {"rows": rows, "dimensions": dimensions, "hnsw": rows >= indexed_from}
        figures["fill_s"] = round(_seconds(lambda: store.bring_to(connection, 1)), 1)
        ids = np.arange(1, rows + 1)
        document = (ids - 1) // _PER_DOCUMENT
        for name, who, seen in (
            ("owner", None, ids > 0),
            ("everyone", frozenset[str](), (document % 100 != 0) & (document % 1000 != 1)),
            ("few", frozenset({"few"}), (document % 100 != 0)),
        ):
            exact = vectors.astype(np.float16).astype(np.float32)
            times, right = [], 0
            for question in questions.astype(np.float32):
                scores = np.where(seen, exact @ question, -np.inf)
                best = set(ids[np.argsort(-scores)[:10]].tolist())
                began = time.perf_counter()
                found = store.search(question, 100, who)
                times.append(1000 * (time.perf_counter() - began))
                right += len(best & set(list(found)[:10]))
            figures[name] = {"ms": round(statistics.median(times), 1), "p95_ms": round(sorted(times)[int(0.95 * len(times))], 1),
                             "recall_at_10": round(right / 10 / len(questions), 4)}  # fmt: skip
        connection.execute("DELETE FROM vectors WHERE id <= 10")
        generation = next_generation(connection, "removed", "d0", 1, 10)
        figures["change_ms"] = round(1000 * _seconds(lambda: store.bring_to(connection, generation)), 1)
        print(json.dumps(figures), flush=True)
        store.close()
        connection.close()


def _index(path: Path, vectors: NDArray[np.float16]) -> sqlite3.Connection:
    connection = create(path, "benchmark")
    write_fact(connection, DATABASE, "benchmark")
    connection.executemany(
        "INSERT INTO vectors VALUES (?,?)", ((id, row.tobytes()) for id, row in enumerate(vectors, 1))
    )
    for number in range(len(vectors) // _PER_DOCUMENT):
        first = number * _PER_DOCUMENT + 1
        connection.execute(
            "INSERT INTO documents(doc_id, first_passage, last_passage, generation) VALUES (?,?,?,1)",
            (f"d{number}", first, first + _PER_DOCUMENT - 1),
        )
        principal = "hr" if number % 100 == 0 else "few" if number % 1000 == 1 else "*"
        connection.execute("INSERT INTO access VALUES (?,?)", (f"d{number}", principal))
    connection.commit()
    return connection


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    unit: NDArray[np.float64] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _seconds(do: Callable[[], None]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


if __name__ == "__main__":
    size, width = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, int(sys.argv[2]) if len(sys.argv) > 2 else 200
    for threshold in (sys.maxsize, 1):
        measure(size, width, threshold)
