import contextlib
import json
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest

from commands import Outcome, here
from postgres_server import Server, postgres_server

ROWS = 230
QUICK = ("--set", "sql.rows_per_part=100", "--set", "sql.batch_rows=20", "--set", "sql.retry_s=0.01")


def fetch(folder: Path, address: str, *arguments: str) -> Outcome:
    return here(folder, "fetch", f"sql:{address}", "--out", "out", "--json", *QUICK, *arguments)


def rows(folder: Path) -> list[dict[str, Any]]:
    return [row for path in sorted((folder / "out").glob("*/*.parquet")) for row in pq.read_table(path).to_pylist()]


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    path = tmp_path / "handbook.db"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, body TEXT, author TEXT, day DATE, image BLOB)"
        )
        database.execute("CREATE TABLE loose (name TEXT, note TEXT)")
        database.executemany("INSERT INTO loose VALUES (?, ?)", [("a", "x"), ("a", "y"), (None, "z")])
        articles = [
            (number, f"第{number}章", f"Chapter {number}: 安装与维护。", "李", "2026-01-02", b"\xff\xd8")
            for number in range(ROWS)
        ]
        database.executemany("INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?)", articles)
        database.execute("UPDATE articles SET body = NULL WHERE id = 7")
        database.execute("UPDATE articles SET body = '  ' WHERE id = 8")
    return path


def test_a_table_becomes_parquet_and_every_row_left_out_has_its_reason(tmp_path: Path, handbook: Path) -> None:
    done = fetch(tmp_path, f"sqlite:///{handbook}", "--table", "articles")
    assert done.returncode == 0, done.stderr
    found = rows(tmp_path)
    assert [row["id"] for row in found] == [str(number) for number in range(ROWS) if number not in (7, 8)]
    assert found[0] == {
        "id": "0", "text": "Chapter 0: 安装与维护。", "title": "第0章", "author": "李", "day": "2026-01-02", "image": None,
    }  # fmt: skip
    [source] = json.loads(done.stdout)["sources"]
    assert source["counts"] == {"fetched": ROWS - 2, "skipped": 2, "failed": 0, "waiting": 0}
    lines = [json.loads(line) for line in (tmp_path / "out" / "fetch.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["item"], line["reason"]) for line in lines if line["state"] == "skipped"] == [
        ("row 7", "no text"),
        ("row 8", "no text"),
    ]
    assert len(list((tmp_path / "out").glob("*/*.parquet"))) == 3


def test_a_query_with_columns_of_its_own(tmp_path: Path, handbook: Path) -> None:
    query = "SELECT id * 2 AS number, title, body, author || ':x' AS text FROM articles WHERE id < 5;"
    done = fetch(
        tmp_path, f"sqlite:///{handbook}", "--query", query, "--text-column", "title", "--text-column", "body", "--key-column", "number",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path)[3] == {
        "id": "6", "text": "第3章\n\nChapter 3: 安装与维护。", "title": None, "number": "6", "column_text": "李:x",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--table", "artikles"], "Did you mean articles?"),
        (["--table", "articles", "--text-column", "boddy"], "Did you mean body?"),
        (["--table", "articles", "--title-column", "name"], "The columns are: id, title"),
        (["--table", "loose", "--text-column", "note"], "no primary key"),
        (["--table", "loose", "--text-column", "note", "--key-column", "name"], "1 rows have no name"),
        (
            ["--query", "SELECT * FROM loose WHERE name IS NOT NULL", "--text-column", "note", "--key-column", "name"],
            "Several rows have name = a",
        ),
        (["--query", "SELECT nonsense FROM", "--key-column", "x"], "refuses"),
        (["--query", "DELETE FROM loose RETURNING name AS text", "--key-column", "text"], "refuses"),
        (["--table", "loose"], "Which column is the text?"),
        ([], "a table or a query"),
    ],
)
def test_a_wrong_name_or_question_is_told_with_what_there_is(
    tmp_path: Path, handbook: Path, arguments: list[str], said: str
) -> None:
    refused = fetch(tmp_path, f"sqlite:///{handbook}", *arguments)
    assert refused.returncode == 2
    assert said in refused.stderr


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nonsense", "no database URL"),
        ("sqlite:///missing.db", "No such database file"),
        ("oracle+nothing://host/db", "is not installed"),
    ],
)
def test_a_wrong_database_is_told(tmp_path: Path, address: str, said: str) -> None:
    refused = fetch(tmp_path, address, "--table", "t")
    assert refused.returncode == 2
    assert said in refused.stderr
    assert not (tmp_path / "missing.db").exists()


def test_new_rows_come_with_refresh_and_another_question_needs_another_folder(tmp_path: Path, handbook: Path) -> None:
    fetch(tmp_path, f"sqlite:///{handbook}", "--table", "articles")
    with contextlib.closing(sqlite3.connect(handbook)) as database, database:
        database.execute("INSERT INTO articles (id, body) VALUES (1000, 'new')")
    assert fetch(tmp_path, f"sqlite:///{handbook}", "--table", "articles").returncode == 0
    assert len(rows(tmp_path)) == ROWS - 2
    assert fetch(tmp_path, f"sqlite:///{handbook}", "--table", "articles", "--refresh").returncode == 0
    assert rows(tmp_path)[-1]["text"] == "new"
    other = fetch(tmp_path, f"sqlite:///{handbook}", "--table", "articles", "--text-column", "title")
    assert other.returncode == 2 and "already" in other.stderr


