import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from danlu.core.databases import connect, empty_log, read_only, using
from danlu.core.errors import Phrase, UserError, WorkFailed
from danlu.core.hashing import hash_database


def test_a_database_that_is_only_busy_is_not_to_be_moved_away(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    with closing(sqlite3.connect(path)) as writer, closing(sqlite3.connect(path, timeout=0)) as other:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(WorkFailed, match="locked") as caught, using(path, Phrase("Move it away.")):
            other.execute("CREATE TABLE t(x)")
    assert "try again" in caught.value.hint


def test_a_damaged_database_has_the_next_step_of_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    path.write_bytes(b"damaged" * 100)
    with (
        pytest.raises(UserError, match=r"answers\.db cannot be used") as caught,
        using(path, Phrase("Move it away.")),
        closing(sqlite3.connect(path)) as connection,
    ):
        connection.execute("CREATE TABLE t(x)")
    assert caught.value.hint == "Move it away."


def test_many_that_make_a_database_at_once_all_get_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        for number in range(40):
            opened = list(threads.map(partial(connect, timeout_s=30), [tmp_path / f"{number}.db"] * 8))
            modes = {connection.execute("PRAGMA journal_mode").fetchone()[0] for connection in opened}
            assert modes == {"wal"}
            for connection in opened:
                connection.close()


def test_what_is_no_database_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("these are notes " * 100)
    with pytest.raises(sqlite3.DatabaseError):
        connect(path, timeout_s=30)


@pytest.mark.parametrize("folder", ["C#", "what?mode=memory", "%41", "文 档"])
def test_a_path_is_a_path_whatever_signs_it_holds(tmp_path: Path, folder: str) -> None:
    path = tmp_path / folder / "a.db"
    path.parent.mkdir()
    with closing(connect(path, timeout_s=1)) as connection, connection:
        connection.execute("CREATE TABLE t(x)")
        connection.execute("INSERT INTO t VALUES (7)")
    for immutable in (False, True):
        with closing(read_only(path, immutable)) as connection:
            assert connection.execute("SELECT x FROM t").fetchall() == [(7,)]
            with pytest.raises(sqlite3.OperationalError):
                connection.execute("DELETE FROM t")
    assert [found.name for found in tmp_path.iterdir()] == [folder]
    assert len(hash_database(path)) == 64


def test_a_database_that_must_be_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        connect(tmp_path / "a.db", 1, mode="rw")
    with pytest.raises(sqlite3.OperationalError):
        read_only(tmp_path / "a.db")
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_is_read_is_not_emptied(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(connect(path, timeout_s=0.1)) as writer, closing(connect(path, timeout_s=0.1)) as reader:
        writer.executescript("CREATE TABLE t(x); INSERT INTO t VALUES (7)")
        reader.execute("BEGIN")
        assert reader.execute("SELECT x FROM t").fetchone() == (7,)
        assert not empty_log(writer)
        reader.rollback()
        assert empty_log(writer)
        assert (tmp_path / "a.db-wal").stat().st_size == 0
