import sqlite3
from pathlib import Path

import pytest

from danlu.core.errors import UserError
from danlu.serve.observe.audit import Head, note_once, records, verify


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "serve.db"
    for number in range(5):
        note_once(path, "key made", {"id": number})
    return path


def write(log: Path, sql: str) -> None:
    connection = sqlite3.connect(log)
    with connection:
        connection.execute(sql)
    connection.close()


def test_a_log_that_is_whole_tells_its_head(log: Path) -> None:
    head = verify(log)
    assert head.number == 5
    assert [record["id"] for record in records(log)] == list(range(5))
    note_once(log, "key made", {"id": 5})
    assert verify(log, head).number == 6


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("UPDATE audit SET record = cast('{}' AS BLOB) WHERE number = 3", "record 3 was changed"),
        ("DELETE FROM audit WHERE number = 3", "record 3 is missing"),
        ("DELETE FROM audit WHERE number = 1", "record 1 is missing"),
        ("UPDATE audit SET hash = zeroblob(32) WHERE number = 5", "record 5 was changed"),
    ],
)
def test_a_change_is_named(log: Path, sql: str, told: str) -> None:
    write(log, sql)
    with pytest.raises(UserError, match=told):
        verify(log)


def test_what_was_cut_off_or_made_anew_is_told_by_a_head_that_was_noted(log: Path, tmp_path: Path) -> None:
    head = verify(log)
    write(log, "DELETE FROM audit WHERE number = 5")
    assert verify(log).number == 4
    with pytest.raises(UserError, match="record 5 is missing"):
        verify(log, head)
    note_once(log, "key made", {"id": 4})
    with pytest.raises(UserError, match="record 5 is not the one that was noted"):
        verify(log, Head(5, head.hash))


def test_a_file_that_is_no_log_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"serve\.db is not there"):
        verify(tmp_path / "serve.db")
    (tmp_path / "serve.db").write_bytes(b"garbage" * 100)
    with pytest.raises(UserError, match=r"serve\.db"):
        verify(tmp_path / "serve.db")
