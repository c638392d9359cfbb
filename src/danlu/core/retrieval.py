"""What other rooms may ask of retrieval: the recipe hands it to them."""

from collections.abc import Sequence
from typing import Any, Protocol

from danlu.core.answers import Grounded
from danlu.core.artifacts import Chats, Index
from danlu.core.writing import Written


class Retrieval(Protocol):
    """An index, measured and asked."""

    def leg_tables(self, index: Index, chats: Chats, *, blind: bool) -> dict[str, Any]:
        """Recall and MRR at ten by language and leg, on held-out heading questions."""

    def answers(self, index: Index, questions: Sequence[str]) -> list[Grounded]:
        """What the index answers to each question."""

    def answer_ranks(self, index: Index, wanted: Sequence[tuple[str, str, str]]) -> list[dict[str, int]]:
        """Of each (question, file, piece of the answer) the rank of the first passage that holds it, by leg and `served`.

        0 beyond ten; empty where no passage holds the piece.
        """

    def stand_alone(self, question: str, earlier: Sequence[str]) -> str:
        """A question with what it takes over from the questions asked before it."""

    def extractions(self, index: Index) -> dict[str, str]:
        """The text that was extracted from each source."""

    def held_out_questions(self, chats: Chats) -> list[str]:
        """The heading questions that calibrate nothing."""

    def off_domain_tests(self) -> dict[str, list[str]]:
        """General questions by language that calibrate nothing and should be refused."""

    def writing_prompts(self, index: Index, questions: Sequence[str]) -> list[list[dict[str, Any]]]:
        """For each question the conversation that asks a model to answer it from numbered passages."""

    def held_against_passages(self, index: Index, questions: Sequence[str], said: Sequence[str]) -> list[Written]:
        """What of a model's answers stands on the passages that it was given and cites."""
