"""What a release says to a user: one answer, and the places in the sources that it stands on.

Offsets are half-open Unicode code points into the saved extraction of the source, so `quote` can be checked
by anyone who opens that extraction; `page` is 1-based, or None where the format has no pages.
"""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Citation:
    """A verbatim quote and where it stands."""

    source: str
    page: int | None
    start: int
    end: int
    quote: str
    passage_id: str

    def public(self) -> dict[str, Any]:
        """The fields that the command line and the API promise."""
        return {"source": self.source, "page": self.page, "start": self.start, "end": self.end, "quote": self.quote}


@dataclass(frozen=True)
class Answer:
    """One served response. A refusal has its text in `answer` and no citations."""

    answer_id: str
    answer: str
    refused: bool
    citations: tuple[Citation, ...]
    language: str

    def public(self) -> dict[str, Any]:
        """The object that `danlu ask --json` prints and that the API adds to its replies."""
        return {
            "answer_id": self.answer_id,
            "answer": self.answer,
            "refused": self.refused,
            "citations": [citation.public() for citation in self.citations],
        }


@dataclass(frozen=True)
class Grounded:
    """An answer with its evidence, before it is recorded under an id. A refusal has no citations."""

    text: str
    refused: bool
    citations: tuple[Citation, ...]
    language: str
    support: float
    """How well the documents support an answer: what the refusal gate decides by."""


class Bot(Protocol):
    """Answers from the project's documents. `ask` may be called from several threads."""

    def ask(self, question: str) -> Answer:
        """Answer, record the answer under its id, and return it."""

    def withhold(self, answer_id: str) -> None:
        """Note in the record that a filter kept this answer from the user."""
