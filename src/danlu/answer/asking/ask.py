"""Ask: the current release answers, and the answer is recorded under an id that leads back to its sources."""

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

from danlu.answer.asking.answer_cache import AnswerCache, Asked
from danlu.answer.asking.other_language import with_other_language
from danlu.answer.asking.search import DEFAULT_COUNT, Searched, find_passages
from danlu.answer.asking.written import (
    OpenEngine,
    ReleaseWriter,
    child_engine,
    in_own_words,
    open_writer,
    passages_to_write_from,
)
from danlu.answer.forgetting.hidden import strike_forgotten, without_forgotten
from danlu.answer.index.access import apply_access, stamp_of
from danlu.answer.index.live import keep_current, open_live
from danlu.answer.index.vector_store import open_store
from danlu.answer.state import State, parts_of
from danlu.core.answers import Answer, Grounded, asks_something
from danlu.core.artifacts import Artifact, Index, Release
from danlu.core.errors import UserError, WorkFailed
from danlu.core.forgotten import Forgotten, ForgottenWatch
from danlu.core.project import Project, load_project
from danlu.core.store import Store, open_artifact
from danlu.model.encoder import reads_across
from danlu.retrieve.claims.entailment import CrossEncoder, Entailment
from danlu.retrieve.claims.follow_up import resolve
from danlu.retrieve.grounding.ground import answer
from danlu.retrieve.legs.live import LiveIndex

LONGEST_QUESTION = 4000
"""Characters. A question is a sentence or a paragraph; a longer text is a document."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class _Open:
    """A release with its index open."""

    release: Release
    parts: dict[str, Artifact]
    live: LiveIndex
    writer: ReleaseWriter | None
    reads_both: bool
    """Whether the index's encoder puts a question in Chinese or English near to its answer in the other."""
    lines: tuple[int, int]
    """Which danlu.yaml its access was taken from."""

    def close(self) -> None:
        """Close the index, and the engine of the writer."""
        self.live.close()
        if self.writer:
            self.writer.writer.close()


@dataclass(frozen=True)
class _WorkedOut:
    """An answer that is not recorded yet."""

    asked: Asked
    grounded: Grounded
    approximate: bool
    """Whether the search may have missed some of the best passages, for speed."""
    degraded: str = ""
    unwritten: str = ""


