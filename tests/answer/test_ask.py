import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from answer_projects import list_forgotten
from commands import danlu
from danlu.answer.asking.ask import LONGEST_QUESTION, ReleaseBot
from danlu.answer.state import State
from danlu.core.errors import UserError
from danlu.core.project import Project, load_project

QUESTION = "How does a Debian system boot?"


@pytest.fixture
def project(small_project: Path, tmp_path: Path) -> Project:
    """A copy of a project that has run, to be changed at will."""
    return load_project(Path(shutil.copytree(small_project, tmp_path / "copy")))


def test_an_answer_is_recorded_with_its_release_and_its_citations(project: Project) -> None:
    bot = ReleaseBot(project)
    given = bot.ask(f"  {QUESTION}\n")
    bot.close()
    record = State.of(project).recorded(given.answer_id)
    assert (record["question"], record["release"]) == (QUESTION, bot.release.id)
    assert record["answer"]["answer"] == given.answer
    assert [c["quote"] for c in record["answer"]["citations"]] == [c.quote for c in given.citations]
    assert given.citations
    assert given.answer_id.startswith("ans_")


def test_a_refusal_is_recorded_too(project: Project) -> None:
    bot = ReleaseBot(project)
    given = bot.ask("红烧肉要炖多久？")
    bot.close()
    assert (given.refused, given.citations) == (True, ())
    assert State.of(project).recorded(given.answer_id)["answer"]["refused"] is True


def test_every_answer_has_an_id_of_its_own_whoever_asks_beside(project: Project) -> None:
    bot = ReleaseBot(project)
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(bot.ask, [QUESTION] * 40))
    bot.close()
    assert len({answer.answer_id for answer in given}) == 40
    assert len({answer.answer for answer in given}) == 1
    assert all(State.of(project).recorded(answer.answer_id) for answer in given)


@pytest.mark.parametrize("question", ["", "   \n", "\ud800", "\x00", "😀" * 100, "x" * (LONGEST_QUESTION + 1)])
def test_an_empty_or_endless_question_is_refused_with_a_hint(project: Project, question: str) -> None:
    bot = ReleaseBot(project)
    with pytest.raises(UserError) as caught:
        bot.ask(question)
    assert caught.value.hint


@pytest.mark.parametrize("question", ["\udcff boot", "\x00 boot", "😀 boot", "boot " * 799])
def test_any_other_text_is_a_question(project: Project, question: str) -> None:
    bot = ReleaseBot(project)
    given = bot.ask(question)
    assert State.of(project).recorded(given.answer_id)["answer"]["answer"] == given.answer
    bot.close()


def test_without_a_release_the_message_says_how_to_make_one(tmp_path: Path, small_project: Path) -> None:
    shutil.copy(small_project / "danlu.yaml", tmp_path)
    with pytest.raises(UserError, match="no release yet") as caught:
        ReleaseBot(load_project(tmp_path))
    assert "danlu run" in caught.value.hint


def test_a_release_whose_index_is_gone_is_a_user_error(project: Project) -> None:
    shutil.rmtree(project.artifacts / "index")
    with pytest.raises(UserError, match="is not an artifact"):
        ReleaseBot(project)


@pytest.mark.parametrize("name", ["answers.db", "current.json"])
def test_a_damaged_state_file_is_named(project: Project, name: str) -> None:
    path = State.of(project).folder / name
    path.write_bytes(b"{damaged" * 100)
    with pytest.raises(UserError, match=name) as caught:
        ReleaseBot(project).ask(QUESTION)
    assert caught.value.hint


@pytest.mark.parametrize("content", [None, b"", b"damaged" * 100])
def test_an_index_that_is_missing_or_damaged_is_named(project: Project, content: bytes | None) -> None:
    [path] = project.artifacts.glob("index/*/index.sqlite")
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(UserError, match=path.parent.name) as caught:
        ReleaseBot(project)
    assert "danlu run" in caught.value.hint


def test_a_live_index_that_is_damaged_is_named_and_made_again_when_it_is_deleted(project: Project) -> None:
    ReleaseBot(project).close()
    [path] = State.of(project).folder.glob("index/*.db")
    path.write_bytes(b"damaged" * 100)
    with pytest.raises(UserError, match=path.name) as caught:
        ReleaseBot(project)
    assert "Delete it" in caught.value.hint
    path.unlink()
    bot = ReleaseBot(project)
    assert not bot.ask(QUESTION).refused
    bot.close()


def test_a_question_follows_an_earlier_answer_by_its_id(project: Project) -> None:
    first = ReleaseBot(project)
    asked = first.ask(QUESTION)
    first.close()
    told = danlu(project.folder, "ask", "How long does it take?", "--follow", asked.answer_id)
    assert "understood as: How long does it take? (" in told.stdout
    assert "understood" not in danlu(project.folder, "ask", "How long does it take?").stdout
    assert danlu(project.folder, "ask", "Why?", "--follow", "ans_unknown").returncode == 2


def test_an_answer_that_a_filter_kept_back_is_recorded_as_that(project: Project) -> None:
    bot = ReleaseBot(project)
    given = bot.ask(QUESTION)
    bot.withhold(given.answer_id)
    bot.close()
    record = State.of(project).recorded(given.answer_id)["answer"]
    assert (record["withheld"], record["answer"]) == (True, given.answer)


@pytest.mark.parametrize(
    ("command", "file"),
    [
        (["show", "evaluate"], "evaluate/*/report.json"),
        (["show", "extract"], "extract/*/rejects/00000.parquet"),
        (["ask", QUESTION], "index/*/encoder/encoder.json"),
        (["ask", QUESTION], "index/*/encoder/projection.safetensors"),
        (["serve"], "base/*/model.safetensors"),
    ],
)
def test_whatever_is_damaged_is_named_with_the_way_out(project: Project, command: list[str], file: str) -> None:
    [path] = project.artifacts.glob(file)
    path.write_bytes(b"damaged")
    done = danlu(project.folder, *command)
    assert done.returncode == 2, done.stderr
    folder = file.split("/")[0]
    assert f"/{folder}/" in done.stderr and "not as it was made" in done.stderr and "danlu run" in done.stderr
    assert "Traceback" not in done.stderr


def test_questions_go_on_while_the_live_index_is_deleted_and_made_again(project: Project) -> None:
    bot = ReleaseBot(project)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(bot.ask, QUESTION) for _ in range(40)]
        for _ in range(6):
            time.sleep(0.1)
            for path in State.of(project).folder.glob("index/*.db*"):
                path.unlink(missing_ok=True)
        assert {len(answer.result().citations) > 0 for answer in asked} == {True}
    bot.close()


def test_what_was_worked_out_before_a_document_was_forgotten_leaves_memory(project: Project) -> None:
    bot = ReleaseBot(project)
    source = bot.ask(QUESTION).citations[0].source
    list_forgotten(project, source)
    assert bot.ask("What is a package?").answer_id
    assert source not in str(vars(bot._cache)["_answers"])
    bot.close()
