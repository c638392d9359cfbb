import io
import zipfile
from pathlib import Path

import pytest

from danlu.core.artifacts import Corpus, Files
from danlu.core.errors import WorkFailed
from danlu.core.execute import Machine, execute
from danlu.core.forgotten import Forgotten, ForgottenDocument
from danlu.core.project import Source
from danlu.core.stages import Plan, Step
from danlu.core.store import Store
from danlu.data.collect import collect
from danlu.data.extract.stage import extract
from danlu.data.forgotten import forgotten_files, forgotten_members
from danlu.data.lock import SourceLock, lock_sources
from danlu.text.tables import read_rows


def zipped(**members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.txt"), text)
    return file.getvalue()


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.txt").write_text("The pump is switched off before the valve is opened.")
    (folder / "b.txt").write_text("The valve is opened by hand.")
    (folder / "all.zip").write_bytes(zipped(first="The first member.", second="The second member."))
    (folder / "rows.jsonl").write_text('{"text": "Row one."}\n{"text": "Row two."}\n')
    return folder


def locked(docs: Path) -> SourceLock:
    return lock_sources([Source(docs, "MIT")])


def entry(lock: SourceLock, source: str, file: str = "") -> ForgottenDocument:
    found = next(one for one in lock.files if one.source == (file or source))
    return ForgottenDocument(1, "", source, found.source, found.sha256, (), ())


def step(lock: SourceLock, forgotten: Forgotten) -> Step[Corpus]:
    files = collect(sources=lock, forgotten=forgotten_files(forgotten, lock))
    return extract(files=files, sources=lock, forgotten=forgotten_members(forgotten, lock))


def read(tmp_path: Path, lock: SourceLock, *entries: ForgottenDocument) -> tuple[dict[str, str], dict[str, str]]:
    """Texts by name, and names that were rejected as forgotten with the stage."""
    plan = Plan(step(lock, Forgotten(entries)), 0)
    store = Store(tmp_path / "store")
    corpus = execute(plan, store, Machine(1, 1))
    assert isinstance(corpus, Corpus)
    [files] = [one for one in store.all() if isinstance(one, Files) and one.id == corpus.manifest.parents["files"]]
    rejects = {
        row["source"]: artifact.manifest.stage
        for artifact in (files, corpus)
        for row in read_rows(artifact.path / "rejects")
        if row["rule"] == "forgotten"
    }
    for artifact in (files, corpus):
        counts = artifact.manifest.counts
        assert counts["kept"] + counts["rejected"] == counts["input"]
    return {row["source"]: row["text"] for row in read_rows(corpus.documents)}, rejects


def test_a_file_is_kept_out_by_its_name_after_it_changed(tmp_path: Path, docs: Path) -> None:
    forgotten = entry(locked(docs), "docs/a.txt")
    (docs / "a.txt").write_text("The same with a corrected date.")
    texts, rejects = read(tmp_path, locked(docs), forgotten)
    assert "docs/a.txt" not in texts and "docs/b.txt" in texts
    assert rejects == {"docs/a.txt": "collect"}


def test_a_renamed_copy_is_kept_out_by_its_bytes(tmp_path: Path, docs: Path) -> None:
    forgotten = entry(locked(docs), "docs/a.txt")
    (docs / "a.txt").rename(docs / "renamed.md")
    texts, rejects = read(tmp_path, locked(docs), forgotten)
    assert rejects == {"docs/renamed.md": "collect"}
    assert not any("pump" in text for text in texts.values())


def test_members_and_rows_are_kept_out_and_their_neighbours_stay(tmp_path: Path, docs: Path) -> None:
    lock = locked(docs)
    forgotten = [
        entry(lock, "docs/all.zip#second.txt", "docs/all.zip"),
        entry(lock, "docs/rows.jsonl#1", "docs/rows.jsonl"),
    ]
    texts, rejects = read(tmp_path, lock, *forgotten)
    assert rejects == {"docs/all.zip#second.txt": "extract", "docs/rows.jsonl#1": "extract"}
    assert {"docs/all.zip#first.txt", "docs/rows.jsonl#2"} <= texts.keys()
    (docs / "all.zip").rename(docs / "moved.zip")
    texts, rejects = read(tmp_path, locked(docs), *forgotten)
    assert rejects["docs/moved.zip#second.txt"] == "extract" and "docs/moved.zip#first.txt" in texts


def test_a_shard_that_was_read_with_the_document_is_not_taken_over(tmp_path: Path, docs: Path) -> None:
    lock = locked(docs)
    before, _ = read(tmp_path, lock)
    after, _ = read(tmp_path, lock, entry(lock, "docs/all.zip#second.txt", "docs/all.zip"))
    assert before.keys() - after.keys() == {"docs/all.zip#second.txt"}


def test_what_is_forgotten_enters_identity_only_where_it_takes_something_out(docs: Path) -> None:
    lock = locked(docs)
    plain = Plan(step(lock, Forgotten()), 0)
    gone = ForgottenDocument(1, "", "docs/long-gone.txt", "docs/long-gone.txt", "ab" * 32, (), ())
    assert list(Plan(step(lock, Forgotten((gone,))), 0).ids.values()) == list(plain.ids.values())
    file = list(Plan(step(lock, Forgotten((entry(lock, "docs/a.txt"),))), 0).ids.values())
    member = list(Plan(step(lock, Forgotten((entry(lock, "docs/rows.jsonl#1", "docs/rows.jsonl"),))), 0).ids.values())
    collected, extracted = plain.ids.values()
    assert file[0] != collected and file[1] != extracted
    assert member[0] == collected and member[1] != extracted


def test_when_everything_is_forgotten_the_message_says_so(tmp_path: Path, docs: Path) -> None:
    for path in docs.iterdir():
        if path.name != "a.txt":
            path.unlink()
    with pytest.raises(WorkFailed, match=r"None of the 1 files can be read: docs/a.txt: forgotten \(by its name\)"):
        read(tmp_path, locked(docs), entry(locked(docs), "docs/a.txt"))
