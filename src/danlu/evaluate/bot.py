"""Evaluate a knowledge bot: retrieval by leg, citations, refusals, and the language model's likelihood.

Everything is measured on questions and pairs that were held out. Retrieval comes as an argument, so that this room does
not know how an index works.
"""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from danlu.core.answers import Citation, Grounded
from danlu.core.artifacts import Chats, Corpus, Index, Report
from danlu.core.retrieval import Retrieval
from danlu.core.stages import Config, Facts, Stage, Work
from danlu.text.records import read_rows


def evaluate_bot(retrieval: Retrieval) -> Stage[Report]:
    """The stage that measures an index and the models beside it."""
    return Stage(
        "evaluate", version=1, makes=Report, body=partial(_evaluate, retrieval), numeric=True, libraries=("numpy",)
    )


def _evaluate(
    retrieval: Retrieval, work: Work, config: Config, *, index: Index, chats: Chats, extraction: Corpus
) -> Facts:
    texts = {row["source"]: row["text"] for row in read_rows(extraction.documents, ["source", "text"])}
    asked = retrieval.held_out_questions(chats)
    answers = retrieval.answers(index, asked)
    report = {
        "retrieval_blind": retrieval.leg_tables(index, chats, blind=True),
        "retrieval_served": retrieval.leg_tables(index, chats, blind=False),
        "answers": _answer_figures(answers, texts),
        "refusal": {
            language: _refusal_figures(retrieval.answers(index, questions))
            for language, questions in retrieval.off_domain_tests().items()
        },
    }
    (work.folder / "report.json").write_text(
        json.dumps(report, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return Facts({"held-out questions": len(asked)})


def _answer_figures(answers: Sequence[Grounded], texts: dict[str, str]) -> dict[str, Any]:
    """How many held-out questions were answered, and how many of the quotes are verbatim where they say."""
    citations = [citation for answer in answers for citation in answer.citations]
    valid = sum(is_verbatim(citation, texts) for citation in citations)
    return {
        "questions": len(answers),
        "answered": sum(not answer.refused for answer in answers),
        "citations": len(citations),
        "citation_validity": round(valid / max(len(citations), 1), 4),
    }


def is_verbatim(citation: Citation, texts: dict[str, str]) -> bool:
    """Whether a citation's quote is what the extraction holds at its offsets."""
    text = texts.get(citation.source, "")
    return bool(citation.quote) and text[citation.start : citation.end] == citation.quote


def _refusal_figures(answers: Sequence[Grounded]) -> dict[str, Any]:
    refused = sum(answer.refused for answer in answers)
    return {"questions": len(answers), "refused": refused, "share": round(refused / max(len(answers), 1), 4)}
