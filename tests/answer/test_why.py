import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from danlu.answer.asking.ask import ReleaseBot
from danlu.answer.asking.why import why
from danlu.answer.state import State
from danlu.core.errors import UserError
from danlu.core.project import Project, load_project
from danlu.retrieve.legs.live import LiveIndex


@pytest.fixture
def project(small_project: Path, tmp_path: Path) -> Project:
    """A copy of a project that has run, to be changed at will."""
    return load_project(Path(shutil.copytree(small_project, tmp_path / "copy")))


@pytest.fixture
def answer_id(project: Project) -> str:
    bot = ReleaseBot(project)
    given = bot.ask("如何确保所有程序使用相同的纸张大小？")
    bot.close()
    assert given.citations[0].source == "docs/zh/start.md"
    return given.answer_id


def statuses(project: Project, answer_id: str) -> dict[str, str]:
    """Status by link; artifacts by their stage."""
    return {str(link.facts.get("stage", link.what)): link.status for link in why(project, answer_id)}


def folder(project: Project, stage: str) -> Path:
    [found] = (project.artifacts / stage).iterdir()
    return found


def test_the_chain_leads_from_the_answer_to_the_file_and_is_verified(project: Project, answer_id: str) -> None:
    chain = why(project, answer_id)
    assert {link.status for link in chain} == {"verified"}
    assert chain[0].id == answer_id
    assert list(statuses(project, answer_id))[:2] == ["answer", "release"]
    assert {"index", "deduplicate", "extract", "collect", "citation 1", "passage 1", "source 1"} <= statuses(
        project, answer_id
    ).keys()
    source = next(link for link in chain if link.what == "source 1")
    assert source.facts["licence"] == "GPL-2.0-or-later"
    assert Path(source.facts["path"]).read_bytes()
    assert datetime.fromisoformat(source.facts["collected_at"]) <= datetime.now(UTC)


def test_a_refusal_leads_to_the_release_and_to_no_source(project: Project) -> None:
    bot = ReleaseBot(project)
    chain = why(project, bot.ask("红烧肉要炖多久？").answer_id)
    bot.close()
    assert {link.status for link in chain} == {"verified"}
    assert not any(link.what.startswith("citation") for link in chain)


def test_a_source_that_changed_or_is_gone_is_said_so(project: Project, answer_id: str) -> None:
    page = project.folder / "docs" / "zh" / "start.md"
    page.write_text(page.read_text() + "more")
    found = statuses(project, answer_id)
    assert found.pop("source 1") == "changed"
    assert set(found.values()) == {"verified"}
    page.unlink()
    assert statuses(project, answer_id)["source 1"] == "missing"
    shutil.rmtree(project.folder / "docs")
    assert statuses(project, answer_id)["source 1"] == "missing"


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _turn_bytes(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :: 97] = b"x" * len(content[len(content) // 2 :: 97])
    path.write_bytes(content)


def _add(path: Path) -> None:
    path.with_name("added").touch()


@pytest.mark.parametrize("damage", [_cut, _turn_bytes, Path.unlink, _add])
@pytest.mark.parametrize(
    ("stage", "file"),
    [
        ("extract", "documents/00000.parquet"), ("deduplicate", "documents/00000.parquet"), ("collect", "files.parquet"),
        ("index", "index.sqlite"), ("release", "release.json"), ("evaluate", "report.json"),
    ],
)  # fmt: skip
def test_a_damaged_artifact_is_said_to_be_changed(
    project: Project, answer_id: str, stage: str, file: str, damage: Callable[[Path], None]
) -> None:
    damage(folder(project, stage) / file)
    found = statuses(project, answer_id)
    assert found.pop(stage) == "changed"
    behind = {
        "extract": {"citation 1", "source 1", "passage 1"}, "collect": {"source 1"}, "index": {"answer"},
    }.get(stage, set())  # fmt: skip
    assert {found[link] for link in found if link not in behind} == {"verified"}


def test_a_manifest_that_was_made_to_fit_is_found_out(project: Project, answer_id: str) -> None:
    from danlu.core.artifacts import FACTS_FILES, MANIFEST
    from danlu.core.hashing import hash_content

    index = folder(project, "index")
    (index / "encoder" / "added").write_text("x")
    facts = json.loads((index / MANIFEST).read_text())
    (index / MANIFEST).write_text(json.dumps(facts | {"content_hash": hash_content(index, FACTS_FILES)}))
    assert statuses(project, answer_id)["index"] == "changed"


@pytest.mark.parametrize("text", ["", "{", "{}"])
def test_a_damaged_manifest_is_changed_and_a_folder_that_is_gone_is_missing(
    project: Project, answer_id: str, text: str
) -> None:
    (folder(project, "clean") / "manifest.json").write_text(text)
    found = {link.id: link.status for link in why(project, answer_id)}
    assert found[folder(project, "clean").name] == "changed"
    gone = folder(project, "make_questions")
    shutil.rmtree(gone)
    found = {link.id: link.status for link in why(project, answer_id)}
    assert found.get(gone.name) == "missing"


def test_an_unknown_id_is_a_user_error_that_says_where_ids_come_from(project: Project) -> None:
    with pytest.raises(UserError, match="No answer has the id ans_0") as caught:
        why(project, "ans_0")
    assert "danlu ask" in caught.value.hint


@pytest.mark.parametrize(("with_cache", "status"), [(False, "changed"), (True, "not compared")])
def test_what_an_approximate_search_may_have_missed_is_not_called_changed(
    project: Project, with_cache: bool, status: str
) -> None:
    if with_cache:
        pytest.importorskip("faiss")
        ReleaseBot(project).close()  # makes the live index
        [database] = (project.state / "state" / "index").glob("*.db")
        with closing(LiveIndex(database, folder(project, "index") / "encoder", cached_from=1)) as live:
            assert live.cache_vectors()
    with closing(ReleaseBot(project)) as bot:
        given = bot.ask("如何确保所有程序使用相同的纸张大小？")
    assert statuses(project, given.answer_id)["answer"] == "verified"
    record = State.of(project).recorded(given.answer_id)["answer"]
    assert record.get("approximate", False) == with_cache
    missed = json.dumps(record | {"answer": "", "refused": True, "citations": []})
    with closing(sqlite3.connect(State.of(project).folder / "answers.db")) as connection, connection:
        connection.execute("UPDATE answers SET answer = ? WHERE answer_id = ?", (missed, given.answer_id))
    [link] = [link for link in why(project, given.answer_id) if link.what == "answer"]
    assert (link.status, link.facts.get("approximate", False)) == (status, with_cache)
