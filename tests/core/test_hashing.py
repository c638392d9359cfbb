import sqlite3
from contextlib import closing
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from danlu.core.hashing import hash_content, hash_database, hash_facts, hash_rows

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUE = st.none() | st.booleans() | st.integers() | TEXT | st.lists(st.integers(), max_size=3)


@given(st.dictionaries(TEXT, VALUE | st.dictionaries(TEXT, VALUE, max_size=3), max_size=5))
def test_the_order_of_keys_does_not_change_a_hash(facts: dict[str, object]) -> None:
    assert hash_facts(facts) == hash_facts(dict(reversed(facts.items())))


def _database(path: Path, rows: list[tuple[str, bytes]], *, page_size: int = 4096) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA page_size = {page_size}")
        connection.execute("CREATE TABLE facts(name TEXT PRIMARY KEY, value BLOB)")
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
        for row in rows:
            connection.execute("INSERT INTO facts VALUES (?, ?)", row)
            connection.execute("INSERT INTO words VALUES (?)", row[:1])
            if page_size != 4096:
                connection.commit()
    return path


def test_databases_with_equal_rows_are_equal_whatever_their_bytes(tmp_path: Path) -> None:
    rows = [("one", b"\x00\x01"), ("two", b"\xff")]
    first = _database(tmp_path / "a", rows)
    second = _database(tmp_path / "b", rows, page_size=8192)
    assert first.read_bytes() != second.read_bytes()
    assert hash_database(first) == hash_database(second)
    assert hash_database(first) != hash_database(_database(tmp_path / "c", rows[:1]))
    assert hash_database(first) != hash_database(_database(tmp_path / "d", [rows[0], ("two", b"\xfe")]))


def test_names_of_files_are_part_of_the_content(tmp_path: Path) -> None:
    for folder, name in (("a", "x/one"), ("b", "x/two"), ("c", "x/one")):
        (tmp_path / folder / "x").mkdir(parents=True)
        (tmp_path / folder / name).write_text("same")
    hashes = [hash_content(tmp_path / folder, ()) for folder in "abc"]
    assert hashes[0] == hashes[2] != hashes[1]


def test_rows_hash_as_the_list_of_them() -> None:
    for rows in ([], [["a", 1]], [["文档", "b"], {"c": None}, 3]):
        assert hash_rows(iter(rows)) == hash_facts(rows)
