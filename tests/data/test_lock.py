import json
import os
import sqlite3
from pathlib import Path

import pytest

from danlu.core.errors import UserError, WorkFailed
from danlu.core.hashing import hash_file
from danlu.core.project import Source
from danlu.data import known_hashes
from danlu.data.lock import UNREADABLE, lock_sources, source_paths


def folder(root: Path, *names: str) -> Source:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"text of {name}")
    return Source(root, "MIT")


def names(*sources: Source) -> list[str]:
    return [file.source for file in lock_sources(sources).files]


def test_files_are_named_by_the_folder_and_the_path_inside_it(tmp_path: Path) -> None:
    source = folder(tmp_path / "docs", "b.txt", "a/c.txt")
    assert names(source) == ["docs/a/c.txt", "docs/b.txt"]
    assert names(Source(tmp_path / "docs" / "b.txt", "MIT")) == ["b.txt"]


def test_folders_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    one, two = folder(tmp_path / "1" / "docs", "a.txt"), folder(tmp_path / "2" / "docs", "a.txt")
    assert names(one, two) == ["docs-2/a.txt", "docs/a.txt"]


def test_hidden_files_and_folders_are_no_sources(tmp_path: Path) -> None:
    assert names(folder(tmp_path / "docs", "a.txt", ".b.txt", ".git/c.txt", "d/.e/f.txt")) == ["docs/a.txt"]


def test_linked_folders_are_read_and_loops_end(tmp_path: Path) -> None:
    folder(tmp_path / "elsewhere", "b.txt")
    source = folder(tmp_path / "docs", "a.txt")
    (tmp_path / "docs" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "docs" / "loop").symlink_to(tmp_path / "docs")
    assert names(source) == ["docs/a.txt", "docs/link/b.txt"]


def test_a_link_that_leads_nowhere_is_named_and_a_pipe_is_passed_over(tmp_path: Path) -> None:
    source = folder(tmp_path / "docs", "a.txt")
    (tmp_path / "docs" / "gone.txt").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "docs" / "pipe")
    locked = {file.source: file.sha256 for file in lock_sources([source]).files}
    assert locked.keys() == {"docs/a.txt", "docs/gone.txt"}
    assert locked["docs/gone.txt"] == UNREADABLE


def test_a_name_that_is_not_utf_8_is_written_with_escapes(tmp_path: Path) -> None:
    source = folder(tmp_path / "docs", "a.txt")
    Path(os.fsdecode(os.fsencode(tmp_path / "docs") + b"/\xca\xd6.txt")).write_text("x")
    assert names(source) == ["docs/\\xca\\xd6.txt", "docs/a.txt"]
    assert lock_sources([source]).content_hash()
    assert source_paths([source])["docs/\\xca\\xd6.txt"].read_text() == "x"


def test_content_name_and_licence_enter_identity_and_place_does_not(tmp_path: Path) -> None:
    first = lock_sources([folder(tmp_path / "1" / "docs", "a.txt")]).content_hash()
    assert lock_sources([folder(tmp_path / "2" / "docs", "a.txt")]).content_hash() == first
    assert lock_sources([folder(tmp_path / "3" / "other", "a.txt")]).content_hash() != first
    assert lock_sources([Source(tmp_path / "1" / "docs", "GPL-3.0-only")]).content_hash() != first
    (tmp_path / "1" / "docs" / "a.txt").write_text("changed")
    assert lock_sources([Source(tmp_path / "1" / "docs", "MIT")]).content_hash() != first


def test_a_document_keeps_its_id_when_it_changes(tmp_path: Path) -> None:
    source = folder(tmp_path / "docs", "a.txt")
    before = lock_sources([source]).files[0]
    (tmp_path / "docs" / "a.txt").write_text("changed")
    after = lock_sources([source]).files[0]
    assert before.doc_id == after.doc_id
    assert before.sha256 != after.sha256


@pytest.mark.parametrize("change", [lambda path: path.write_text("changed"), lambda path: path.unlink()])
def test_a_file_that_changes_after_it_was_locked_fails_by_name(tmp_path: Path, change: object) -> None:
    [file] = lock_sources([folder(tmp_path / "docs", "a.txt")]).files
    change(file.path)  # type: ignore[operator]
    with pytest.raises(WorkFailed, match=r"docs/a\.txt changed while") as caught:
        file.read()
    assert "danlu run" in caught.value.hint


