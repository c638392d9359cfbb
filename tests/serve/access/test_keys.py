import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from danlu.core.errors import UserError
from danlu.serve.access.keys import Keys


def test_a_key_is_shown_once_and_stored_as_a_hash(tmp_path: Path) -> None:
    path = tmp_path / "state" / "keys.db"
    keys = Keys(path)
    key_id, key = keys.create()
    assert key.startswith(f"dl-{key_id}-") and len(key) > 50
    facts = keys.verify(key)
    assert facts is not None and facts.id == key_id and facts.revoked_at is None
    keys.close()
    secret = key.rpartition(f"{key_id}-")[2].encode()
    assert all(secret not in file.read_bytes() for file in path.parent.iterdir())
    assert path.stat().st_mode & 0o077 == 0


def test_wrong_keys_are_unknown(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.db")
    key_id, key = keys.create()
    for wrong in [
        "",
        "dl",
        "dl-",
        f"dl-{key_id}-",
        key[:-1],
        key + "x",
        f"dl-00000000-{key[12:]}",
        "密钥-a-b",
        "a-b-c",
    ]:
        assert keys.verify(wrong) is None, wrong


def test_revoked_by_another_process_stops_at_once(tmp_path: Path) -> None:
    keys, other = Keys(tmp_path / "keys.db"), Keys(tmp_path / "keys.db")
    key_id, key = keys.create()
    assert keys.active(key_id)
    assert other.revoke(key_id)
    facts = keys.verify(key)
    assert facts is not None and facts.revoked_at is not None
    assert not keys.active(key_id)
    assert not other.revoke("ffffffff")


def test_list_tells_when_a_key_was_last_used(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.db")
    used, key = keys.create()
    keys.create()
    keys.verify(key)
    listed = {facts.id: facts for facts in keys.list()}
    assert len(listed) == 2
    assert listed[used].last_used_at is not None
    assert sum(facts.last_used_at is None for facts in listed.values()) == 1


def test_a_locked_file_does_not_fail_a_check(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    keys = Keys(path)
    _, key = keys.create()
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("begin immediate")
    assert keys.verify(key) is not None
    blocker.execute("rollback")
    blocker.close()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys.db").write_bytes(b"damaged" * 100)
    with pytest.raises(UserError, match=r"keys\.db cannot be used"):
        Keys(tmp_path / "keys.db")


def test_a_file_of_another_version_is_named_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("create table keys (id text primary key, sha256 blob, created_at text, revoked_at text)")
    with pytest.raises(UserError, match=r"keys\.db was written by another version") as caught:
        Keys(path)
    assert "Move it away" in caught.value.hint


def test_a_file_that_becomes_unusable_is_an_error_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    keys = Keys(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("drop table keys")
    with pytest.raises(UserError, match=r"keys\.db cannot be used: no such table"):
        keys.list()
    keys.close()
