"""What synthesis makes: a conversation with the span of its document that it rests on, and the checks that it must pass."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from danlu.core.hashing import short_id
from danlu.data.families import family
from danlu.text.records import Document, Reject
from danlu.text.segment import fold, terms

VERSION = 1

_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Pair:
    """A request and its reply. `start`..`end` is the reply itself where it is verbatim, else the passage it was made from."""

    kind: str
    question: str
    answer: str
    start: int
    end: int
    verbatim: bool = True
    by: str = "rules"
    """`rules`, or the name of the model that wrote it."""
    passage: tuple[int, int] | None = None
    """Where to look for what the question is about; the document when None."""

    def id(self, doc_id: str) -> str:
        """Stable for one document."""
        return short_id(["pair", doc_id, self.kind, self.start, self.end, self.question])

    def row(self, document: Document) -> dict[str, Any]:
        """The line of the JSONL: a conversation that trains, a question that measures an index, and where both come from."""
        turns = [{"role": "user", "content": self.question}, {"role": "assistant", "content": self.answer}]
        return {
            "id": self.id(document.doc_id), "messages": turns, "kind": self.kind, "language": document.language,
            "source": document.source, "doc_id": document.doc_id, "parent": family(document), "start": self.start,
            "end": self.end, "verbatim": self.verbatim, "by": self.by, "licence": document.licence,
        }  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """Bounds that a pair must keep."""

    answer_characters: int = 400
    question_characters: int = 300
    shared_terms: float = 0.3
    """Share of the question's content words that stand in the passage or the headings above it."""


@dataclass(frozen=True)
class Rejected:
    """A pair, or a reply that held none, and why it was not kept."""

    rule: str
    value: str
    threshold: str
    kind: str
    start: int = 0
    """Where in the document it would have been."""


def check(pair: Pair, document: Document, limits: Limits) -> Reject | None:
    """Why a pair is not kept; None when it holds."""
    id, source = pair.id(document.doc_id), document.source
    if not pair.question.strip() or not pair.answer.strip():
        return Reject(id, source, "empty question or answer", "0 characters", "1 character")
    if pair.verbatim and document.text[pair.start : pair.end] != pair.answer:
        return Reject(id, source, "answer not in the document", quoted(pair.answer), "verbatim at its offsets")
    if len(pair.answer) > limits.answer_characters and pair.verbatim:
        return Reject(id, source, "answer too long", f"{len(pair.answer)} characters", f"{limits.answer_characters}")
    if len(pair.question) > limits.question_characters and pair.verbatim:
        return Reject(
            id, source, "question too long", f"{len(pair.question)} characters", f"{limits.question_characters}"
        )
    if pair.verbatim and fold(pair.answer) in fold(pair.question):
        return Reject(
            id, source, "question holds its answer", quoted(pair.answer), "an answer that is not in the question"
        )
    if pair.by != "rules" and pair.verbatim:
        share = support(pair, document)
        if share < limits.shared_terms:
            return Reject(
                id, source, "question not about its quote", f"{share:.2f} of its words", f"{limits.shared_terms}"
            )
    return None


def support(pair: Pair, document: Document) -> float:
    """Share of the question's content words that stand in the passage of its answer or in the document's title."""
    start, end = pair.passage or (pair.start, pair.end)
    asked = set(terms(pair.question))
    held = set(terms(document.text[start:end])) | set(terms(document.title))
    return len(asked & held) / len(asked) if asked else 0.0


def quoted(text: str) -> str:
    """The beginning of a text, on one line, for a reject."""
    folded = _SPACE.sub(" ", text).strip()
    return f"“{folded[:80]}”" if len(folded) <= 80 else f"“{folded[:80]}…”"


def find_quote(text: str, quote: str, start: int, end: int) -> tuple[int, int] | None:
    """Where a quote stands in `text[start:end]`, white space folded; None when it does not, or is empty."""
    pieces, gap = ([*"".join(quote.split())], r"\s*") if _is_spaceless(quote) else (quote.split(), r"\s+")
    if not pieces:
        return None
    match = re.compile(gap.join(map(re.escape, pieces))).search(text, start, end)
    return match.span() if match else None


def _is_spaceless(quote: str) -> bool:
    """Chinese lines are joined without a space, so any white space of the quote may be missing in the text."""
    return re.search("[\u4e00-\u9fff]", quote) is not None


def dumped(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
