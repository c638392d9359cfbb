"""What a release says to a user: one answer, and the places in the sources that it stands on.

Offsets are half-open Unicode code points into the saved extraction of the source, so `quote` can be checked
by anyone who opens that extraction; `page` is 1-based, or None where the format has no pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

DEGRADED = "a part of the search is out of reach: less was searched than the documents hold"
"""What callers are told; why it is so names hosts and folders, and is for the owner."""


@dataclass(frozen=True)
class Citation:
    """A verbatim quote and where it stands."""

    source: str
    page: int | None
    start: int
    end: int
    quote: str
    passage_id: str
    speaks_to_models: str = ""
    """Words of the quote that speak to a language model and not to a reader; empty where none were found."""

    def public(self) -> dict[str, Any]:
        """The fields that the command line and the API promise; what does not apply is left out."""
        place = {"source": self.source, "page": self.page, "start": self.start, "end": self.end, "quote": self.quote}
        return place | ({"speaks_to_models": self.speaks_to_models} if self.speaks_to_models else {})


@dataclass(frozen=True)
class Answer:
    """One served response. A refusal has its text in `answer` and no citations."""

    answer_id: str
    answer: str
    refused: bool
    citations: tuple[Citation, ...]
    language: str
    degraded: str = ""
    """Why less was searched than the index holds, in English, for the project's owner; empty when all was."""
    closest: tuple[Citation, ...] = ()
    """Of a refusal: what came nearest, best first. It answers nothing."""
    conflicts: tuple[str, ...] = ()
    """Where two of the sources contradict each other: both sides, with the dates of their documents."""
    understood: str = ""
    """The question as it was searched for: with what it takes over from earlier ones, and misspelt words as the documents write them;
    empty where that is how it was asked."""
    written_by: str = ""
    """The part of the release that put the answer in its own words (`tuned`, `base`); empty for one that is made of quotes."""
    unwritten: str = ""
    """Why the passages are quoted though a model may write, for the project's owner; empty where there was no trouble."""
    other_names: tuple[str, ...] = ()
    """Other names that were searched for beside the question's words, as documents define them that the asker may see."""
    note: str = ""
    """Of a refusal, in its language: that documents in another language were out of the question's reach, and what helps."""

    def public(self) -> dict[str, Any]:
        """The object that `danlu ask --json` prints and that the API adds to its replies; what does not apply is left out."""
        told = {
            "closest": [citation.public() for citation in self.closest],
            "conflicts": list(self.conflicts),
            "note": self.note,
            "understood": self.understood,
            "other_names": list(self.other_names),
            "written_by": self.written_by,
            "degraded": DEGRADED if self.degraded else "",
        }
        return {
            "answer_id": self.answer_id,
            "answer": self.answer,
            "refused": self.refused,
            "citations": [citation.public() for citation in self.citations],
        } | {name: value for name, value in told.items() if value}


@dataclass(frozen=True)
class Grounded:
    """An answer with its evidence, before it is recorded under an id. A refusal has no citations."""

    text: str
    refused: bool
    citations: tuple[Citation, ...]
    language: str
    support: float
    """How well the documents support an answer: log-odds, by the refusal gate, that what was found holds it."""
    closest: tuple[Citation, ...] = ()
    """Of a refusal: what came nearest, best first. It is shown as such, and answers nothing."""
    conflicts: tuple[str, ...] = ()
    """Where two of the sources contradict each other: both sides, with the dates of their documents."""
    written_by: str = ""
    """The part of the release that put it in its own words; empty for quotes."""
    quoted: str = ""
    """Of an answer in own words: the hash of the quoted answer that it was written from."""
    understood: str = ""
    """The question with its misspelt words as the documents write them; empty where there were none."""
    other_names: tuple[str, ...] = ()
    """See Answer."""
    note: str = ""
    """See Answer."""


def asks_something(question: str) -> bool:
    """Whether a question has a letter, a digit or a character of a word in it."""
    return any(map(str.isalnum, question))


class Bot(Protocol):
    """Answers from the project's documents. `ask` may be called from several threads."""

    def ask(self, question: str, principals: frozenset[str] = frozenset(), earlier: Sequence[str] = ()) -> Answer:
        """Answer from what these principals may see, record the answer under its id, and return it.

        `earlier` are the questions asked before in the same conversation, oldest first.
        """

    def withhold(self, answer_id: str) -> None:
        """Note in the record that a filter kept this answer from the user."""
