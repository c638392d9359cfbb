"""Search: the passages of the index for a question, with their places; for programs that make their own use of them.

Nothing is judged and nothing is recorded: a question about something else finds what is least far from it. `ask` refuses there.
"""

from dataclasses import dataclass, replace
from typing import Any

from danlu.answer.forgetting.hidden import is_forgotten
from danlu.core.answers import Citation
from danlu.core.errors import UserError
from danlu.core.forgotten import Forgotten
from danlu.retrieve.grounding.cited import open_cited
from danlu.retrieve.legs.search import DEPTH, Searcher
from danlu.retrieve.legs.spelling import spelt
from danlu.retrieve.ranking.rank import best_passages
from danlu.text.language import answer_language

DEFAULT_COUNT = 10
"""Passages: what retrieval is measured at here (recall and MRR at ten)."""
MOST_FOUND = DEPTH
"""What each leg ranks; below that the order means little."""


@dataclass(frozen=True)
class Found:
    """One passage that was found."""

    score: float
    """From 0 to 1: 1 is a passage that every leg puts first. Comparable within one search only."""
    text: str
    """The passage as it was cleaned and indexed."""
    citation: Citation
    """The same span, verbatim, in the extraction of its source."""
    headings: str
    """Those above it, outermost first, joined by ` › `."""
    language: str

    def public(self) -> dict[str, Any]:
        """The object that `danlu find --json` prints and that other programs get."""
        facts = {"score": self.score, "text": self.text, "headings": self.headings, "language": self.language}
        return facts | self.citation.public()


@dataclass(frozen=True)
class Searched:
    """What one search gave."""

    passages: tuple[Found, ...]
    """Best first."""
    degraded: str = ""
    """Why less was searched than the index holds, in English, for the project's owner; empty when all was."""
    understood: str = ""
    """The question with its misspelt words as the documents write them; empty where there were none."""
    other_names: tuple[str, ...] = ()
    """Other names that were searched for beside the question's words, as documents define them that the asker may see."""

    def without(self, forgotten: Forgotten) -> "Searched":
        """The last look before anything is shown, as an answer gets it: whatever the index gave, nothing that is forgotten leaves."""
        left = tuple(one for one in self.passages if not is_forgotten(one.citation, forgotten))
        if len(left) == len(self.passages):
            return self
        return replace(self, passages=left, understood="", other_names=())  # they may be words of what was forgotten


def find_passages(view: Searcher, question: str, count: int = DEFAULT_COUNT) -> Searched:
    """The best passages for a question, best first; fewer where fewer have anything of it.

    Raises UserError for a count that is not from 1 to 50.
    """
    if not 1 <= count <= MOST_FOUND:
        raise UserError("{count} passages cannot be asked for", "Expected 1 to {most}.", count=count, most=MOST_FOUND)
    asked = spelt(view, question)
    hits = best_passages(view, asked.question, answer_language(question), count)
    cited = {doc_id: open_cited(view, doc_id) for doc_id in {hit.doc_id for hit in hits}}
    found = (
        Found(hit.score, hit.text, cited[hit.doc_id].cite(hit, hit.start, hit.end), hit.headings, hit.language)
        for hit in hits
    )
    understood, others = asked.question if asked.changed else "", tuple(view.other_names(asked.question))
    return Searched(tuple(found), view.degraded, understood, others)
