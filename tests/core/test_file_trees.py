import os
from pathlib import Path
from threading import Thread

import pytest

from danlu.core.errors import UserError, WorkFailed
from danlu.core.file_trees import FileTree, listed, missing_in, read_tree, receive_files, send_files
from danlu.core.frames import Channel, HungUp
from danlu.core.progress import Silent


def a_folder(folder: Path) -> Path:
    for place in ("a.txt", "inner/手册.txt", "inner/.secret", ".git/config"):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(place, encoding="utf-8")
    (folder / os.fsdecode(b"caf\xe9.txt")).write_text("old name")
    (folder / "inner" / "loop").symlink_to(folder)
    return folder


def carried(root: Path, tree: FileTree, to: Path) -> list[str]:
    """Send to another folder what is missing there; returns that."""
    (from_there, to_here), (from_here, to_there) = os.pipe(), os.pipe()
    wanted = missing_in(to, tree)
    with os.fdopen(from_here, "rb") as reads, os.fdopen(to_there, "wb") as writes:
        channel = Channel(reads, writes)
        sending = Thread(target=send_files, args=(channel, root, tree, wanted, Silent()))
        sending.start()
        try:
            receive_files(channel, to, tree, wanted, Silent())
        finally:
            sending.join()
            os.close(from_there)
            os.close(to_here)
    return wanted


def test_a_folder_arrives_whole_and_hidden_files_stay(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "docs")
    tree = read_tree(folder, hidden=False)
    assert [file.place for file in tree.files] == ["docs/a.txt", "docs/caf\udce9.txt", "docs/inner/手册.txt"]
    assert tree.left_out == 2
    assert listed("docs", tree.listing()).id == tree.id
    carried(folder, tree, tmp_path / "there")
    assert read_tree(tmp_path / "there" / "docs", hidden=True).id == tree.id


def test_what_is_there_is_not_sent_again_and_what_is_damaged_is(tmp_path: Path) -> None:
    folder, there = a_folder(tmp_path / "docs"), tmp_path / "there"
    tree = read_tree(folder, hidden=True)
    assert len(carried(folder, tree, there)) == 5
    (there / "docs" / "a.txt").write_text("A.TXT")
    (there / "docs" / "of another.txt").touch()
    assert carried(folder, tree, there) == ["docs/a.txt"]
    assert carried(folder, tree, there) == []
    assert not (there / "docs" / "of another.txt").exists()


def test_a_file_that_changes_while_it_is_sent_is_told_and_not_kept(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "docs")
    tree = read_tree(folder, hidden=False)
    (folder / "a.txt").write_text("changed")
    with pytest.raises(WorkFailed, match=r"docs/a\.txt changed on the way"):
        carried(folder, tree, tmp_path / "there")
    assert not (tmp_path / "there" / "docs" / "a.txt").exists()


def test_a_file_alone_keeps_its_name_and_content_decides_the_id(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("{}")
    tree = read_tree(tmp_path / "rows.jsonl", hidden=False)
    carried(tmp_path / "rows.jsonl", tree, tmp_path / "there")
    assert (tmp_path / "there" / "rows.jsonl").read_text() == "{}"
    (tmp_path / "rows.jsonl").write_text("[]")
    assert read_tree(tmp_path / "rows.jsonl", hidden=False).id != tree.id


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    with pytest.raises(UserError, match="holds no file"):
        read_tree(tmp_path / "docs", hidden=False)
    (tmp_path / "docs" / "nowhere").symlink_to("gone")
    with pytest.raises(UserError, match="nowhere is no file"):
        read_tree(tmp_path / "docs", hidden=False)


def test_a_folder_by_two_ways_is_refused(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "docs")
    (folder / "again").symlink_to(folder / "inner")
    with pytest.raises(UserError, match=r"docs/inner and \S+docs/again are one folder"):
        read_tree(folder, hidden=False)


@pytest.mark.parametrize(
    "place", ["../evil", "/etc/evil", "docs/../../evil", "other/a.txt", "docs/./a.txt", "docs//etc/evil"]
)
def test_a_list_that_leads_out_of_its_folder_is_refused(place: str) -> None:
    listing = f'[{{"place": "{place}", "size_bytes": 1, "sha256": ""}}]'.encode()
    with pytest.raises(WorkFailed, match="lies outside of docs"):
        listed("docs", listing)


def test_an_error_of_the_other_end_comes_as_it_was_raised_there(tmp_path: Path) -> None:
    path = tmp_path / "stream"
    with path.open("wb") as writes, path.open("rb") as reads:
        channel = Channel(reads, writes)
        channel.fail(UserError("{path} is {size} bytes", "Less of {path}.", path=Path("a b"), size=3))
        with pytest.raises(UserError) as told:
            channel.receive()
        with pytest.raises(HungUp):
            channel.receive()
    assert (told.value.message, told.value.hint) == ("a b is 3 bytes", "Less of a b.")
