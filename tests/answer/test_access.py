import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
import yaml

from answer_projects import extracted
from commands import danlu
from danlu.answer.asking.ask import ReleaseBot
from danlu.answer.asking.refresh import refresh
from danlu.answer.asking.search import find_passages
from danlu.answer.asking.why import why
from danlu.answer.index.live import open_live
from danlu.answer.state import current_index
from danlu.core.errors import UserError
from danlu.core.execute import Machine
from danlu.core.progress import Progress, progress
from danlu.core.project import Project, load_project

QUESTION = "How do I install a source package?"


@pytest.fixture
def folder(small_project: Path, tmp_path: Path) -> Path:
    shutil.copytree(small_project, tmp_path / "small")
    return tmp_path / "small"


def with_access(folder: Path, access: object) -> Project:
    path = folder / "danlu.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "access": access}, sort_keys=False))
    return load_project(folder)


def sources(bot: ReleaseBot, *principals: str) -> set[str]:
    return {citation.source for citation in bot.ask(QUESTION, frozenset(principals)).citations}


def open_source(folder: Path) -> str:
    """The document that answers the question when everyone may see everything."""
    bot = ReleaseBot(load_project(folder))
    [source, *_] = sorted(sources(bot))
    bot.close()
    return source


def test_a_line_of_the_project_file_hides_documents_from_all_others_at_once(folder: Path) -> None:
    source = open_source(folder)
    bot = ReleaseBot(with_access(folder, {source: ["hr"]}))
    assert source in sources(bot, "hr")
    assert source not in sources(bot)
    assert source not in sources(bot, "board")
    bot.close()
    opened = ReleaseBot(with_access(folder, {}))
    assert source in sources(opened)
    opened.close()


def test_of_two_patterns_the_first_counts_and_an_empty_list_hides_from_everyone(folder: Path) -> None:
    source = open_source(folder)
    bot = ReleaseBot(with_access(folder, {source: [], "docs/*": ["hr"]}))
    assert source not in sources(bot, "hr", "board")
    bot.close()


def test_answers_of_one_set_of_principals_are_never_given_to_another_under_load(folder: Path) -> None:
    source = open_source(folder)
    bot = ReleaseBot(with_access(folder, {source: ["hr"]}))
    askers = [("hr",), (), ("board",), ("board", "hr")] * 30
    with ThreadPoolExecutor(8) as threads:
        seen = list(threads.map(lambda asker: source in sources(bot, *asker), askers))
    bot.close()
    assert seen == ["hr" in asker for asker in askers]


def test_a_pattern_that_protects_nothing_is_refused(folder: Path) -> None:
    with pytest.raises(UserError, match="'docs/secrt/\\*' fits no document"):
        ReleaseBot(with_access(folder, {"docs/secrt/*": ["hr"]}))


@pytest.mark.parametrize("names", ["hr", {"hr": 1}, [1], [""]])
def test_names_that_are_no_list_are_refused(folder: Path, names: object) -> None:
    with pytest.raises(UserError, match="access of 'docs/"):
        with_access(folder, {"docs/*": names})


def test_a_name_that_no_line_gives_anything_to_is_refused(folder: Path) -> None:
    with_access(folder, {open_source(folder): ["hr"]})
    for command in (["ask", QUESTION], ["keys", "create"], ["serve"]):
        done = danlu(folder, *command, "--as", "hrr")
        assert (done.returncode, "gives nothing to 'hrr'" in done.stderr, "hr" in done.stderr) == (2, True, True)


def test_the_command_line_asks_as_somebody(folder: Path) -> None:
    source = open_source(folder)
    with_access(folder, {source: ["hr"]})
    assert source in danlu(folder, "ask", QUESTION, "--as", "hr").stdout
    assert source not in danlu(folder, "ask", QUESTION).stdout


def test_a_bot_that_lives_long_opens_an_index_with_the_access_of_now(folder: Path) -> None:
    source = open_source(folder)
    bot = ReleaseBot(load_project(folder))
    assert source in sources(bot)
    with_access(folder, {source: ["hr"]})
    [path] = (folder / ".danlu" / "state" / "index").glob("*.db")
    path.unlink()  # as a message advises for one that is damaged
    assert source not in sources(bot)
    assert source in sources(bot, "hr")
    assert path.exists()
    bot.close()


