from datetime import datetime
from pathlib import Path

import pytest

from danlu.core.artifacts import FACTS_FILES, SEEN, Files
from danlu.core.errors import WorkFailed
from danlu.core.hashing import hash_content
from danlu.core.project import Source
from danlu.core.stages import Config
from danlu.data.collect import collect
from danlu.data.lock import lock_sources
from danlu.text.tables import read_rows
from stages import ran


def collected(folder: Path) -> Files:
    sources = lock_sources([Source(folder, "MIT")])
    return ran(Files, lambda work: collect.body(work, Config(), sources=sources), work=True)


def test_every_file_is_listed_or_rejected_by_rule(tmp_path: Path) -> None:
    for name, content in {"a.txt": b"text", "b.txt": b"", "c.7z": b"7z\xbc\xaf1234", "d.md": b"# x"}.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "e.txt").symlink_to("nowhere")
    files = collected(tmp_path)
    label = tmp_path.name
    assert [row["source"] for row in read_rows(files.table)] == [f"{label}/a.txt", f"{label}/d.md"]
    rejects = {row["source"]: row["rule"] for row in read_rows(files.path / "rejects")}
    assert rejects == {
        f"{label}/b.txt": "empty", f"{label}/c.7z": "unsupported type", f"{label}/e.txt": "unreadable",
    }  # fmt: skip
    assert files.manifest.licences == ("MIT",)


def test_nothing_readable_at_all_fails_with_names_and_reasons(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"")
    with pytest.raises(WorkFailed, match=r"None of the 1 files can be read: .*b\.txt: empty") as caught:
        collected(tmp_path)
    assert "PDF" in caught.value.hint


def test_when_a_file_was_collected_is_beside_the_content_and_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"text")
    files = collected(tmp_path)
    [(source, time)] = files.seen().items()
    assert source == f"{tmp_path.name}/a.txt"
    assert datetime.fromisoformat(time).tzinfo is not None
    (files.path / SEEN).write_text("{}")
    assert hash_content(files.path, FACTS_FILES) == files.manifest.content_hash


def test_what_is_hidden_is_said_a_folder_as_one_and_changes_nothing_that_is_made(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    before = collected(tmp_path)
    for name in (".hidden.txt", "dx/.secret.txt", ".git/x.txt", ".git/y.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text")
    after, label = collected(tmp_path), tmp_path.name
    names = f"{label}/.git/, {label}/.hidden.txt, {label}/dx/.secret.txt"
    assert after.manifest.note == f"hidden files and folders left out: 3 ({names})"
    assert before.manifest.note == ""
    assert after.manifest.content_hash == before.manifest.content_hash
