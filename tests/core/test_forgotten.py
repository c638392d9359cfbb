import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from danlu.core.errors import UserError
from danlu.core.forgotten import FILE, RECORDS, Forgotten, ForgottenDocument, ForgottenWatch, text_hash

TEXT = "A contract of forty characters or more, with   a gap."
FILE_ENTRY = ForgottenDocument(
    1, "2026-01-01T00:00:00+00:00", "docs/a.md", "docs/a.md", "ab" * 32, ("id1",), (text_hash(TEXT),)
)
MEMBER = replace(FILE_ENTRY, source="docs/all.zip#a.md", file="docs/all.zip")


def test_a_document_is_known_again_by_its_name_whatever_it_holds_and_by_its_bytes_under_any_name() -> None:
    assert FILE_ENTRY.name_in("docs/a.md", "cd" * 32) == "docs/a.md"
    assert FILE_ENTRY.name_in("docs/copy.md", "ab" * 32) == "docs/copy.md"
    assert FILE_ENTRY.name_in("docs/b.md", "cd" * 32) is None
    assert MEMBER.name_in("docs/all.zip", "cd" * 32) == "docs/all.zip#a.md"
    assert MEMBER.name_in("moved.zip", "ab" * 32) == "moved.zip#a.md"


def test_a_file_whose_bytes_could_not_be_read_is_known_by_its_name_alone() -> None:
    unread = replace(FILE_ENTRY, sha256="")
    assert unread.name_in("docs/b.md", "") is None


def test_a_file_covers_what_stands_in_it_and_a_member_not_its_file() -> None:
    file, member = Forgotten((FILE_ENTRY,)), Forgotten((MEMBER,))
    assert file.find("docs/a.md#row-3") == FILE_ENTRY and file.find("elsewhere", "id1") == FILE_ENTRY
    assert file.find("docs/a.md.txt") is None and file.find("elsewhere", "id2") is None
    assert member.find("docs/all.zip#a.md#row-3") == MEMBER
    assert member.find("docs/all.zip") is None and member.find("docs/all.zip#a.md.txt") is None


def test_a_text_is_known_again_whatever_its_white_space_unless_it_is_short() -> None:
    assert text_hash(TEXT) == text_hash("".join(TEXT.split())) != ""
    assert text_hash("see above") == ""
    found = Forgotten((FILE_ENTRY,)).with_text(TEXT.replace(" ", "\n"))
    assert found == FILE_ENTRY
    assert Forgotten((FILE_ENTRY,)).with_text("see above") is None


def test_the_list_comes_back_as_it_was_written(tmp_path: Path) -> None:
    assert Forgotten.of(tmp_path) == Forgotten()
    written = Forgotten((FILE_ENTRY, MEMBER))
    written.write(tmp_path)
    assert Forgotten.of(tmp_path) == written
    assert written.without((1,)) == Forgotten()
    assert TEXT not in (tmp_path / FILE).read_text()


@pytest.mark.parametrize("content", ["", "{", "{}", '{"documents": [{}]}', "[]"])
def test_a_damaged_list_is_named_and_never_taken_for_an_empty_one(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(UserError, match=r"forgotten\.json is damaged") as caught:
        Forgotten.of(tmp_path)
    assert "--verify" in caught.value.hint


def test_a_list_that_is_gone_while_records_are_there_is_never_taken_for_an_empty_one(tmp_path: Path) -> None:
    Forgotten((FILE_ENTRY,)).write(tmp_path)
    (tmp_path / RECORDS).mkdir()
    (tmp_path / RECORDS / "0001.json").write_text("{}")
    watches = [ForgottenWatch(tmp_path), ForgottenWatch(tmp_path)]
    watches[0].now()
    (tmp_path / FILE).unlink()
    looks: list[Callable[[], Forgotten]] = [
        lambda: Forgotten.of(tmp_path),
        watches[0].now,
        watches[1].now,
        watches[0].now,
    ]
    for look in looks:
        with pytest.raises(UserError, match=r"forgotten\.json is gone") as caught:
            look()
        assert "--verify" in caught.value.hint


def test_a_process_that_runs_already_sees_every_change_of_the_list(tmp_path: Path) -> None:
    watch = ForgottenWatch(tmp_path)
    assert watch.now() == Forgotten()
    Forgotten((FILE_ENTRY,)).write(tmp_path)
    assert watch.now().find("docs/a.md") == FILE_ENTRY
    assert watch.now() is watch.now()
    Forgotten().write(tmp_path)
    assert watch.now() == Forgotten()
    (tmp_path / FILE).write_text(json.dumps({"documents": [1]}))
    with pytest.raises(UserError):
        watch.now()