@dataclass
class Wire:
    """A connection to a server that can be cut: after so many bytes from the server, the first `cuts` times.

    With `strike` nothing is cut: that is called then, with the port that the server sees.
    """

    port: int
    cuts: int = 0
    after_bytes: int = 0
    strike: Callable[[int], object] | None = None
    connections: int = 0
    listening: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    def run(self) -> None:
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._carry, args=(client, self.cuts >= self.connections), daemon=True).start()

    def _carry(self, client: socket.socket, is_cut: bool) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self.port)) as server:
            threading.Thread(target=_copy, args=(client, server), daemon=True).start()
            _copy(server, client, self.after_bytes if is_cut else None, self.strike)
            for end in (client, server):
                end.shutdown(socket.SHUT_RDWR)


def _copy(
    source: socket.socket, target: socket.socket, most: int | None = None, strike: Callable[[int], object] | None = None
) -> None:
    carried = 0
    with contextlib.suppress(OSError):
        while content := source.recv(4096):
            if most is not None and carried >= most:
                if strike is None:
                    return
                strike(source.getsockname()[1])
                most = None
            target.sendall(content)
            carried += len(content)


@pytest.fixture(scope="module")
def postgres() -> Iterator[int]:
    """A PostgreSQL cluster of our own; its port."""
    with postgres_server() as server:
        _fill(server)
        yield server.port


def _keeper(port: int) -> psycopg.Connection[Any]:
    return psycopg.connect(f"host=127.0.0.1 port={port} user=keeper password='open sesame' dbname=postgres")


def _fill(server: Server) -> None:
    server.run("CREATE TABLE pages (part text, number int, body text, made timestamptz, PRIMARY KEY (part, number))")
    server.run(
        "INSERT INTO pages SELECT 'p' || i % 3, i, '第' || i || '页 ' || repeat(md5(i::text), 60), '2026-01-02' FROM generate_series(1, 230) i"
    )


def _address(port: int, password: str = "open%20sesame") -> str:
    return f"postgresql://keeper:{password}@127.0.0.1:{port}/postgres"


def test_postgresql_is_read_in_the_order_of_its_key_and_the_password_is_written_nowhere(
    tmp_path: Path, postgres: int
) -> None:
    done = fetch(tmp_path, _address(postgres), "--table", "pages")
    assert done.returncode == 0, done.stderr
    found = rows(tmp_path)
    assert len({row["id"] for row in found}) == len(found) == ROWS
    assert found[0]["id"] == "p0/3" and found[0]["text"].startswith("第3页")
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"sesame" not in content
    assert "sesame" not in done.stdout + done.stderr


@pytest.mark.parametrize("cuts", [1, 3])
def test_a_connection_that_breaks_costs_no_row_and_doubles_none(tmp_path: Path, postgres: int, cuts: int) -> None:
    wire = Wire(postgres, cuts=cuts + 1, after_bytes=150_000)
    threading.Thread(target=wire.run, daemon=True).start()
    done = fetch(tmp_path, _address(wire.listening.getsockname()[1]), "--table", "pages")
    wire.listening.close()
    assert done.returncode == 0, done.stderr
    assert wire.connections > 2
    found = [row["id"] for row in rows(tmp_path)]
    assert len(set(found)) == len(found) == ROWS


def test_a_backend_that_is_terminated_in_the_middle_costs_no_row_and_doubles_none(
    tmp_path: Path, postgres: int
) -> None:
    terminated: list[Any] = []

    def terminate(port: int) -> None:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_port = %s"
        with _keeper(postgres) as database:
            terminated.extend(database.execute(query, [port]).fetchall())

    wire = Wire(postgres, cuts=2, after_bytes=150_000, strike=terminate)
    threading.Thread(target=wire.run, daemon=True).start()
    done = fetch(tmp_path, _address(wire.listening.getsockname()[1]), "--table", "pages")
    wire.listening.close()
    assert done.returncode == 0, done.stderr
    assert terminated == [(True,)]
    assert wire.connections == 3  # for the columns, to the end of the backend, and for the rest
    found = [row["id"] for row in rows(tmp_path)]
    assert len(set(found)) == len(found) == ROWS


def test_a_database_that_stays_away_fails_with_what_was_kept_and_is_continued(tmp_path: Path, postgres: int) -> None:
    wire = Wire(postgres, cuts=100, after_bytes=60_000)
    threading.Thread(target=wire.run, daemon=True).start()
    address = _address(wire.listening.getsockname()[1])
    wire.after_bytes = 150_000
    first = fetch(tmp_path, address, "--table", "pages", "--set", "sql.max_tries=1")
    assert first.returncode == 1
    assert "The database broke off at row" in first.stderr
    kept = len(rows(tmp_path))
    assert 0 < kept < ROWS
    wire.cuts = 0
    assert fetch(tmp_path, address, "--table", "pages").returncode == 0
    wire.listening.close()
    assert len({row["id"] for row in rows(tmp_path)}) == len(rows(tmp_path)) == ROWS


def test_a_wrong_password_fails_without_telling_it(tmp_path: Path, postgres: int) -> None:
    refused = fetch(tmp_path, _address(postgres, "guess-me"), "--table", "pages")
    assert refused.returncode == 1
    assert "cannot be reached" in refused.stderr and "guess-me" not in refused.stderr


def test_a_query_that_writes_is_refused_by_the_database(tmp_path: Path, postgres: int) -> None:
    query = "WITH gone AS (DELETE FROM pages RETURNING *) SELECT * FROM gone"
    refused = fetch(tmp_path, _address(postgres), "--query", query, "--text-column", "body", "--key-column", "number")
    assert refused.returncode == 2, refused.stdout
    with _keeper(postgres) as database:
        assert database.execute("SELECT count(*) FROM pages").fetchone() == (ROWS,)
