import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from danlu.core.databases import connect, using
from danlu.core.errors import Phrase, UserError


def test_a_database_that_is_only_busy_is_not_to_be_moved_away(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    with closing(sqlite3.connect(path)) as writer, closing(sqlite3.connect(path, timeout=0)) as other:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UserError, match="locked") as caught, using(path, Phrase("Move it away.")):
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