class ReleaseBot:
    """The bot of the project's current release (the Bot protocol of core). It follows when another release becomes current."""

    def __init__(self, project: Project, open_engine: OpenEngine = child_engine) -> None:
        """Open the project's current release; raises UserError when there is none.

        `open_engine` starts the model that may answer in its own words, where the release names one, at the first question for it.
        """
        self._project = project
        self._open_engine = open_engine
        self._state = State.of(project)
        self._forgotten = ForgottenWatch(self._state.folder)
        self._listed = self._forgotten.now()
        self._cache = AnswerCache()
        self._judge: Entailment | None = CrossEncoder(project.entailment) if project.entailment else None
        self._lock = threading.Lock()
        self._open = self._opened(self._state.current())

    @property
    def release(self) -> Release:
        """The release that answers."""
        return self._open.release

    @property
    def parts(self) -> dict[str, Artifact]:
        """Its artifacts by name."""
        return self._open.parts

    def ask(self, question: str, principals: frozenset[str] = frozenset(), earlier: Sequence[str] = ()) -> Answer:
        """Answer as somebody who is these principals, record, return; raises UserError for an empty or an endless question.

        A follow-up takes over what it leaves out from `earlier` questions, oldest first.
        """
        question = checked_question(question)
        # A longer text before it is no question, and reading it would cost seconds.
        resolved = resolve(question, [asked for asked in earlier if len(asked) <= LONGEST_QUESTION])
        worked = self._on_current(lambda current: self._worked_out(current, principals, resolved.question))
        found = worked.grounded
        given = Answer(
            f"ans_{secrets.token_hex(8)}", found.text, found.refused, found.citations, found.language, worked.degraded,
            found.closest, found.conflicts, found.understood or (resolved.question if resolved.carried else ""), found.written_by, worked.unwritten, found.other_names, found.note,
        )  # fmt: skip
        given = without_forgotten(given, self._list())
        self._record(given, worked, question)
        return self._struck(given)

    def search(self, question: str, principals: frozenset[str] = frozenset(), count: int = DEFAULT_COUNT) -> Searched:
        """The passages nearest to a question that these principals may see; not recorded.

        Raises UserError for an empty or an endless question, and for a count that is not from 1 to 50.
        """
        question = checked_question(question)

        def searched(current: _Open) -> Searched:
            with current.live.reading(principals) as view:
                return find_passages(view, question, count)

        return self._on_current(searched).without(self._list())

    def withhold(self, answer_id: str) -> None:
        """Note in the record that a filter kept this answer from the user."""
        self._state.withhold(answer_id)

    def close(self) -> None:
        """Close the index, and end the model where one was started."""
        self._open.close()

    def _worked_out(self, current: _Open, principals: frozenset[str], question: str) -> _WorkedOut:
        writer = current.writer if current.writer and current.writer.may_answer(principals) else None
        with current.live.reading(principals) as view:
            asked = Asked(
                current.release.id, view.generation, principals, question, writer.checkpoint if writer else ""
            )
            if known := self._cache.find(asked):
                return _WorkedOut(asked, known, view.approximate)
            found = with_other_language(view, answer(view, question), reads_both=current.reads_both)
            hits = passages_to_write_from(view, question, found) if writer else []
            degraded, approximate = view.degraded, view.approximate
        unwritten = ""
        if writer and hits:
            try:
                found = in_own_words(
                    current.live, principals, asked.generation, question, hits, found, writer, self._judge
                )
            except WorkFailed as error:
                unwritten = error.message
        if not degraded and not unwritten:
            self._cache.keep(asked, found)
        return _WorkedOut(asked, found, approximate, degraded, unwritten)

    def _record(self, given: Answer, worked: _WorkedOut, question: str) -> None:
        told = {name: value for name, value in given.public().items() if name != "other_names"}  # a document's words
        record = told | {
            "citations": [asdict(citation) for citation in given.citations],
            "closest": [asdict(citation) for citation in given.closest],
            "support": worked.grounded.support,
            "principals": sorted(worked.asked.principals),
            "generation": worked.asked.generation,
        }
        if worked.approximate:
            record["approximate"] = True
        if given.written_by:
            record |= {"writer": worked.asked.writer, "quoted": worked.grounded.quoted}
        self._state.record(given.answer_id, worked.asked.release, question, record)

    def _struck(self, given: Answer) -> Answer:
        """The answer; a refusal, and no word of it kept, when what it quotes was forgotten while it was being recorded."""
        hidden = without_forgotten(given, self._list())
        if hidden is not given:
            strike_forgotten(self._state.folder)
        return hidden

    def _list(self) -> Forgotten:
        """The list of forgotten documents. When it was replaced, what was worked out before leaves memory too."""
        now = self._forgotten.now()
        if now is not self._listed:
            self._listed = now
            self._cache.clear()
        return now

    def _on_current(self, work: Callable[[_Open], _T]) -> _T:
        """Do something with what is current; once more where its index was deleted between two lines, for another release or anew."""
        current = self._now()
        try:
            return work(current)
        except UserError:
            if current.live.is_there():
                raise
            return work(self._now())

    def _now(self) -> _Open:
        """What is current; while one thread opens another release, those that came for it wait."""
        current, lines = self._open, stamp_of(self._project)
        if self._state.current() == current.release.id and current.live.is_there() and lines == current.lines:
            return current
        with self._lock:
            former, id = self._open, self._state.current()
            if id != former.release.id or not former.live.is_there():
                self._open = self._opened(id)
                self._cache.clear()
                former.close()
            elif lines != former.lines:
                apply_access(former.live, load_project(self._project.folder))
                self._open = replace(former, lines=lines)
            return self._open

    def _opened(self, id: str) -> _Open:
        lines = stamp_of(self._project)  # before they are read: what is written meanwhile is read again
        project = load_project(self._project.folder)  # as it is now: who may see what may have changed since the start
        store = Store(project.artifacts)
        release = open_artifact(store.root / "release" / id, Release)
        parts = parts_of(store, release)
        index = parts["index"]
        assert isinstance(index, Index)
        writer = open_writer(project, release, parts, self._open_engine)
        live = open_live(project, index, open_store(project))
        opened = _Open(release, parts, live, writer, reads_across(index.encoder), lines)
        keep_current(project)
        return opened


def checked_question(question: str) -> str:
    """A question without white space around it; raises UserError for an empty one, such as `?`, or an endless one."""
    question = question.encode(errors="replace").decode().strip()  # a lone surrogate is no text, and not recorded
    if not asks_something(question):
        raise UserError("The question is empty", 'Ask in quotes: danlu ask "How do I …?"')
    if len(question) > LONGEST_QUESTION:
        raise UserError(
            "The question has {count} characters, and {limit} are the most",
            "Shorten it.",
            count=len(question),
            limit=LONGEST_QUESTION,
        )
    return question
