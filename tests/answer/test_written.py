"""The route of a model's own words, in a release whose model passed the gate, and in one whose model did not."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from answer_projects import FOR_STAFF, STAFF, extracted, list_forgotten
from commands import danlu
from danlu.answer.asking.ask import ReleaseBot
from danlu.answer.asking.model_rights import ModelRights
from danlu.answer.asking.why import why
from danlu.answer.asking.written import EngineWriter
from danlu.answer.state import State
from danlu.answer.uses.model_documents import learnt_documents
from danlu.core.artifacts import Chats, Checkpoint
from danlu.core.errors import UserError, WorkFailed
from danlu.core.project import Project, load_project
from danlu.core.store import Store
from danlu.engines.transformers_engine import TransformersEngine
from danlu.model.chat import ChatFormat
from tiny import make_tiny_checkpoint
from tiny_entailment import make_classifier
from writers import MADE_UP, Copyist, let_write

QUESTION = "How does a Debian system boot?"
NEVER = "Who won the football World Cup in 1998?"


@pytest.fixture(scope="module")
def writing(small_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose tuned model passed the gate."""
    folder = tmp_path_factory.mktemp("written") / "project"
    shutil.copytree(small_project, folder)
    project = load_project(folder)
    let_write(project)
    return project


@pytest.fixture
def project(writing: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed at will."""
    return load_project(Path(shutil.copytree(writing.folder, tmp_path / "copy")))


class Opened:
    """Opens engines, and keeps them."""

    def __init__(self, before: Callable[[], object] = lambda: None) -> None:
        self.engines: list[Copyist] = []
        self._before = before

    def __call__(self, folder: Path) -> Copyist:
        self.engines.append(Copyist(folder, before=self._before))
        return self.engines[-1]

    @property
    def prompts(self) -> list[str]:
        return [prompt for engine in self.engines for prompt in engine.prompts]


def never(folder: Path) -> Copyist:
    raise AssertionError("no model may be asked")


def test_what_stands_on_its_passages_is_the_answer_and_the_rest_is_dropped(project: Project) -> None:
    opens, texts = Opened(), extracted(project)
    with closing(ReleaseBot(project, opens)) as bot:
        given = bot.ask(QUESTION)
    assert (given.written_by, given.refused, given.unwritten) == ("tuned", False, "")
    assert "4711" not in given.answer and given.answer.count("[1]") == 1
    for citation in given.citations:
        assert citation.quote == texts[citation.source][citation.start : citation.end] != ""
        assert citation.quote.rstrip(".") in given.answer
    assert given.public()["written_by"] == "tuned"
    record = State.of(project).recorded(given.answer_id)["answer"]
    assert record["writer"] == bot.parts["tuned"].id and record["quoted"]
    assert QUESTION in opens.prompts[0] and "[3] " in opens.prompts[0]


def test_why_finds_an_answer_in_own_words_to_be_what_was_recorded(project: Project) -> None:
    with closing(ReleaseBot(project, Opened())) as bot:
        given = bot.ask(QUESTION)
    links = why(project, given.answer_id)
    assert {link.status for link in links if link.what != "source"} == {"verified"}
    assert links[0].facts["written_by"] == "tuned"


def test_an_answer_is_written_once_for_the_same_question(project: Project) -> None:
    opens = Opened()
    with closing(ReleaseBot(project, opens)) as bot:
        assert bot.ask(QUESTION).answer == bot.ask(QUESTION).answer
    assert len(opens.prompts) == 1 and opens.engines[0].is_dead


def test_a_question_that_is_refused_never_reaches_the_model(project: Project) -> None:
    with closing(ReleaseBot(project, never)) as bot:
        assert bot.ask(NEVER).refused


def test_a_model_that_did_not_pass_is_never_asked(small_project: Path, tmp_path: Path) -> None:
    project = load_project(Path(shutil.copytree(small_project, tmp_path / "copy")))
    with closing(ReleaseBot(project, never)) as bot:
        given = bot.ask(QUESTION)
    assert bot.release.read()["writer"] == "" and given.citations and "written_by" not in given.public()


@pytest.mark.parametrize("reply", ["", MADE_UP, "Everything is fine.", "not found"])
def test_when_nothing_stands_on_the_sources_the_quotes_are_the_answer(
    project: Project, monkeypatch: pytest.MonkeyPatch, reply: str
) -> None:
    monkeypatch.setattr("writers.copied", lambda prompt, adds: reply)
    with closing(ReleaseBot(project, Opened())) as bot:
        given = bot.ask(QUESTION)
    assert given.citations and given.written_by == "" and "4711" not in given.answer


def test_a_model_for_entailment_that_doubts_everything_leaves_the_quotes(project: Project, tmp_path: Path) -> None:
    make_classifier(project.folder / "nli")
    with (project.folder / "danlu.yaml").open("a", encoding="utf-8") as file:
        file.write("entailment: nli\n")
    with closing(ReleaseBot(load_project(project.folder), Opened())) as bot:
        given = bot.ask(QUESTION)
    assert given.citations and given.written_by == ""


def test_an_engine_that_fails_leaves_the_quotes_says_so_and_is_asked_again(project: Project) -> None:
    opens = Opened()
    with closing(ReleaseBot(project, opens)) as bot:
        bot.ask("What does systemd do?")
        opens.engines[0].is_dead = True
        given = bot.ask(QUESTION)
        assert given.citations and (given.written_by, given.unwritten) == ("", "the child process ended")
        assert "child" not in str(given.public())
        opens.engines[0].is_dead = False
        assert bot.ask(QUESTION).written_by == "tuned"


def test_an_index_that_changes_while_the_model_writes_leaves_the_quotes(project: Project) -> None:
    def forget() -> None:
        assert danlu(project.folder, "forget", "docs/en/mojibake.txt").returncode == 0

    with closing(ReleaseBot(project, Opened(forget))) as bot:
        given = bot.ask(QUESTION)
        assert given.citations and given.written_by == ""


def test_a_model_that_learnt_from_a_forgotten_document_writes_no_more(project: Project) -> None:
    with closing(ReleaseBot(project, Opened())) as bot:
        assert bot.ask(QUESTION).written_by == "tuned"
        list_forgotten(project, _learnt(project, bot))
        given = bot.ask(QUESTION)
    assert given.written_by == ""


def test_who_may_not_see_all_that_the_model_learnt_from_gets_quotes(project: Project) -> None:
    with closing(ReleaseBot(project, Opened())) as bot:
        learnt = _learnt(project, bot)
        with (project.folder / "danlu.yaml").open("a", encoding="utf-8") as file:
            file.write(f"access:\n  '{learnt}': [staff]\n  '{FOR_STAFF}*': [board]\n")
        assert bot.ask(QUESTION).written_by == ""
        assert bot.ask(QUESTION, STAFF | {"board"}).written_by == "tuned"
        assert bot.ask(QUESTION).written_by == ""


def test_rights_follow_the_access_lines_and_what_was_learnt(project: Project) -> None:
    with closing(ReleaseBot(project, never)) as bot:
        tuned, base, learnt = bot.parts["tuned"], bot.parts["base"], _learnt(project, bot)
    rights = ModelRights(project, bot.release)
    assert rights.may_use(tuned.id, frozenset())
    with (project.folder / "danlu.yaml").open("a", encoding="utf-8") as file:
        file.write(f"access:\n  '{learnt}': [staff, board]\n")
    assert rights.needs(tuned.id) == (frozenset({"staff", "board"}),)
    assert not rights.may_use(tuned.id, frozenset({"hr"})) and rights.may_use(tuned.id, STAFF)
    assert rights.may_use(base.id, frozenset())


def test_a_model_whose_pairs_are_gone_is_closed_to_all_who_may_not_see_everything(project: Project) -> None:
    with closing(ReleaseBot(project, never)) as bot:
        tuned = bot.parts["tuned"]
    with (project.folder / "danlu.yaml").open("a", encoding="utf-8") as file:
        file.write(f"access:\n  '{FOR_STAFF}start.md': [staff]\n")
    shutil.rmtree(project.artifacts / "make_questions")
    rights = ModelRights(project, bot.release)
    assert not rights.may_use(tuned.id, frozenset()) and rights.may_use(tuned.id, STAFF)


def _learnt(project: Project, bot: ReleaseBot) -> str:
    """A document that the tuned model learnt from."""
    tuned = bot.parts["tuned"]
    chats = Store(project.artifacts).find(tuned.manifest.parents["chats"])
    assert isinstance(tuned, Checkpoint)
    assert isinstance(chats, Chats)
    return min(learnt_documents(tuned, chats))


def test_a_real_engine_writes_the_likeliest_tokens(tmp_path: Path) -> None:
    folder = make_tiny_checkpoint(tmp_path)
    writer = EngineWriter(lambda: TransformersEngine(folder, 1), ChatFormat.load(folder), 8000, 4)
    asked = [{"role": "user", "content": "What is the pressure?"}]
    said = writer.write(asked)
    assert said is not None and said == writer.write(asked)
    writer.close()


def test_a_writer_that_was_closed_starts_no_model_any_more(tmp_path: Path) -> None:
    """A question that came before the release was replaced: nobody would end the process that it starts."""
    folder = make_tiny_checkpoint(tmp_path)
    writer = EngineWriter(lambda: never(folder), ChatFormat.load(folder), 8000, 4)
    writer.close()
    with pytest.raises(WorkFailed, match="another release is current"):
        writer.write([{"role": "user", "content": "What is the pressure?"}])


def test_rights_are_refused_while_the_project_file_is_away(project: Project) -> None:
    bot = ReleaseBot(project, never)
    rights = ModelRights(project, bot.release)
    (project.folder / "danlu.yaml").rename(project.folder / "kept")
    with pytest.raises(UserError, match="cannot be read"):
        rights.needs("any")
    with pytest.raises(UserError, match="cannot be read"):
        bot.ask("How do I install a source package?")
    bot.close()


def test_a_prompt_that_does_not_fit_is_not_cut(tmp_path: Path) -> None:
    folder = make_tiny_checkpoint(tmp_path)
    writer = EngineWriter(lambda: never(folder), ChatFormat.load(folder), context_tokens=64, most_tokens=16)
    assert writer.write([{"role": "user", "content": "word " * 100}]) is None