def test_a_bot_that_runs_follows_the_lines_of_now(folder: Path) -> None:
    source = open_source(folder)
    bot = ReleaseBot(load_project(folder))
    assert source in sources(bot)
    with_access(folder, {source: ["hr"]})
    assert source not in sources(bot)
    assert source in sources(bot, "hr")
    (folder / "danlu.yaml").write_text("access: [")
    with pytest.raises(UserError):
        sources(bot, "hr")
    bot.close()


def test_lines_that_were_tightened_while_a_refresh_read_count_for_what_it_puts(folder: Path) -> None:
    kettle = folder / "docs" / "en" / "kettle.md"
    kettle.write_text(
        "# Kettles\n\nThe zircon kettle of the staff kitchen is descaled with citric acid every second Friday.\n"
    )
    question, opened = "How is the zircon kettle descaled?", with_access(folder, {})

    def shows(name: str) -> AbstractContextManager[Progress]:
        if name == "clean":  # minutes into a large refresh
            ReleaseBot(with_access(folder, {"docs/en/k*": ["hr"]})).close()
        return progress(name)

    assert refresh(opened, Machine(threads=1, workers=1), shows).documents > 0
    bot = ReleaseBot(load_project(folder))
    assert bot.ask(question).refused
    assert bot.ask(question, frozenset({"hr"})).citations[0].source == "docs/en/kettle.md"
    bot.close()


def test_lines_of_before_never_come_back(folder: Path) -> None:
    source = open_source(folder)
    opened = with_access(folder, {})
    bot = ReleaseBot(with_access(folder, {source: ["hr"]}))
    assert source not in sources(bot)
    with closing(open_live(opened, current_index(opened))):  # by a command that read the lines before they were changed
        assert source not in sources(bot)
    bot.close()


KETTLE = "# Kettles\n\nThe zircon kettle of the staff kitchen is descaled with citric acid every second Friday.\n"
KETTLES = "How is the zircon kettle of the staff kitchen descaled?"
OPEN, CLOSED = "docs/en/a-kettle.txt", "docs/en/b-kettle.txt"


def put_twins(folder: Path, access: object) -> Project:
    """Two files with one text, which a refresh puts; the second has other white space, so that places in it are others."""
    (folder / OPEN).write_text(KETTLE)
    (folder / CLOSED).write_text(KETTLE.replace("\n\n", "\n \n \n").replace(" every", "  every"))
    project = with_access(folder, access)
    assert refresh(project, Machine(threads=1, workers=1), progress).documents == 1
    return project


def named(bot: ReleaseBot, *principals: str) -> str:
    """The file that is cited, and every name that the answer tells; empty for a refusal."""
    given = bot.ask(KETTLES, frozenset(principals))
    names = {citation.source for citation in (*given.citations, *given.closest)} & {OPEN, CLOSED}
    assert len(names) <= 1 and given.refused == (not names)
    for citation in given.citations:
        text = (bot._project.folder / citation.source).read_text()
        assert "".join(citation.quote.split()) in "".join(text.split())
    return next(iter(names), "")


@pytest.mark.parametrize(("closed", "seen"), [(OPEN, CLOSED), (CLOSED, OPEN)])
def test_of_files_with_one_text_each_keeps_its_line_and_nobody_is_told_a_closed_one(
    folder: Path, closed: str, seen: str
) -> None:
    project = put_twins(folder, {closed: ["hr"]})
    bot = ReleaseBot(project)
    assert named(bot) == seen  # a closed copy hides no open original, and an open one is named where it is open
    assert named(bot, "hr") in (OPEN, CLOSED)
    with_access(folder, {closed: ["hr"], seen: ["board"]})
    assert (named(bot), named(bot, "hr"), named(bot, "board")) == ("", closed, seen)
    with_access(folder, {closed: [], seen: []})
    assert named(bot, "hr", "board") == ""
    with_access(folder, {closed: ["hr"]})
    assert named(bot) == seen
    answer = bot.ask(KETTLES).answer_id
    bot.close()
    assert {link.status for link in why(project, answer)} <= {"verified", "overtaken"}


