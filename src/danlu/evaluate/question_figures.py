"""What questions with known answers say of an index: shares and ranks with their 95 % intervals, by language.

Shares have Wilson's interval, mean reciprocal ranks a bootstrap over questions (danlu.text.statistics). A rank is that of the
first passage that holds the known answer, white space apart, among ten. An answer that no passage holds is counted apart and named:
it may be missing from the documents, or be written otherwise in the file of questions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from danlu.core.answers import Grounded
from danlu.core.artifacts import Index
from danlu.core.retrieval import Retrieval
from danlu.text.language import answer_language
from danlu.text.statistics import paired_interval, wilson_interval


@dataclass(frozen=True)
class Asked:
    """A question, and what is known of its answer."""

    question: str
    file: str = ""
    """The end of a source's name; empty for a question that should be refused."""
    quote: str = ""
    """A verbatim piece of the answer; empty likewise."""
    earlier: tuple[str, ...] = ()
    """Questions of the same conversation, oldest first."""
    conflict: bool = False
    """Whether two documents contradict each other on it."""
    kind: str = "refusal"
    """Of a question that should be refused: the group that it is counted in."""


@dataclass(frozen=True)
class _Given:
    """A question with what the index made of it."""

    asked: Asked
    answer: Grounded
    ranks: Mapping[str, int]
    """By leg, and `served`: 0 beyond ten; empty where no passage holds the answer, or none is known."""


def figures(retrieval: Retrieval, index: Index, rows: Sequence[Asked], seed: int) -> dict[str, Any]:
    """By language retrieval and shares; how many citations are verbatim; and the questions whose answer no passage holds."""
    alone = [retrieval.stand_alone(row.question, row.earlier) for row in rows]
    answers = retrieval.answers(index, alone)
    wanted = [(text, row.file, row.quote) for text, row in zip(alone, rows, strict=True) if row.quote]
    ranks = iter(retrieval.answer_ranks(index, wanted))
    given = [_Given(row, answer, next(ranks) if row.quote else {}) for row, answer in zip(rows, answers, strict=True)]
    languages = {row.question: answer_language(row.question) for row in rows}
    by_language = {
        language: [one for one in given if languages[one.asked.question] == language]
        for language in sorted(set(languages.values()))
    }
    return {
        "languages": {
            language: {"retrieval": _retrieval(found, seed), "shares": _shares(found)}
            for language, found in by_language.items()
        },
        "citations verbatim": _verbatim(answers, retrieval.extractions(index)),
        "held by no passage": [one.asked.question for one in given if one.asked.quote and not one.ranks],
    }


def _retrieval(given: Iterable[_Given], seed: int) -> dict[str, Any]:
    ranked = [one.ranks for one in given if one.ranks]
    return {leg: _quality(np.array([ranks[leg] for ranks in ranked]), seed) for leg in (ranked[0] if ranked else ())}


def _quality(ranks_Q: Any, seed: int) -> dict[str, Any]:
    reciprocal_Q = np.divide(1.0, ranks_Q, out=np.zeros(len(ranks_Q)), where=ranks_Q > 0)
    low, mean, high = paired_interval(reciprocal_Q, seed)
    return {
        "recall_at_10": share(int((ranks_Q > 0).sum()), len(ranks_Q)),
        "mrr_at_10": {"mean": round(mean, 4), "low": round(low, 4), "high": round(high, 4)},
    }


def _shares(given: Sequence[_Given]) -> dict[str, Any]:
    known = [one for one in given if one.asked.quote]
    found = {
        "answered": [not one.answer.refused for one in known],
        "answer quoted": [quotes(one.answer, one.asked) for one in known],
        "follow-ups: answer quoted": [quotes(one.answer, one.asked) for one in known if one.asked.earlier],
        "contradictions shown": [bool(one.answer.conflicts) for one in known if one.asked.conflict],
        "contradictions shown where none is known": [bool(one.answer.conflicts) for one in known if not one.asked.conflict],
    }  # fmt: skip
    for kind in sorted({one.asked.kind for one in given if not one.asked.quote}):
        refused = [one.answer.refused for one in given if not one.asked.quote and one.asked.kind == kind]
        found["refused" if kind == "refusal" else f"refused: {kind}"] = refused
    return {name: share(sum(values), len(values)) for name, values in found.items() if values}


def share(count: int, of: int) -> dict[str, Any]:
    """A share with its 95 % interval."""
    low, high = wilson_interval(count, of)
    return {"count": count, "of": of, "low": round(low, 4), "high": round(high, 4)}


def _verbatim(answers: Sequence[Grounded], texts: Mapping[str, str]) -> dict[str, Any]:
    cited = [citation for answer in answers for citation in (*answer.citations, *answer.closest)]
    sound = [bool(one.quote) and texts.get(one.source, "")[one.start : one.end] == one.quote for one in cited]
    return share(sum(sound), len(sound))


def quotes(answer: Grounded, asked: Asked) -> bool:
    """Whether a citation of the known file holds the known answer, white space apart.

    `file` may be the end of a source's name, since a name begins with the folder that was indexed.
    """
    wanted = "".join(asked.quote.split())
    return any(
        _same_file(citation.source, asked.file) and wanted in "".join(citation.quote.split())
        for citation in answer.citations
    )


def _same_file(source: str, file: str) -> bool:
    return f"/{source}".endswith(f"/{file}") or f"/{file}".endswith(f"/{source}")