def test_a_file_that_did_not_change_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, cache = folder(tmp_path / "docs", "a.txt", "b.txt", "new.txt"), tmp_path / "cache"
    for name in ("a.txt", "b.txt"):
        os.utime(tmp_path / "docs" / name, (1, 1))
    monkeypatch.setattr(known_hashes, "_TICK_NS", -(10**18))  # as if the files had lain there for long
    first = lock_sources([source], cache)
    read: list[str] = []
    monkeypatch.setattr(known_hashes, "hash_file", lambda path: read.append(path.name) or hash_file(path))
    (tmp_path / "docs" / "b.txt").write_text("text of B.txt")
    os.utime(tmp_path / "docs" / "b.txt", (1, 1))
    second = lock_sources([source], cache)
    assert read == ["b.txt"]  # its size and its time of change are the same, and the inode's own time is not
    assert [file.sha256 for file in second.files] == [hash_file(file.path) for file in second.files]
    assert first.content_hash() != second.content_hash()


def test_a_file_that_was_just_written_is_not_remembered(tmp_path: Path) -> None:
    source, cache = folder(tmp_path / "docs", "a.txt"), tmp_path / "cache"
    lock_sources([source], cache)
    with sqlite3.connect(cache / "hashes.sqlite") as database:
        assert database.execute("SELECT count(*) FROM hashes").fetchone() == (0,)
    database.close()


def test_a_damaged_cache_costs_time_and_nothing_else(tmp_path: Path) -> None:
    source, cache = folder(tmp_path / "docs", "a.txt"), tmp_path / "cache"
    cache.mkdir()
    (cache / "hashes.sqlite").write_bytes(b"no database at all" * 100)
    assert lock_sources([source], cache).content_hash() == lock_sources([source]).content_hash()


def test_no_folder_and_no_file_are_user_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file or folder"):
        lock_sources([Source(tmp_path / "missing", "MIT")])
    (tmp_path / "empty" / ".hidden").mkdir(parents=True)
    with pytest.raises(UserError, match="No files in"):
        lock_sources([Source(tmp_path / "empty", "MIT")])


def test_what_is_hidden_is_named_a_folder_as_one_and_is_no_identity(tmp_path: Path) -> None:
    source = folder(tmp_path / "docs", "a.txt")
    before = lock_sources([source])
    folder(tmp_path / "docs", ".b.txt", ".git/c.txt", ".git/d.txt", "d/.e/f.txt", ".danlu/state", ".fetch/state.sqlite")
    after = lock_sources([source])
    assert after.hidden == ("docs/.b.txt", "docs/.git/", "docs/d/.e/")
    assert (after.files, after.content_hash()) == (before.files, before.content_hash())
    assert source_paths([source]).keys() == {"docs/a.txt"}
    assert names(Source(tmp_path / "docs" / ".b.txt", "MIT")) == [".b.txt"]


def fetched(root: Path, *rows: dict[str, str]) -> Path:
    """A fetched folder whose account has these rows."""
    root.mkdir(parents=True)
    (root / "fetch.json").write_text("{}")
    (root / "fetch.jsonl").write_text("".join(json.dumps({"state": "fetched"} | row) + "\n" for row in rows) + "cut {")
    for row in rows:
        (root / row["file"]).parent.mkdir(exist_ok=True)
        (root / row["file"]).write_text("text")
    return root


def test_the_files_of_a_fetched_folder_have_the_licences_of_its_account(tmp_path: Path) -> None:
    root = fetched(
        tmp_path / "out",
        {"file": "a/1.parquet", "licence": "CC-BY-4.0"},
        {"file": "b/0.warc.gz", "licence": "MIT"},
        {"file": "b/0.warc.gz", "licence": "CC0-1.0"},
        {"file": "b/1.warc.gz"},
        {"file": "b/2.warc.gz", "licence": "MIT"},
        {"file": "b/2.warc.gz", "licence": "MIT"},
    )
    (root / "own.txt").write_text("text")

    def licences(path: Path, given: str = "unknown") -> dict[str, str]:
        return {file.path.name: file.licence for file in lock_sources([Source(path, given)]).files}

    whole = {"1.parquet": "CC-BY-4.0", "2.warc.gz": "MIT"} | dict.fromkeys(
        ("0.warc.gz", "1.warc.gz", "own.txt"), "unknown"
    )
    assert licences(root) == whole
    assert licences(root / "a") == licences(root / "a" / "1.parquet") == {"1.parquet": "CC-BY-4.0"}
    assert set(licences(root, "GPL-3.0-only").values()) == {"GPL-3.0-only"}
