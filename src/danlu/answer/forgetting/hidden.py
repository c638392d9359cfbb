"""The last look at an answer before it is shown: no quote of a forgotten document leaves, whatever index gave it.

The index leaves a forgotten document out by itself. This does not trust it: the list is looked up for every answer, so that an order
takes effect at once in a server that runs already, even one whose index could not be changed.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from danlu.answer.forgetting.redact_answers import redact_answers
from danlu.answer.forgetting.traces import Quotes
from danlu.core.answers import Answer, Citation
from danlu.core.forgotten import Forgotten
from danlu.retrieve.grounding.ground import REFUSALS


def without_forgotten(given: Answer, forgotten: Forgotten) -> Answer:
    """The answer itself; or a refusal in its language when it quotes what was forgotten."""
    if any(is_forgotten(citation, forgotten) for citation in (*given.citations, *given.closest)):
        return replace(
            given, answer=REFUSALS[given.language], refused=True, citations=(), closest=(), conflicts=(), written_by="",
            understood="", other_names=(),
        )  # fmt: skip
    return given


def is_forgotten(citation: Citation, forgotten: Forgotten) -> bool:
    """By its source, or by the id of the document that its passage's begins with."""
    return forgotten.find(citation.source, citation.passage_id.partition(":")[0]) is not None


def strike_forgotten(state: Path) -> None:
    """Redact every recorded answer that cites what is forgotten: for one that was recorded after its order had looked."""
    forgotten = Forgotten.of(state)

    def order_of(said: dict[str, Any]) -> int:
        found = forgotten.find(str(said.get("source", "")), str(said.get("passage_id", "")).partition(":")[0])
        return found.record if found else 0

    redact_answers(state / "answers.db", order_of, Quotes(()), 0)
