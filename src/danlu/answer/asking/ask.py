"""Ask: the current release answers, and the answer is recorded under an id that leads back to its sources."""

import secrets
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from danlu.answer.asking.answer_cache import AnswerCache, Asked
from danlu.answer.asking.search import DEFAULT_COUNT, Found, find_passages, not_forgotten
from danlu.answer.forgetting.hidden import strike_forgotten, without_forgotten
from danlu.answer.index.live import keep_current, open_live
from danlu.answer.index.vector_store import open_store
from danlu.answer.state import State, parts_of
from danlu.core.answers import Answer
from danlu.core.artifacts import Artifact, Index, Release
from danlu.core.errors import UserError
from danlu.core.forgotten import ForgottenWatch
from danlu.core.project import Project, load_project
from danlu.core.store import Store, open_artifact
from danlu.retrieve.claims.follow_up import resolve
from danlu.retrieve.grounding.ground import answer
from danlu.retrieve.legs.live import LiveIndex

LONGEST_QUESTION = 4000
"""Characters. A question is a sentence or a paragraph; a longer text is a document."""


@dataclass(frozen=True)
class _Open:
    """A release with its index open."""

    release: Release
    parts: dict[str, Artifact]
    live: LiveIndex


class ReleaseBot:
    """The bot of the project's current release (the Bot protocol of core). It follows when another release becomes current."""

    def __init__(self, project: Project) -> None:
        """Open the project's current release; raises UserError when there is none."""
        self._project = project
        self._state = State.of(project)
        self._forgotten = ForgottenWatch(self._state.folder)
        self._cache = AnswerCache()
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
        current = self._now()
        with current.live.reading(principals) as view:
            asked = Asked(current.release.id, view.generation, principals, resolved.question)
            found = self._cache.find(asked) or answer(view, resolved.question)
        if not view.degraded:
            self._cache.keep(asked, found)
        id = f"ans_{secrets.token_hex(8)}"
        given = Answer(
            id, found.text, found.refused, found.citations, found.language, view.degraded, found.closest,
            found.conflicts, resolved.question if resolved.carried else "",
        )  # fmt: skip
        given = without_forgotten(given, self._forgotten.now())
        record = given.public() | {
            "citations": [asdict(citation) for citation in given.citations],
            "closest": [asdict(citation) for citation in given.closest],
            "support": found.support,
            "principals": sorted(principals),
            "generation": asked.generation,
        }
        self._state.record(given.answer_id, current.release.id, question, record)
        return self._struck(given)

    def search(
        self, question: str, principals: frozenset[str] = frozenset(), count: int = DEFAULT_COUNT
    ) -> tuple[Found, ...]:
        """The passages nearest to a question that these principals may see, best first; not recorded.

        Raises UserError for an empty or an endless question, and for a count that is not from 1 to 50.
        """
        question = checked_question(question)
        with self._now().live.reading(principals) as view:
            found = find_passages(view, question, count)
        return not_forgotten(found, self._forgotten.now())

    def _struck(self, given: Answer) -> Answer:
        """The answer; a refusal, and no word of it kept, when what it quotes was forgotten while it was being recorded."""
        hidden = without_forgotten(given, self._forgotten.now())
        if hidden is not given:
            strike_forgotten(self._state.folder)
        return hidden

    def _now(self) -> _Open:
        with self._lock:
            id = self._state.current()
            if id != self._open.release.id or not self._open.live.is_there():
                opened = self._opened(id)
                self._open.live.close()
                self._open = opened
                self._cache.clear()
            return self._open

    def _opened(self, id: str) -> _Open:
        project = load_project(self._project.folder)  # as it is now: who may see what may have changed since the start
        store = Store(project.artifacts)
        release = open_artifact(store.root / "release" / id, Release)
        parts = parts_of(store, release)
        index = parts["index"]
        assert isinstance(index, Index)
        opened = _Open(release, parts, open_live(project, index, open_store(project)))
        keep_current(project)
        return opened

    def withhold(self, answer_id: str) -> None:
        """Note in the record that a filter kept this answer from the user."""
        self._state.withhold(answer_id)

    def close(self) -> None:
        """Close the index."""
        self._open.live.close()


def checked_question(question: str) -> str:
    """A question without white space around it; raises UserError for an empty or an endless one."""
    question = question.encode(errors="replace").decode().strip()  # a lone surrogate is no text, and not recorded
    if not question:
        raise UserError("The question is empty", 'Ask in quotes: danlu ask "How do I …?"')
    if len(question) > LONGEST_QUESTION:
        raise UserError(
            "The question has {count} characters, and {limit} are the most",
            "Shorten it.",
            count=len(question),
            limit=LONGEST_QUESTION,
        )
    return question
