import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from answer_projects import FOR_STAFF, STAFF, extracted, list_forgotten, with_access
from commands import danlu, here
from danlu.answer.asking.ask import ReleaseBot
from danlu.answer.asking.search import MOST_FOUND, Searched
from danlu.answer.index.live import open_live
from danlu.answer.state import State
from danlu.core.artifacts import Index
from danlu.core.errors import UserError
from danlu.core.project import Project
from live_indexes import note

QUESTION = "How does a Debian system boot?"
CHINESE = "怎样修改引导加载程序？"


@pytest.fixture(scope="module")
def project(small_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return with_access(small_project, tmp_path_factory.mktemp("search") / "project")


@pytest.fixture(scope="module")
def bot(project: Project) -> Iterator[ReleaseBot]:
    bot = ReleaseBot(project)
    yield bot
    bot.close()


def test_what_is_found_is_verbatim_in_its_source_and_best_first(project: Project, bot: ReleaseBot) -> None:
    texts = extracted(project)
    found = bot.search(QUESTION).passages + bot.search(CHINESE, STAFF).passages
    assert len(found) == 20
    for one in found:
        citation = one.citation
        assert citation.quote == texts[citation.source][citation.start : citation.end] != ""
    scores = [one.score for one in found[:10]]
    assert scores == sorted(scores, reverse=True) and 0 < scores[-1] <= scores[0] <= 1
    assert {one.language for one in found} == {"en", "zh"}


def test_a_passage_holds_what_the_answer_quotes(bot: ReleaseBot) -> None:
    [best, *_] = bot.ask(QUESTION).citations
    spans = [found.citation for found in bot.search(QUESTION, count=4).passages]
    assert any(one.source == best.source and one.start <= best.start and best.end <= one.end for one in spans)


def test_only_what_the_principals_may_see_is_found(bot: ReleaseBot) -> None:
    assert not [one for one in bot.search(CHINESE, count=50).passages if one.citation.source.startswith(FOR_STAFF)]
    assert bot.search(CHINESE, STAFF).passages[0].citation.source.startswith(FOR_STAFF)


def test_a_document_on_the_list_is_not_found_though_the_index_holds_it(small_project: Path, tmp_path: Path) -> None:
    project = with_access(small_project, tmp_path / "project")
    bot = ReleaseBot(project)
    source = bot.search(QUESTION).passages[0].citation.source
    list_forgotten(project, source)
    found = bot.search(QUESTION, count=50).passages
    bot.close()
    assert found and source not in {one.citation.source for one in found}


@pytest.mark.parametrize("count", [-1, 0, MOST_FOUND + 1])
def test_an_impossible_count_is_refused(bot: ReleaseBot, count: int) -> None:
    with pytest.raises(UserError, match=f"{count} passages") as caught:
        bot.search(QUESTION, count=count)
    assert "1 to 50" in caught.value.hint


@pytest.mark.parametrize("question", ["", " \n", "x" * 4001])
def test_a_question_is_checked_as_for_an_answer(bot: ReleaseBot, question: str) -> None:
    with pytest.raises(UserError):
        bot.search(question)


def test_nothing_is_found_where_no_word_is_known(bot: ReleaseBot) -> None:
    assert bot.search("Ωμέγα") == Searched(())


def test_find_prints_passages_with_their_places_and_records_nothing(project: Project, bot: ReleaseBot) -> None:
    records = State.of(project).folder / "answers.db"
    before = records.read_bytes() if records.exists() else b""
    printed = danlu(project.folder, "find", QUESTION, "--count", "2")
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout.startswith("[1] ") and "[2] " in printed.stdout and "[3] " not in printed.stdout
    assert (records.read_bytes() if records.exists() else b"") == before
    said = json.loads(here(project.folder, "find", CHINESE, "--as", "staff", "--json").stdout)
    assert said == [one.public() for one in bot.search(CHINESE, STAFF).passages]
    assert list(said[0]) == ["score", "text", "headings", "language", "source", "page", "start", "end", "quote"]


def test_find_says_when_there_is_nothing_and_refuses_a_stranger(project: Project) -> None:
    assert here(project.folder, "find", "Ωμέγα").stdout == "nothing was found\n"
    refused = here(project.folder, "find", QUESTION, "--as", "nobody")
    assert refused.returncode == 2 and "gives nothing to 'nobody'" in refused.stderr


def test_it_is_said_everywhere_how_a_question_was_understood(small_project: Path, tmp_path: Path) -> None:
    project = with_access(small_project, tmp_path / "project")
    with closing(ReleaseBot(project)) as bot:
        index = bot.parts["index"]
        assert isinstance(index, Index)
        with closing(open_live(project, index)) as live:
            live.put(note("glossary", "A personal identification badge (PIB) opens every door.", to=STAFF))
        asked, meant, names = (
            "Who runs Debain with a PIB?",
            "Who runs Debian with a PIB?",
            ("personal identification badge",),
        )
        for found in (bot.search(asked, STAFF), bot.ask(asked, STAFF)):
            assert (found.understood, found.other_names) == (meant, names)
        assert bot.search(asked).other_names == bot.ask(asked).other_names == ()
        assert bot.search(QUESTION) == Searched(bot.search(QUESTION).passages)
        given = bot.ask(asked, STAFF)
    assert given.public()["other_names"] == list(names)
    assert "other_names" not in State.of(project).recorded(given.answer_id)["answer"]  # nothing to be forgotten there
    for command in ("find", "ask"):
        said = here(project.folder, command, asked, "--as", "staff").stdout
        assert said.startswith(f"understood as: {meant}\nalso searched for: {names[0]}\n")
    printed = danlu(project.folder, "find", asked, "--as", "staff", "--json", "--lang", "zh")
    assert "理解为：" in printed.stderr and f"同时检索：{names[0]}" in printed.stderr and json.loads(printed.stdout)
