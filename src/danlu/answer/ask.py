"""Ask: the current release answers, and the answer is recorded under an id that leads back to its sources."""

import secrets
from dataclasses import asdict

from danlu.answer.state import State, parts_of
from danlu.core.answers import Answer
from danlu.core.artifacts import Index, Release
from danlu.core.errors import UserError
from danlu.core.project import Project
from danlu.core.store import Store, open_artifact
from danlu.model.encoder import load_encoder
from danlu.retrieve.ground import answer
from danlu.retrieve.search import Searcher

LONGEST_QUESTION = 4000
"""Characters. A question is a sentence or a paragraph; a longer text is a document."""


class ReleaseBot:
    """The bot of one release (the Bot protocol of core): holds its index open."""

    def __init__(self, project: Project) -> None:
        """Open the project's current release; raises UserError when there is none."""
        self._state = State.of(project)
        store = Store(project.artifacts)
        release = open_artifact(store.root / "release" / self._state.current(), Release)
        self.release = release
        self.parts = parts_of(store, release)
        index = self.parts["index"]
        assert isinstance(index, Index)
        self._searcher = Searcher(index.database, load_encoder(index.encoder))

    def ask(self, question: str) -> Answer:
        """Answer, record, return; raises UserError for an empty or an endless question."""
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
        found = answer(self._searcher, question)
        given = Answer(f"ans_{secrets.token_hex(8)}", found.text, found.refused, found.citations, found.language)
        record = given.public() | {
            "citations": [asdict(citation) for citation in given.citations],
            "support": found.support,
        }
        self._state.record(given.answer_id, self.release.id, question, record)
        return given

    def withhold(self, answer_id: str) -> None:
        """Note in the record that a filter kept this answer from the user."""
        self._state.withhold(answer_id)

    def close(self) -> None:
        """Close the index."""
        self._searcher.close()