def test_what_a_closed_file_says_of_its_date_is_not_told_of_its_open_twin(folder: Path) -> None:
    closed, seen = "docs/en/a-kettle.md", "docs/en/b-kettle.md"
    (folder / closed).write_text(f"---\ndate: 2031-07-19\n---\n{KETTLE}")
    (folder / seen).write_text(KETTLE)
    (folder / "docs/en/c-kettle.md").write_text(KETTLE.replace("second Friday", "third Friday").replace("citric", "no"))
    project = with_access(folder, {closed: ["hr"]})
    refresh(project, Machine(threads=1, workers=1), progress)
    bot = ReleaseBot(project)
    told = {who: bot.ask(KETTLES, frozenset({who} if who else ())) for who in ("hr", "")}
    bot.close()
    assert any(f"{closed} (2031-07-19)" in line for line in told["hr"].conflicts)
    assert any(f"{seen} (no date)" in line for line in told[""].conflicts)


@pytest.mark.parametrize("gone", [OPEN, CLOSED])
@pytest.mark.parametrize("left_is_open", [True, False])
def test_after_one_of_two_files_went_the_line_of_the_other_counts(folder: Path, gone: str, left_is_open: bool) -> None:
    left = ({OPEN, CLOSED} - {gone}).pop()
    project = put_twins(folder, {(gone if left_is_open else left): ["hr"]})
    bot = ReleaseBot(project)
    (folder / gone).unlink()
    with_access(folder, {"docs/en/?-kettle*": ["hr"]} if not left_is_open else {})
    refresh(load_project(folder), Machine(threads=1, workers=1), progress)
    assert named(bot) == (left if left_is_open else "")
    assert named(bot, "hr") == left
    bot.close()


def test_a_run_keeps_the_line_of_every_file_with_the_same_text(folder: Path) -> None:
    """The Chinese manual's file in UTF-16 stands in the index; its copy in UTF-8 was left out by the run."""
    kept, copy = "docs/zh/override.txt", "docs/zh/utf8-copy.txt"
    question = (folder / copy).read_text().split("\n")[0]
    for lines, seen in (({kept: ["hr"]}, copy), ({copy: ["hr"]}, kept), ({kept: ["hr"], copy: ["board"]}, "")):
        project = with_access(folder, lines)
        with closing(open_live(project, current_index(project))) as live, live.reading(frozenset()) as view:
            found = {one.citation.source for one in find_passages(view, question, 50).passages} & {kept, copy}
        assert found == ({seen} if seen else set()), lines
    with closing(open_live(project, current_index(project))) as live, live.reading(frozenset({"board"})) as view:
        [cited, *_] = [
            one.citation for one in find_passages(view, question, 50).passages if one.citation.source == copy
        ]
    assert extracted(project)[copy][cited.start : cited.end] == cited.quote


def test_a_twin_that_is_forgotten_opens_nothing_any_more(folder: Path) -> None:
    project = put_twins(folder, {})
    with closing(open_live(project, current_index(project))) as live, live.writing() as change:
        [(twin, name)] = [(id, source) for id, source in change.twins().items() if source in (OPEN, CLOSED)]
    project = with_access(folder, {({OPEN, CLOSED} - {name}).pop(): ["hr"]})
    with closing(open_live(project, current_index(project))) as live:
        for seen in (True, False):
            with live.reading(frozenset()) as view:
                assert any("zircon" in hit.text for hit in view.passages(view.visible())) == seen
            with live.writing() as change:
                change.remove(twin)


def test_a_bracket_in_a_pattern_is_itself(folder: Path) -> None:
    closed = folder / "docs" / "[en]"
    closed.mkdir()
    (closed / "kettle.md").write_text(KETTLE)
    project = with_access(folder, {"docs/[en]/*": ["hr"]})
    refresh(project, Machine(threads=1, workers=1), progress)
    bot = ReleaseBot(project)
    assert bot.ask(KETTLES).refused
    assert bot.ask(KETTLES, frozenset({"hr"})).citations[0].source == "docs/[en]/kettle.md"
    bot.close()
    with pytest.raises(UserError, match="fits no document"):
        ReleaseBot(with_access(folder, {"docs/[en]/*": ["hr"], "docs/[ez]n/*": ["hr"]}))
